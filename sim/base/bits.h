// Bit fields in arrays of 64-bit words, least significant bit first: what a flit carries.
#pragma once

#include <cassert>
#include <cstdint>

namespace spikeloom {

// Smallest b with 2^b >= n: the address bits of a memory of n words (0 for n = 1).
constexpr int ceil_log2(uint64_t n) {
  int bits = 0;
  while ((uint64_t{1} << bits) < n) ++bits;
  return bits;
}

constexpr uint64_t ceil_div(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

constexpr uint64_t low_mask(int bits) { return bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

// Writes the low `bits` (1..64) of value at bit position `at`. The target bits must be zero.
inline void put_bits(uint64_t* words, uint64_t at, int bits, uint64_t value) {
  const uint64_t v = value & low_mask(bits);
  const int shift = at & 63;
  words[at >> 6] |= v << shift;
  if (shift + bits > 64) words[(at >> 6) + 1] |= v >> (64 - shift);
}

// Reads `bits` (1..64) at bit position `at`.
inline uint64_t get_bits(const uint64_t* words, uint64_t at, int bits) {
  const int shift = at & 63;
  uint64_t v = words[at >> 6] >> shift;
  if (shift + bits > 64) v |= words[(at >> 6) + 1] << (64 - shift);
  return v & low_mask(bits);
}

// Sign-extends the low `bits` of v (two's complement).
inline int64_t sign_extend(uint64_t v, int bits) {
  const uint64_t sign = uint64_t{1} << (bits - 1);
  return static_cast<int64_t>((v & low_mask(bits)) ^ sign) - static_cast<int64_t>(sign);
}

// Bits of the smallest two's complement register that holds -magnitude .. +magnitude.
constexpr int register_bits(uint64_t magnitude) { return ceil_log2(magnitude + 1) + 1; }

}  // namespace spikeloom
