// Mask or index list: what is configured, or what is expected to take fewer bits.
#include <gtest/gtest.h>

#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

struct Choice {
  SideEstimate bits;
  SideFormat side_format;
  std::string text;
};

// Of a layer of 128 inputs in one window.
Choice choose(double salient_share, SidePolicy policy, int nodes = 1, int wide = 0) {
  TinySpec layer_spec;
  layer_spec.inputs = {128};
  layer_spec.salient = salient_share;
  layer_spec.digits = wide > 0;
  layer_spec.wide = wide;
  const TinyLayer layer(layer_spec);
  ChipSpec chip = tiny_chip(2, 1);
  if (nodes == 2) chip.memory_nodes.push_back({1, 0, kEast});
  chip.encoder.side_format = policy;
  const TinyContext tiny(layer, chip);
  const Phase& phase = tiny.program.phases[0];
  return {estimate_side(tiny.program, phase, layer.trace.inputs[0]), phase.side_format, phase.choice.text()};
}

// Counts 0..128 take 8 bits, places 7; a tenth of the values are expected in a list.
TEST(SideChoiceUnit, AListTakesItsCountAndTheExpectedPlaces) {
  const Choice choice = choose(0.1, SidePolicy::kAuto);
  EXPECT_DOUBLE_EQ(choice.bits.mask, 128);
  EXPECT_DOUBLE_EQ(choice.bits.list, 8 + 0.1 * 128 * 7);
}

// Each node has 64 of the inputs and a list of its own: 7 bits and places of 6.
TEST(SideChoiceUnit, EveryNodeHasAListOfItsOwn) {
  EXPECT_DOUBLE_EQ(choose(0.1, SidePolicy::kAuto, 2).bits.list, 2 * 7 + 0.1 * 128 * 6);
}

// Four inputs have two digits: 124 may be listed, places are still those of 128.
TEST(SideChoiceUnit, TwoDigitInputsAreNotExpectedInAList) {
  EXPECT_DOUBLE_EQ(choose(0.1, SidePolicy::kAuto, 1, 4).bits.list, 7 + 0.1 * 124 * 7);
}

// Both take 128 bits where the share is (128 - 8) / (128 * 7) = 0.1339.
TEST(SideChoiceUnit, AutoTakesTheShorterOne) {
  EXPECT_EQ(choose(0.133, SidePolicy::kAuto).side_format, SideFormat::kIndexList);
  EXPECT_EQ(choose(0.135, SidePolicy::kAuto).side_format, SideFormat::kMask);
}

TEST(SideChoiceUnit, WhatIsConfiguredIsTaken) {
  EXPECT_EQ(choose(0.01, SidePolicy::kMask).side_format, SideFormat::kMask);
  EXPECT_EQ(choose(0.9, SidePolicy::kIndexList).side_format, SideFormat::kIndexList);
}

TEST(SideChoiceUnit, TheMappingSaysWhichAndWhy) {
  EXPECT_NE(
      choose(0.1, SidePolicy::kAuto)
          .text.find("; salient values by index list (auto): a row's mask takes 128.0 bits, its lists about 97.6"),
      std::string::npos);
  EXPECT_NE(choose(0.1, SidePolicy::kMask).text.find("; salient values by mask (as configured): "), std::string::npos);
}

}  // namespace
}  // namespace spikeloom
