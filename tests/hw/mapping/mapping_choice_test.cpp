// The automatic choice of a split and a placement, on estimates that can be made on paper.
#include "hw/mapping/mapping_choice.h"

#include <gtest/gtest.h>

#include "hw/mapping/passes.h"
#include "hw/mapping/placement.h"
#include "models/spike_code.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

constexpr int kAuto = kPlacements;

// The first input of a layer, for tiles in a row of four or as given.
struct Paper {
  explicit Paper(const TinySpec& spec, Topology mesh = {4, 1, {{0, 0, kWest}}})
      : layer(spec), topology(std::move(mesh)), code(make_spike_code(0)) {
    limits.lanes = 8;
    limits.half_rows = 64;
  }
  PhaseWork work() const {
    PhaseWork work{layer.trace, limits, *code, topology, 0, 1, {}, {}, {}};
    work.spikes.assign(size_t(work.input().size), 0.75);
    for (size_t i = 0; i < layer.trace.operations.size(); ++i) {
      const auto more = lane_groups(layer.trace, int(i), limits.lanes);
      work.groups.insert(work.groups.end(), more.begin(), more.end());
    }
    return work;
  }
  MappingEstimate choose(const MappingSpec& mapping) { return choose_mapping(work(), mapping, &why).estimate; }

  TinyLayer layer;
  Topology topology;
  TileLimits limits;
  std::unique_ptr<SpikeCode> code;
  PhaseChoice why;
};

TinySpec shape(int tokens, int inputs, int outputs) {
  TinySpec tiny;
  tiny.tokens = tokens;
  tiny.inputs = {inputs};
  tiny.operations = {{0, outputs}};
  return tiny;
}

// 192 inputs, 8 outputs, 4 tokens; half a weight SRAM holds 8 rows. In 11 parts a tile has 18 rows, more than both
// halves, so that weights are read for every token; in 12 parts it has 16. DRAM is so slow that loads decide.
TEST(MappingChoiceUnit, MoreThanEightPartsAreTakenWhereWeightsAreThenReadOnce) {
  const auto paper = [](Topology mesh, int half_rows) {
    auto made = std::make_unique<Paper>(shape(4, 192, 8), std::move(mesh));
    made->limits.half_rows = half_rows;
    made->limits.dram_bytes_per_cycle = 0.01;
    return made;
  };
  const MappingEstimate most = paper({4, 4, {{0, 0, kWest}}}, 8)->choose({true, 1, kAuto});
  EXPECT_EQ(most.split, 12);
  EXPECT_EQ(most.most_reads, 1);
  // On 11 tiles there are not enough parts.
  EXPECT_EQ(paper({11, 1, {{0, 0, kWest}}}, 8)->choose({true, 1, kAuto}).most_reads, 4);
  // Both halves hold the rows of one part, and DRAM takes as long for any number: no further parts, and the tile at
  // the memory node.
  EXPECT_EQ(paper({4, 4, {{0, 0, kWest}}}, 96)->choose({true, 1, kAuto}).split, 1);
}

// 17 inputs, 8 outputs, 5 tokens; half a weight SRAM holds 4 rows. Of two parts the one of 9 rows does not stay: its
// rows are read for every token, those of the other once; 4 bytes each, beside parameters of 56 bytes for each part.
TEST(MappingChoiceUnit, OnlyPartsThatDoNotStayAreReadAgain) {
  Paper paper(shape(5, 17, 8));
  paper.limits.half_rows = 4;
  paper.limits.dram_bytes_per_cycle = 0.01;
  const MappingEstimate estimate = paper.choose({false, 2, 0});
  EXPECT_EQ(estimate.least_reads, 1);
  EXPECT_EQ(estimate.most_reads, 5);
  EXPECT_NEAR(estimate.cycles, ((5 * 9 + 8) * 4 + 2 * 56) / 0.01, 1e-6);
  EXPECT_NE(paper.why.size.find("weights read 1 to 5 times from DRAM"), std::string::npos) << paper.why.size;
}

// 64 inputs, 16 outputs: 64 rows of 8 bytes, 512 bytes of weights in two memory nodes, 1 byte a cycle each, over links
// of 15/16 of a byte a cycle (flits of 8 bits, one of 16 a head flit); and to each part parameters of 16 x 56 bits, 112
// bytes. In one part both nodes load every tile together: 624 bytes over one link at a time, then 64 inputs, of which
// 3/4 have a digit that is not 0. In two parts each node loads its own tiles, 256 and 112 bytes, then a chain takes 10
// cycles for a grant, 42 for 33 flits of sums, 22 to fire 10 bits. In three parts node 0 has two of them, 43 rows.
TEST(MappingChoiceUnit, MemoryNodesThatHoldAPartTogetherShareTheLinkIntoATile) {
  Paper paper(shape(1, 64, 16), {4, 2, {{0, 0, kWest}, {3, 0, kEast}}});
  paper.limits.dram_bytes_per_cycle = 2;
  paper.limits.multiplies = true;
  paper.limits.payload = Payload::kPackedCodes;
  paper.limits.link_bits = 8;
  const auto cycles = [&](int split) { return paper.choose({false, split, 0}).cycles; };
  EXPECT_NEAR(cycles(1), (512 + 112) * 16 / 15.0 + 48, 1e-9);
  EXPECT_NEAR(cycles(2), (256 + 112) * 16 / 15.0 + 10 + 42 + 22, 1e-9);
  EXPECT_NEAR(cycles(3), (43 * 8 + 2 * 112) * 16 / 15.0 + 2 * (10 + 42) + 22, 1e-9);
  EXPECT_EQ(paper.choose({true, 1, kAuto}).split, 2);
  EXPECT_EQ(paper.why.split, "input split 2 (auto)");
  EXPECT_EQ(paper.why.placement, "placed near_source (auto)");
}

// 8 outputs in 2 parts, 2 tokens. Over one link: a grant takes 2 (FIFOs) + 5 + 3 cycles, sums of 8 x 32 bits in 2 flits
// behind a head flit 2 + 5 + 3 + 2; firing 10 bits takes 11 and their 2 flits 2. Each link more takes 3 cycles twice.
// Before it DRAM reads 8 rows of 4 bytes, and parameters of 8 x 56 bits for each part, a byte a cycle.
TEST(MappingChoiceUnit, AChainTakesAGrantAndAMessageAlongEveryLinkForEveryToken) {
  Paper paper(shape(2, 8, 8));
  paper.limits.multiplies = true;
  paper.limits.payload = Payload::kPackedCodes;
  const PhaseWork work = paper.work();
  const int loads_2 = 32 + 2 * 56, loads_3 = 32 + 3 * 56;
  EXPECT_EQ(SplitEstimate(work, 2).placed({0, 1, 2, 3}).cycles, loads_2 + 2 * (10 + 12 + 13));
  EXPECT_EQ(SplitEstimate(work, 2).placed({0, 3, 1, 2}).cycles, loads_2 + 2 * (10 + 12 + 13 + 2 * 2 * 3));
  EXPECT_EQ(SplitEstimate(work, 3).placed({0, 1, 2, 3}).cycles, loads_3 + 2 * (2 * (10 + 12) + 13));
}

// One token; the memory node is at tile 0. Weights: 4 rows of 4 bytes and 56 bytes of parameters to each of tiles 0 and
// 1, at 15 bytes a flit; codes: 20 bits behind a head flit to each; sums 3 flits and a grant between them; outputs stay
// at tile 0.
TEST(MappingChoiceUnit, FlitHopsAreThoseOfEveryMessage) {
  Paper paper(shape(1, 8, 8));
  paper.limits.multiplies = true;
  paper.limits.payload = Payload::kPackedCodes;
  const PhaseWork work = paper.work();
  const double to_a_tile = (16 + 56) / 15.0 + 1 + 20 / 128.0;
  EXPECT_NEAR(SplitEstimate(work, 2).placed({0, 1, 2, 3}).flit_hops, to_a_tile + 3 + 1, 1e-9);
  // At tiles 2 and 3: to them over 2 and 3 links, outputs (2 flits) back over 2.
  EXPECT_NEAR(SplitEstimate(work, 2).placed({2, 3, 0, 1}).flit_hops, 5 * to_a_tile + 3 + 1 + 2 * 2, 1e-9);
}

// Attention of a single position has one input to a block, however many parts are configured.
TEST(MappingChoiceUnit, AnInputTakesAsManyOfTheConfiguredPartsAsItHas) {
  Paper paper(shape(1, 3, 8), {4, 4, {{0, 0, kWest}}});
  EXPECT_EQ(paper.choose({false, 4, 1}).split, 3);
  EXPECT_EQ(paper.why.split, "input split 3 (4 configured, the input has no more parts)");
  EXPECT_EQ(paper.why.placement, "placed near_memory (as configured)");
  EXPECT_FALSE(paper.why.weighed);
}

// The two best are named with what they are estimated to cost.
TEST(MappingChoiceUnit, TheNextBestIsNamedToo) {
  Paper paper(shape(1, 64, 16), {4, 2, {{0, 0, kWest}, {3, 0, kEast}}});
  paper.choose({false, 2, kAuto});
  EXPECT_TRUE(paper.why.weighed);
  EXPECT_EQ(paper.why.cost.find("2 near_source, about "), 0u);
  EXPECT_NE(paper.why.cost.find("; next best 2 "), std::string::npos);
}

// For many shapes and meshes: none is estimated to be a twentieth faster, and none as fast with fewer flit-hops.
TEST(MappingChoiceUnit, NothingThatItsOwnCostRanksBetterIsLeft) {
  for (const int inputs : {1, 7, 64, 100})
    for (const int outputs : {2, 24, 130})
      for (const int tokens : {1, 5})
        for (const int width : {1, 3, 6}) {
          Paper paper(shape(tokens, inputs, outputs), {width, 2, {{0, 0, kWest}, {width - 1, 1, kEast}}});
          paper.limits.half_rows = 16;
          const PhaseWork work = paper.work();
          const MappingSpec mapping{true, 1, kAuto};
          const MappingEstimate chosen = paper.choose(mapping);
          for (const MappingCandidate& other : mapping_candidates(work, mapping)) {
            EXPECT_LE(chosen.cycles, 1.05 * other.estimate.cycles);
            if (other.estimate.cycles > chosen.cycles) continue;
            EXPECT_LE(chosen.flit_hops, other.estimate.flit_hops);
          }
        }
}

}  // namespace
}  // namespace spikeloom
