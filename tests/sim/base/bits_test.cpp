#include <gtest/gtest.h>

#include "sim/base/bits.h"

namespace spikeloom {
namespace {

TEST(BitsUnit, FieldsCrossWordBorders) {
  uint64_t words[2] = {0, 0};
  put_bits(words, 60, 8, 0xa5);
  EXPECT_EQ(get_bits(words, 60, 8), 0xa5u);
  EXPECT_EQ(words[0] >> 60, 0x5u);
  EXPECT_EQ(words[1], 0xau);
}

}  // namespace
}  // namespace spikeloom
