// What `spikeloom check` says about the registers that operations need.
#pragma once

#include <string>

#include "hw/chip/chip_spec.h"
#include "sim/base/trace.h"

namespace spikeloom {

// Collects the widest of each register over some operations of a layer, as a chip's datapath has them.
class RegisterWidths {
 public:
  explicit RegisterWidths(const ChipSpec& spec) : spec_(spec) {}
  void add(const LayerTrace& layer, const OperationTrace& operation);
  // "needs membranes of 21 bits, ..."; empty where the datapath has no such registers.
  std::string text() const;

 private:
  const ChipSpec& spec_;
  bool fires_ = false;
  int sum_bits_ = 0, membrane_bits_ = 0, threshold_bits_ = 0, residue_bits_ = 0;
};

}  // namespace spikeloom
