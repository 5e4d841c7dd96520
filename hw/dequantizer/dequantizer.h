// Dequantizer: sums of products in integers become binary32 sums y, group by group; or y is summed in binary32 itself.
//
//     commands_in --> [ accumulators ] --> [ convert | scale | add ] --> [ y (2 sets) ] --> outputs_out, partials_out
//     parameters_in --> scales, column sums (2 sets)                                        (output_array.h)
//
// A group's sums are converted when it ends, in the order of the groups; of an input of one group when the batch is
// complete, after partial sums of other tiles. Products of binary16 operands (hw/float_array) are added as they come.
// Messages carry y as binary16; LayerResult has the y itself.
//
// Timing   lanes sums a cycle, latency_cycles from the last one to its y; meanwhile the next group is multiplied.
// Energy   ConvertBit, DequantizeMultiply (two), DequantizeAdd, ScaleReadBit per sum; with zero points MultiplyBit and
//          AccumulatorAddBit; the accumulators' and the y's bits; ScaleWriteBit as scales and column sums come.
// Config   DequantizerSpec, section tile.dequantizer; accumulator_bits of tile.mac_array.
// Differs  scales have the trace's 32 bits (DEVIATIONS 46); rounding to binary16 is free (48).
#pragma once

#include <array>
#include <vector>

#include "hw/dequantizer/dequantizer_spec.h"
#include "hw/global_buffer/layer_result.h"
#include "hw/neuron_array/slope_bank.h"
#include "hw/output_array/output_array.h"

namespace spikeloom {

class Dequantizer : public OutputArray {
 public:
  // sum_bits: of an accumulator. merges: there is one for each exponent.
  Dequantizer(const sc_core::sc_module_name& name, Clock& clock, const DequantizerSpec& spec, int lanes, int sum_bits,
              bool merges, const LayerContext& context, const Topology& topology, int tile, LayerResult* result,
              EnergyLedger& ledger);

 private:
  void load_parameters(int pass, const uint64_t* bits) override;
  void start_batch() override;
  void take_command(const NeuronCommand& command) override;
  int partial_bits() const override { return sum_bits_; }
  void charge_partials(uint64_t outputs, bool added) override;
  Cycle fire() override;
  void add_products(const NeuronCommand& command);
  // Weights of the operand whose first row is rows[0], into weights_.
  void read_weights(const WeightedRow* rows, int count);
  void end_group();
  // Adds up a token's accumulators of all exponents; returns the cycles.
  Cycle merge(OutputSet* set, int slot);
  // y += the sums of a token in a group, of `outputs` outputs.
  void dequantize(const OutputSet& set, int slot, int group, int outputs);
  void charge_dequantizing(const InputTrace& input, int group, uint64_t outputs);
  Cycle dequantizing_cycles(int outputs) const;

  const InputTrace& input(int pass_index) const { return context_.layer->inputs[pass(pass_index).input]; }
  const OperationTrace& operation(int pass_index) const {
    return context_.layer->operations[work(pass_index).operation];
  }
  float* y(const OutputSet& set, int slot) { return &y_[&set - sets_.data()][size_t(slot) * lanes_]; }

  DequantizerSpec spec_;
  int lanes_, sum_bits_;
  bool merges_;
  LayerResult* result_;
  EnergyCounter &accumulator_read_, &accumulator_write_, &accumulator_add_, &product_shift_, &multiply_, &convert_,
      &scale_multiply_, &add_, &scale_read_, &scale_write_;
  std::array<std::vector<int64_t>, 2> column_sums_;  // by pass count of this tile: [output][group]
  SlopeBank bank_;
  std::array<std::vector<float>, 2> y_;  // by set: [slot][output]
  int group_ = 0;
  std::vector<float> weights_;            // [output]
  const uint8_t* weights_row_ = nullptr;  // that they were read from
};

}  // namespace spikeloom
