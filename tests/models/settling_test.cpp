#include "models/settling.h"

#include <gtest/gtest.h>

namespace spikeloom {
namespace {

// Two neurons, blocks of 4 steps. First 2 and 4 spikes: rates 1/2 and 1. Then 2 and 3: 4/8 and 7/8, changes 0 and 1/8.
// Then 4 and 4: 8/12 and 11/12, changes 1/6 and 1/24.
TEST(SettlingUnit, TheMeanChangeOfRatesIsTheOneByHand) {
  Settling settling(2, 4, 0);
  settling.add_block({2, 4});
  EXPECT_DOUBLE_EQ(settling.change(), 1);
  settling.add_block({2, 3});
  EXPECT_DOUBLE_EQ(settling.change(), 1.0 / 16);
  settling.add_block({4, 4});
  EXPECT_DOUBLE_EQ(settling.change(), (1.0 / 6 + 1.0 / 24) / 2);
}

TEST(SettlingUnit, AChangeOfTheLimitHasSettledAndOneMoreHasNot) {
  Settling at(2, 4, 1.0 / 16), below(2, 4, 1.0 / 16 - 1.0 / 65536);
  for (Settling* settling : {&at, &below}) EXPECT_FALSE(settling->add_block({2, 4}));
  EXPECT_TRUE(at.add_block({2, 3}));
  EXPECT_FALSE(below.add_block({2, 3}));
}

TEST(SettlingUnit, TheFirstBlockHasNeverSettled) {
  Settling settling(1, 8, 1);
  EXPECT_FALSE(settling.add_block({0}));
  EXPECT_TRUE(settling.add_block({0}));
}

}  // namespace
}  // namespace spikeloom
