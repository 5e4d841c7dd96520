#include "hw/mac_array/product_group.h"

#include <gtest/gtest.h>

namespace spikeloom {
namespace {

MacArraySpec spec_of(Multiplier multiplier, ZeroGating gating) {
  return {4, multiplier, gating, Accumulators::kShared, 20};
}

std::vector<ProductCycle> cycles_of(const ProductGroup& group, Multiplier multiplier, ZeroGating gating) {
  std::vector<ProductCycle> cycles;
  group.list_cycles(spec_of(multiplier, gating), 3, &cycles);
  return cycles;
}

// Codes 5, 0, 2 of exponent 0 and 4 of exponent 3, on multipliers 0 to 3.
ProductGroup example() {
  ProductGroup group;
  group.start();
  group.add(0, 0, 5);
  group.add(2, 0, 2);
  group.add(3, 3, 4);
  return group;
}

TEST(ProductGroupUnit, AnExponentTakesACycle) {
  for (const ZeroGating gating : {ZeroGating::kNone, ZeroGating::kGate, ZeroGating::kSkip}) {
    const auto cycles = cycles_of(example(), Multiplier::kParallel, gating);
    ASSERT_EQ(cycles.size(), 2u);
    EXPECT_EQ(cycles[0].working, 0b0101u);
    EXPECT_EQ(cycles[1].working, 0b1000u);
    EXPECT_EQ(cycles[1].slope, 3);
  }
}

// 5 = 101b, 2 = 010b, 4 = 100b.
TEST(ProductGroupUnit, BitSerialTakesACycleForEachBitOfAnExponent) {
  const auto all = cycles_of(example(), Multiplier::kBitSerial, ZeroGating::kGate);
  ASSERT_EQ(all.size(), 6u);
  const uint64_t working[] = {0b0001, 0b0100, 0b0001, 0, 0, 0b1000};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(all[i].working, working[i]) << i;
  EXPECT_EQ(cycles_of(example(), Multiplier::kBitSerial, ZeroGating::kSkip).size(), 4u);
}

TEST(ProductGroupUnit, CodesOfZeroTakeTheirCyclesUnlessSkipped) {
  ProductGroup group;
  group.start();
  EXPECT_EQ(cycles_of(group, Multiplier::kParallel, ZeroGating::kNone).size(), 1u);
  EXPECT_EQ(cycles_of(group, Multiplier::kParallel, ZeroGating::kGate).size(), 1u);
  EXPECT_EQ(cycles_of(group, Multiplier::kBitSerial, ZeroGating::kGate).size(), 3u);
  EXPECT_EQ(cycles_of(group, Multiplier::kParallel, ZeroGating::kSkip).size(), 0u);
  EXPECT_EQ(cycles_of(group, Multiplier::kBitSerial, ZeroGating::kSkip).size(), 0u);
}

// Eight products of 8 bits: four adders of 9, two of 10, one of 11.
TEST(ProductGroupUnit, ATreesAddersGrowByABitALevel) {
  EXPECT_EQ(tree_adder_bits(8, 8, 0xff), 4u * 9 + 2 * 10 + 11);
  EXPECT_EQ(tree_adder_bits(1, 8, 1), 0u);
  // Products 0 and 1 alone: one adder a level.
  EXPECT_EQ(tree_adder_bits(8, 8, 0b11), 9u + 10 + 11);
  // Products 0 and 7: two, two and one.
  EXPECT_EQ(tree_adder_bits(8, 8, 0x81), 2u * 9 + 2 * 10 + 11);
  EXPECT_EQ(tree_adder_bits(8, 8, 0), 0u);
  // Three: one adder of 9, its sum meets the third product in one of 10.
  EXPECT_EQ(tree_adder_bits(3, 8, 0b111), 9u + 10);
  EXPECT_EQ(tree_adder_bits(3, 8, 0b100), 10u);
  EXPECT_EQ(tree_adder_bits(64, 8, ~uint64_t{0}), 32u * 9 + 16 * 10 + 8 * 11 + 4 * 12 + 2 * 13 + 14);
}

}  // namespace
}  // namespace spikeloom
