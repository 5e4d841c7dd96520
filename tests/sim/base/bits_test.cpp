#include "sim/base/bits.h"

#include <gtest/gtest.h>

#include "tests/support/property.h"

namespace spikeloom {
namespace {

TEST(BitsUnit, FieldsCrossWordBorders) {
  uint64_t words[2] = {0, 0};
  put_bits(words, 60, 8, 0xa5);
  EXPECT_EQ(get_bits(words, 60, 8), 0xa5u);
  EXPECT_EQ(words[0] >> 60, 0x5u);
  EXPECT_EQ(words[1], 0xau);
}

TEST(BitsUnit, PutIgnoresBitsAboveTheField) {
  uint64_t word = 0;
  put_bits(&word, 3, 2, ~uint64_t{0});
  EXPECT_EQ(word, 0b11000u);
}

TEST(BitsUnit, WholeWordsAreFieldsToo) {
  uint64_t words[2] = {0, 0};
  put_bits(words, 0, 64, ~uint64_t{0});
  EXPECT_EQ(get_bits(words, 0, 64), ~uint64_t{0});
  EXPECT_EQ(words[1], 0u);
}

RC_GTEST_PROP(BitsUnit, NeighbouringFieldsReadBackAsWritten, ()) {
  uint64_t words[4] = {};
  const int first = any_in(1, 65), second = any_in(1, 65), at = any_in(0, 100);
  const auto a = *rc::gen::arbitrary<uint64_t>(), b = *rc::gen::arbitrary<uint64_t>();
  put_bits(words, at, first, a);
  put_bits(words, at + first, second, b);
  RC_ASSERT(get_bits(words, at, first) == (first == 64 ? a : a % (uint64_t{1} << first)));
  RC_ASSERT(get_bits(words, at + first, second) == (second == 64 ? b : b % (uint64_t{1} << second)));
}

TEST(BitsUnit, SignExtendIsTwosComplement) {
  EXPECT_EQ(sign_extend(0b0111, 4), 7);
  EXPECT_EQ(sign_extend(0b1000, 4), -8);
  EXPECT_EQ(sign_extend(0b1111, 4), -1);
  EXPECT_EQ(sign_extend(0xff7, 4), 7);
  EXPECT_EQ(sign_extend(1, 1), -1);
  EXPECT_EQ(sign_extend(uint64_t{1} << 63, 64), INT64_MIN);
}

TEST(BitsUnit, CeilLog2IsTheAddressWidth) {
  EXPECT_EQ(ceil_log2(1), 0);
  EXPECT_EQ(ceil_log2(2), 1);
  EXPECT_EQ(ceil_log2(3), 2);
  EXPECT_EQ(ceil_log2(1024), 10);
  EXPECT_EQ(ceil_log2(1025), 11);
}

TEST(BitsUnit, CeilDivRoundsUp) {
  EXPECT_EQ(ceil_div(0, 8), 0u);
  EXPECT_EQ(ceil_div(8, 8), 1u);
  EXPECT_EQ(ceil_div(9, 8), 2u);
}

TEST(BitsUnit, RegisterBitsHoldBothSigns) {
  EXPECT_EQ(register_bits(0), 1);
  EXPECT_EQ(register_bits(1), 2);
  EXPECT_EQ(register_bits(7), 4);
  EXPECT_EQ(register_bits(8), 5);  // 4 bits end at +7
}

}  // namespace
}  // namespace spikeloom
