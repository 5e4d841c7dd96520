// Firing: from a membrane to an output code, by comparing and subtracting only.
// o = clamp(floor((V * 2^F + floor(theta/2)) / theta), -2^(B-1), 2^(B-1) - 1)
#pragma once

#include <cstdint>

namespace spikeloom {

enum class FiringPolicy { kRadix, kUnary };

// R = (V << F) + (theta >> 1) + (theta << (B-1)): the residue that firing subtracts from.
inline int64_t residue(int64_t membrane, int64_t theta, int F, int output_bits) {
  return membrane * (int64_t{1} << F) + (theta >> 1) + (theta << (output_bits - 1));
}

// One output bit per step from the highest: B compare-subtract steps.
inline int fire_radix(int64_t R, int64_t theta, int output_bits) {
  int bits = 0;
  for (int j = output_bits - 1; j >= 0; --j) {
    if (R >= theta << j) {
      R -= theta << j;
      bits |= 1 << j;
    }
  }
  return bits - (1 << (output_bits - 1));
}

// One spike per subtraction of theta, up to 2^B - 1 spikes. `steps` gets the subtractions made.
inline int fire_unary(int64_t R, int64_t theta, int output_bits, int* steps) {
  const int most = (1 << output_bits) - 1;
  int spikes = 0;
  while (spikes < most && R >= theta) {
    R -= theta;
    ++spikes;
  }
  *steps = spikes;
  return spikes - (1 << (output_bits - 1));
}

}  // namespace spikeloom
