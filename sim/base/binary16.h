// IEEE 754 binary16 as files hold it: little-endian, 1 sign bit, 5 of exponent, 10 of fraction.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace spikeloom {

inline bool binary16_is_finite(const uint8_t* bytes) { return (bytes[1] & 0x7c) != 0x7c; }

// A finite binary16 as binary32, exact.
inline float from_binary16(uint16_t bits) {
  const uint32_t fields = bits & 0x7fffu;
  float magnitude;
  if (fields < 0x400) {  // subnormal
    magnitude = float(fields) * 0x1p-24f;
  } else {
    const uint32_t word = (fields << 13) + 0x38000000u;  // exponents are biased by 15 and by 127
    std::memcpy(&magnitude, &word, sizeof magnitude);
  }
  return bits >> 15 ? -magnitude : magnitude;
}

inline float binary16_at(const uint8_t* bytes) { return from_binary16(uint16_t(bytes[0] | bytes[1] << 8)); }

// The nearest binary16, ties to even; beyond the largest finite one that one. `x` is a number.
inline uint16_t to_binary16(float x) {
  uint32_t word;
  std::memcpy(&word, &x, sizeof word);
  const uint16_t sign = uint16_t(word >> 16 & 0x8000u);
  word &= 0x7fffffffu;
  if (word >= 0x477ff000u) return sign | 0x7bffu;  // from half a unit above 65504 on
  if (word >= 0x38800000u) return uint16_t(sign | (word + 0xfff + (word >> 13 & 1) - 0x38000000u) >> 13);
  float below;  // 2^-14: one half has units of 2^-24, those of a subnormal
  std::memcpy(&below, &word, sizeof below);
  below += 0.5f;
  std::memcpy(&word, &below, sizeof word);
  return uint16_t(sign | (word - 0x3f000000u));
}

}  // namespace spikeloom
