// The products of a few weight rows, at most as many as a tree sums, with one token's codes: which multipliers work
// in which cycle.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "hw/mac_array/mac_array_spec.h"
#include "models/activation_code.h"

namespace spikeloom {

// One cycle of a tree: the multipliers whose code (bit-serial: whose bit) is not 0. All products of a cycle have one
// exponent, so that a shift behind the tree serves them.
struct ProductCycle {
  uint64_t working = 0;
  uint8_t slope = 0;  // exponent, as slope registers are numbered
};

class ProductGroup {
 public:
  // Forgets the codes of the group before.
  void start() { slopes_ = 0; }
  // The code of multiplier `place` has this magnitude, 1 or more, for an exponent.
  void add(int place, int slope, int magnitude);
  // Exponents in use, one bit each.
  uint32_t slopes() const { return slopes_; }
  // The cycles that the group takes, `magnitude_bits` being those of the widest code.
  void list_cycles(const MacArraySpec& spec, int magnitude_bits, std::vector<ProductCycle>* cycles) const;

 private:
  static constexpr int kMostBits = 5;
  uint32_t slopes_ = 0;
  // [slope][bit] multipliers whose magnitude has this bit
  std::array<std::array<uint64_t, kMostBits>, kMostSlopes> bits_;
};

// Bits of all adders of a tree of `width` inputs of `input_bits` that have work: an adder of level l, from 1 on, is
// input_bits + l wide and works when one of the products below it is there.
uint64_t tree_adder_bits(int width, int input_bits, uint64_t working);

}  // namespace spikeloom
