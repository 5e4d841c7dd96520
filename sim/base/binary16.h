// IEEE 754 binary16 as files hold it: little-endian, 1 sign bit, 5 of exponent, 10 of fraction.
#pragma once

#include <cmath>
#include <cstdint>

namespace spikeloom {

inline bool binary16_is_finite(const uint8_t* bytes) { return (bytes[1] & 0x7c) != 0x7c; }

// The finite binary16 at `bytes` as binary32, exact.
inline float binary16_at(const uint8_t* bytes) {
  const int bits = bytes[0] | bytes[1] << 8;
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const float magnitude =
      exponent == 0 ? std::ldexp(float(fraction), -24) : std::ldexp(float(1024 + fraction), exponent - 25);
  return bits >> 15 ? -magnitude : magnitude;
}

}  // namespace spikeloom
