// binary16 against arithmetic on its definition: the nearest multiple of a unit, ties to the even one.
#include "sim/base/binary16.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace spikeloom {
namespace {

// Units of 2^-24 below 2^-14, then 2^(e-10) from 2^e on.
float nearest(float x) {
  const int e = std::max(-14, x == 0 ? -14 : std::ilogb(x));
  const double unit = std::ldexp(1.0, e - 10), rounded = std::nearbyint(double(x) / unit) * unit;
  return float(std::clamp(rounded, -65504.0, 65504.0));
}

TEST(Binary16Unit, EveryFiniteValueSurvivesTheWayThroughBinary32) {
  for (int bits = 0; bits < 1 << 16; ++bits)
    if ((bits >> 10 & 31) != 31) {
      EXPECT_EQ(to_binary16(from_binary16(uint16_t(bits))), bits);
    }
}

TEST(Binary16Unit, AnyNumberRoundsToTheNearestTiesToEven) {
  std::mt19937 random(1);
  for (int i = 0; i < 300000; ++i) {
    const float x = std::ldexp(float(int(random() >> 8)) - float(1 << 23), int(random() % 50) - 50);
    EXPECT_EQ(from_binary16(to_binary16(x)), nearest(x)) << x;
  }
  for (int bits = 0; bits < 0x7bff; ++bits) {  // halfway between neighbours
    const float low = from_binary16(uint16_t(bits)), high = from_binary16(uint16_t(bits + 1));
    EXPECT_EQ(to_binary16(-(low + high) / 2), 0x8000 | (bits + (bits & 1)));
  }
}

TEST(Binary16Unit, LargeNumbersSaturate) {
  EXPECT_EQ(to_binary16(65519.99f), 0x7bff);
  EXPECT_EQ(to_binary16(65520.0f), 0x7bff);
  EXPECT_EQ(to_binary16(-3e38f), 0xfbff);
}

}  // namespace
}  // namespace spikeloom
