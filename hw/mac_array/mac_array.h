// MAC array: multiplies the codes of a window, in index order, with the weight rows of a tile and accumulates.
//
//     codes_in[s] --> [ mixed-precision buffer ] --> [ multipliers | trees | accumulators ] --> neurons_out
//     weights_in  --> [ row assembly ] ------------> [ weight SRAM ]                            (weight_array.h)
//
// With trees of width w, w rows of the window share the multipliers: a row of the SRAM holds w inputs of lanes / w
// outputs. Width 1 is outer-product lanes. One cycle multiplies codes of one exponent (normal; salient; a digit), so
// that one shift behind the tree serves all; the cycles of a token follow each other while the row is latched.
//
// Timing   a flit of codes a cycle into the buffer, which holds two windows. A row a cycle, for each token and exponent
//          (bit-serial: and bit of a magnitude) one; zero_gating says what codes of 0 take. Accumulators per exponent
//          add one cycle for each at a window's end. latency_cycles from the row to the accumulators.
// Energy   ActivationMain- and -SideWrite/Read; WeightRowRead, RowLatchWriteBit; MultiplyBit or SerialAndBit,
// TreeAddBit,
//          ProductShiftBit and the accumulators' bits, at every cycle, for the outputs in use.
// Config   MacArraySpec, section tile.mac_array; SRAM and latency from tile.synapse_array; buffer from encoder.
// Differs  codes are latched, and their signs and exponents steer, for free (DEVIATIONS 43).
#pragma once

#include <deque>
#include <vector>

#include "hw/mac_array/product_group.h"
#include "hw/mixed_precision_buffer/code_collector.h"
#include "hw/neuron_array/neuron_spec.h"
#include "hw/weight_array/weight_array.h"

namespace spikeloom {

class MacArray : public WeightArray {
 public:
  sc_core::sc_vector<FifoIn<Flit>> codes_in;  // [source]

  MacArray(const sc_core::sc_module_name& name, Clock& clock, const MacArraySpec& spec, const SynapseArraySpec& sram,
           const NeuronArraySpec& neurons, const MixedPrecisionBufferSpec& buffer, const LayerContext& context,
           int tile, EnergyLedger& ledger);

  uint64_t products() const override { return products_; }

 private:
  // A row of the window under way: an input's, or the `hi` row of a wide input.
  struct Row {
    int input;  // counted from the window's first
    int row;    // of the slice
    bool high;
  };
  void issue() override;
  void take_codes();
  bool start_window();
  void list_rows();
  // Issues the next group of rows; false while there is no room for what it says to the neurons.
  bool issue_group();
  void add_row(int place, const Row& row, int slot);
  void charge_read(Cycle at, int rows, int outputs);
  void charge_cycle(Cycle at, const ProductCycle& cycle, int width, int outputs, bool first);
  // Hands products on to the neurons; false while there is no room.
  bool hand_on();
  // Once all products are under way, or with accumulators per exponent have been issued; false until then.
  bool end_window();
  // Cycles until what has been issued so far is.
  Cycle issued_after() const { return issue_free_ > now() ? issue_free_ - now() - 1 : 0; }
  int accumulator_bits() const;

  MacArraySpec mac_;
  NeuronArraySpec neurons_;
  MixedPrecisionBuffer buffer_;
  EnergyCounter &multiply_, &serial_and_, &tree_add_, &accumulator_add_, &product_shift_, &accumulator_read_,
      &accumulator_write_;
  CodeCollector collector_;
  std::deque<CollectedWindow> collected_;  // at most one beside the one under way
  Cycle collected_from_ = 0;               // when its last flit is in the buffer

  CollectedWindow codes_;  // of the window under way
  CodeFormat format_{};
  const InputTrace* input_ = nullptr;
  int first_input_ = 0;
  WindowShifts shifts_;
  size_t window_ = 0;  // of the item's slice
  bool window_started_ = false;
  std::vector<Row> rows_;
  size_t next_row_ = 0;
  std::vector<ProductGroup> groups_;       // [slot]
  std::vector<ProductCycle> cycles_;       // of one token
  std::vector<WeightedRow> products_out_;  // not handed on yet
  std::vector<uint32_t> active_;           // [slot]: exponents that the window has met
  uint64_t products_ = 0;
};

}  // namespace spikeloom
