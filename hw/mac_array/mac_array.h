// MAC array: multiplies the codes of a window, in index order, with the weight rows of a tile and accumulates.
//
//     codes_in[s] --> [ mixed-precision buffer ] --> [ multipliers | trees | accumulators ] --> neurons_out
//                                                        (code_array.h, weight_array.h)
//
// With trees of width w, w rows of the window share the multipliers: a row of the SRAM holds w inputs of lanes / w
// outputs. Width 1 is outer-product lanes. One cycle multiplies codes of one exponent (normal; salient; a digit), so
// that one shift behind the tree serves all; the cycles of a token follow each other while the row is latched.
//
// Timing   a row a cycle, for each token and exponent (bit-serial: and bit of a magnitude) one; zero_gating says what
//          codes of 0 take. Accumulators per exponent add one cycle for each at a window's (with scales: a group's)
//          end; there groups wait while the one before is dequantized. latency_cycles from the row to the accumulators.
// Energy   WeightRowRead, TernaryUnpackByte, RowLatchWriteBit; MultiplyBit or SerialAndBit, TreeAddBit, ProductShiftBit
// and the
//          accumulators' bits, at every cycle, for the outputs in use.
// Config   MacArraySpec, section tile.mac_array; SRAM and latency from tile.synapse_array; buffer from encoder.
// Differs  codes are latched, and their signs and exponents steer, for free (DEVIATIONS 43); weights of few bits (54).
#pragma once

#include <vector>

#include "hw/code_array/code_array.h"
#include "hw/mac_array/product_group.h"

namespace spikeloom {

class MacArray : public CodeArray {
 public:
  // shared_bits: of a shared accumulator. dequantizer_lanes: outputs that are dequantized a cycle where sums are.
  MacArray(const sc_core::sc_module_name& name, Clock& clock, const MacArraySpec& spec, const SynapseArraySpec& sram,
           int shared_bits, int dequantizer_lanes, const MixedPrecisionBufferSpec& buffer, const LayerContext& context,
           int tile, EnergyLedger& ledger);

 private:
  void list_rows() override;
  bool issue_group() override;
  bool end_window() override;
  void add_row(int place, const Row& row, int slot);
  void charge_read(Cycle at, int row, int rows, int outputs);
  void charge_cycle(Cycle at, const ProductCycle& cycle, int width, int outputs, bool first);
  Cycle merging_cycles() const;
  // The sums of the group go to the dequantizer; false while it works on those of the group before.
  bool begin_dequantizing();

  MacArraySpec mac_;
  int accumulator_bits_, dequantizer_lanes_;
  EnergyCounter &multiply_, &serial_and_, &tree_add_, &accumulator_add_, &product_shift_, &accumulator_read_,
      &accumulator_write_;
  std::vector<ProductGroup> groups_;               // [slot]
  std::vector<std::vector<ProductCycle>> cycles_;  // [slot]
  std::vector<uint32_t> active_;                   // [slot]: exponents that the window, or group of scales, has met
  Cycle dequantized_ = 0;                          // when the dequantizer is done with what it was given
};

}  // namespace spikeloom
