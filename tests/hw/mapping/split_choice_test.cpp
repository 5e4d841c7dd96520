// The automatic choice of a split, on estimates that can be made on paper.
#include "hw/mapping/split_choice.h"

#include <gtest/gtest.h>

#include "models/spike_code.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

// 192 inputs, 8 outputs, 4 tokens; half a weight SRAM holds 8 rows. In 11 parts a tile has 18 rows, more than both
// halves, so that weights are read for every token; in 12 parts it has 16. DRAM is so slow that loads decide.
TEST(SplitChoiceUnit, MoreThanEightPartsAreTakenWhereWeightsAreThenReadOnce) {
  TinySpec tiny;
  tiny.tokens = 4;
  tiny.inputs = {192};
  tiny.operations = {{0, 8}};
  const TinyLayer layer(tiny);
  MappingSpec mapping;
  mapping.automatic = true;
  TileLimits limits;
  limits.lanes = 8;
  limits.half_rows = 8;
  limits.dram_bytes_per_cycle = 0.01;
  PhaseChoice why;
  const auto code = make_spike_code(0);
  const SplitEstimate most = choose_split(layer.trace, mapping, limits, 0, 1, 16, 1, *code, 1, &why);
  EXPECT_EQ(most.split, 12);
  EXPECT_EQ(most.reads, 1);
  // On 11 tiles there are not enough parts.
  EXPECT_EQ(choose_split(layer.trace, mapping, limits, 0, 1, 11, 1, *code, 1, &why).reads, 4);
  // Both halves hold the rows of one part, and DRAM takes as long for any number: no further parts.
  limits.half_rows = 96;
  EXPECT_EQ(choose_split(layer.trace, mapping, limits, 0, 1, 16, 1, *code, 1, &why).split, 1);
}

// 64 inputs, 16 outputs: 64 rows of 8 bytes, 512 bytes of weights in two memory nodes, 1 byte a cycle each, over links
// of 15/16 of a byte a cycle (flits of 8 bits, one of 16 a head flit). In one part both nodes load every tile together:
// 512 bytes over one link at a time, 546 cycles. In two parts each node loads its own tiles: 256 bytes, 273 cycles. In
// three parts node 0 has two of them, 43 rows: 367 cycles.
TEST(SplitChoiceUnit, MemoryNodesThatHoldAPartTogetherShareTheLinkIntoATile) {
  TinySpec tiny;
  tiny.inputs = {64};
  tiny.operations = {{0, 16}};
  tiny.tokens = 1;
  const TinyLayer layer(tiny);
  TileLimits limits;
  limits.lanes = 8;
  limits.half_rows = 64;
  limits.dram_bytes_per_cycle = 2;
  limits.multiplies = true;
  limits.link_bits = 8;
  const auto code = make_spike_code(0);
  const auto cycles = [&](int split) {
    return estimate_split({layer.trace, layer.trace.inputs[0], limits, *code, 0, 2, 8, 2, 1}, split).cycles;
  };
  EXPECT_NEAR(cycles(1), 512 * 16 / 15.0, 1e-9);
  EXPECT_NEAR(cycles(2), 256 * 16 / 15.0, 1e-9);
  EXPECT_NEAR(cycles(3), 43 * 8 * 16 / 15.0, 1e-9);
  MappingSpec mapping;
  mapping.automatic = true;
  PhaseChoice why;
  EXPECT_EQ(choose_split(layer.trace, mapping, limits, 0, 2, 8, 2, *code, 1, &why).split, 2);
  EXPECT_EQ(why.split, "input split 2 (auto)");
}

// Attention of a single position has one input to a block, however many parts are configured.
TEST(SplitChoiceUnit, AnInputTakesAsManyOfTheConfiguredPartsAsItHas) {
  TinySpec tiny;
  tiny.inputs = {3};
  tiny.operations = {{0, 8}};
  const TinyLayer layer(tiny);
  const MappingSpec mapping{false, 4};
  TileLimits limits;
  limits.lanes = limits.half_rows = 8;
  PhaseChoice why;
  const auto code = make_spike_code(0);
  EXPECT_EQ(choose_split(layer.trace, mapping, limits, 0, 1, 16, 1, *code, 1, &why).split, 3);
  EXPECT_EQ(why.split, "input split 3 (4 configured, the input has no more parts)");
}

}  // namespace
}  // namespace spikeloom
