#include "models/firing.h"

#include <gtest/gtest.h>

#include "tests/support/property.h"

namespace spikeloom {
namespace {

// o = clamp(floor((V * 2^F + floor(theta/2)) / theta), -2^(B-1), 2^(B-1) - 1), in 128 bits.
int closed_formula(int64_t V, int64_t theta, int F, int B) {
  const __int128 numerator = static_cast<__int128>(V) * (int64_t{1} << F) + theta / 2;
  __int128 quotient = numerator / theta;
  if (numerator % theta < 0) --quotient;
  const __int128 limit = int64_t{1} << (B - 1);
  if (quotient < -limit) return static_cast<int>(-limit);
  return static_cast<int>(quotient > limit - 1 ? limit - 1 : quotient);
}

int radix(int64_t V, int64_t theta, int F, int B) { return fire_radix(residue(V, theta, F, B), theta, B); }
int unary(int64_t V, int64_t theta, int F, int B) {
  int steps = 0;
  return fire_unary(residue(V, theta, F, B), theta, B, &steps);
}

TEST(FiringUnit, HalfwayRoundsUpAndOneBelowRoundsDown) {
  // theta 1024, F 0: V = 512 is exactly one half, V = -512 exactly minus one half.
  EXPECT_EQ(radix(512, 1024, 0, 8), 1);
  EXPECT_EQ(radix(511, 1024, 0, 8), 0);
  EXPECT_EQ(radix(-512, 1024, 0, 8), 0);
  EXPECT_EQ(radix(-513, 1024, 0, 8), -1);
  // theta 1025 is odd: floor(theta/2) = 512.
  EXPECT_EQ(radix(513, 1025, 0, 8), 1);
  EXPECT_EQ(radix(512, 1025, 0, 8), 0);
}

TEST(FiringUnit, BothEndsSaturate) {
  const int64_t theta = 1024, far = int64_t{1} << 40;
  for (const int B : {2, 8, 12, 16}) {
    const int largest = (1 << (B - 1)) - 1, smallest = -(1 << (B - 1));
    EXPECT_EQ(radix(theta * largest, theta, 0, B), largest);
    EXPECT_EQ(radix(theta * (largest + 1), theta, 0, B), largest);
    EXPECT_EQ(radix(far, theta, 0, B), largest);
    EXPECT_EQ(radix(theta * smallest, theta, 0, B), smallest);
    EXPECT_EQ(radix(theta * (smallest - 1), theta, 0, B), smallest);
    EXPECT_EQ(radix(-far, theta, 0, B), smallest);
    EXPECT_EQ(unary(far, theta, 0, B), largest);
    EXPECT_EQ(unary(-far, theta, 0, B), smallest);
  }
}

TEST(FiringUnit, UnarySubtractsOncePerStepAboveTheSmallestCode) {
  int steps = -1;
  fire_unary(residue(5 * 1024, 1024, 0, 8), 1024, 8, &steps);
  EXPECT_EQ(steps, 128 + 5);
  fire_unary(-1, 1024, 8, &steps);
  EXPECT_EQ(steps, 0);
  fire_unary(int64_t{1} << 40, 1024, 8, &steps);
  EXPECT_EQ(steps, 255);
}

RC_GTEST_PROP(FiringUnit, RadixAndUnaryEqualTheClosedFormula, ()) {
  const int B = any_in(2, 17), F = any_in(0, 13);
  const int64_t theta = any_in<int64_t>(1024, 1 << 20);
  // Up to twice the range of codes, so that about half the cases saturate.
  const int64_t span = (theta << B) >> F;
  const int64_t V = any_in<int64_t>(-span, span + 1);
  RC_ASSERT(radix(V, theta, F, B) == closed_formula(V, theta, F, B));
  RC_ASSERT(unary(V, theta, F, B) == closed_formula(V, theta, F, B));
}

RC_GTEST_PROP(FiringUnit, CodesChangeExactlyAtTheirThreshold, ()) {
  const int B = any_in(2, 17), F = any_in(0, 13);
  const int64_t theta = any_in<int64_t>(1024, 1 << 20);
  const int64_t limit = int64_t{1} << (B - 1);
  const int64_t code = any_in<int64_t>(1 - limit, limit);
  // The smallest V with code * theta <= V * 2^F + theta/2.
  const int64_t least = (code * theta - theta / 2 + ((code * theta - theta / 2) > 0 ? (1 << F) - 1 : 0)) / (1 << F);
  RC_ASSERT(radix(least, theta, F, B) >= code);
  RC_ASSERT(radix(least - 1, theta, F, B) < code);
}

}  // namespace
}  // namespace spikeloom
