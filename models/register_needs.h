// Two's complement bits that every register needs for an operation, proven from its weights and the ranges that the
// trace states: no slope at any step, no final membrane, residue or shifted threshold overflows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/base/bits.h"

namespace spikeloom {

struct RegisterNeeds {
  int slope_bits = 0, membrane_bits = 0, threshold_bits = 0, residue_bits = 0;
};

// Collects the largest magnitude that each register can hold.
class RegisterBounds {
 public:
  void slope(uint64_t magnitude) { slope_ = std::max(slope_, magnitude); }
  // A neuron whose membrane reaches `magnitude`.
  void neuron(uint64_t magnitude, int64_t theta, int F, int output_bits) {
    membrane_ = std::max(membrane_, magnitude);
    theta_ = std::max<uint64_t>(theta_, theta);
    const uint64_t scaled = magnitude < kTooLarge >> F ? magnitude << F : kTooLarge;
    const uint64_t R = scaled + (theta >> 1) + (theta << (output_bits - 1));
    residue_ = std::max(residue_, std::min(R, kTooLarge));
  }
  RegisterNeeds bits() const {
    return {register_bits(slope_), register_bits(membrane_), ceil_log2(theta_ + 1), register_bits(residue_)};
  }

 private:
  static constexpr uint64_t kTooLarge = uint64_t{1} << 62;  // stands for any residue that no register can hold
  uint64_t slope_ = 0, membrane_ = 0, theta_ = 0, residue_ = 0;
};

}  // namespace spikeloom
