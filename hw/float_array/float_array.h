// Float array: multiplies binary16 operands, in index order, with those of weight rows and sums in binary32.
//
//     codes_in[s] --> [ mixed-precision buffer ] --> [ (dequantize) | multipliers ] --> neurons_out
//                                                        (code_array.h, weight_array.h)
//
// Operands are binary16 values, or integers that are dequantized to binary16 first: a weight when its row is read, for
// every lane, a code once in every tile. The sums lie behind neurons_out (hw/dequantizer).
//
// Timing   one product a cycle, lane and token. The rows of an input (of binary16 four, of 8-bit weights two) lie in
//          different banks and are read at once, as far as half the SRAM has banks; of banks that the halves share,
//          rows that do lie in one bank are read one after another. zero_gating says what zeros take.
// Energy   WeightRowRead and RowLatchWriteBit of every row; HalfMultiply and FloatAccumulate per lane in use; the sums'
//          AccumulatorReadBit and -WriteBit; of integers ConvertBit, DequantizeMultiply, ScaleReadBit.
// Config   MacArraySpec (lanes, parallel, shared), section tile.mac_array; SRAM and latency from tile.synapse_array.
// Differs  a binary32 addition takes one cycle (DEVIATIONS 47).
#pragma once

#include <vector>

#include "hw/code_array/code_array.h"
#include "hw/mac_array/mac_array_spec.h"

namespace spikeloom {

class FloatArray : public CodeArray {
 public:
  FloatArray(const sc_core::sc_module_name& name, Clock& clock, const MacArraySpec& spec, const SynapseArraySpec& sram,
             const MixedPrecisionBufferSpec& buffer, const LayerContext& context, int tile, EnergyLedger& ledger);

 private:
  void list_rows() override;
  bool issue_group() override;
  bool end_window() override;
  // The operand of an input for one token: binary16 bits.
  uint16_t operand(const Row& row, int slot) const;
  void push_products(const Row& row, int slot, uint16_t half);
  // The rows of an input: how many there are, and the i-th one.
  int weight_rows(int k) const { return input_->is_wide(k) ? 2 : input_->planes; }
  int weight_row(int k, int i) const { return i > 0 && input_->is_wide(k) ? slice().wide_row(k) : slice().row(k) + i; }
  // Reads them from this cycle on; returns the cycles that it takes.
  Cycle read_rows(int k);
  void charge_row(int k);
  void charge_products(Cycle at, int slot);

  ZeroGating zero_gating_;
  EnergyCounter &multiply_, &accumulate_, &accumulator_read_, &accumulator_write_, &convert_, &scale_multiply_,
      &scale_read_;
  std::vector<bool> summing_;  // [slot]: a product of the batch has been added
};

}  // namespace spikeloom
