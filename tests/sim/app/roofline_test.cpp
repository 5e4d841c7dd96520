// What a phase reached, what it could have reached, and where its tiles' cycles went.
#include "sim/app/roofline.h"

#include <gtest/gtest.h>

#include <numeric>

#include "models/integer_reference.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

double least(const Roofline& phase, Resource resource) { return phase.least_cycles[size_t(resource)]; }
Cycle spent(const Roofline& phase, ActivityState state) { return phase.arrays.cycles[size_t(state)]; }

// One tile, two inputs with a spike each, two outputs, one token.
TEST(RooflineUnit, BoundsOfATwoByTwoLayerAreThoseOnPaper) {
  TinySpec tiny;
  tiny.inputs = {2};
  tiny.operations = {{0, 2}};
  tiny.F = 0;
  tiny.salient = 0;
  TinyLayer layer(tiny);
  layer.set_code(0, 0, 0, 3);
  layer.set_code(0, 0, 1, 8 | 2);
  layer.finish();
  Chip chip("chip", tiny_chip(), layer.trace, 1000);
  chip.run();
  const std::vector<Roofline> phases = make_rooflines(chip);
  ASSERT_EQ(phases.size(), 1u);
  const Roofline& phase = phases[0];
  EXPECT_EQ(phase.additions, 2u * 2);
  EXPECT_EQ(phase.cycles, chip.cycles());
  EXPECT_EQ(least(phase, Resource::kLanes), 4 / 8.0);
  EXPECT_EQ(least(phase, Resource::kWeightSram), 2);
  // A head and a body flit each of parameters, weights and spikes.
  EXPECT_EQ(least(phase, Resource::kMesh), 6);
  // Emission: the window's start, a head flit, two spikes, seven marks. Fill and scatter: two codes.
  EXPECT_EQ(least(phase, Resource::kEncoders), 1 + 1 + 2 + 7);
  // Two body flits of 16 bytes, 16 bytes a cycle.
  EXPECT_EQ(least(phase, Resource::kDram), 2);
  EXPECT_EQ(phase.lowest(), size_t(Resource::kEncoders));
  EXPECT_DOUBLE_EQ(phase.bound(phase.lowest()), 4 / 11.0);
  EXPECT_DOUBLE_EQ(phase.achieved(), 4.0 / double(chip.cycles()));
  EXPECT_DOUBLE_EQ(phase.reached(), 11.0 / double(chip.cycles()));
  EXPECT_EQ(spent(phase, ActivityState::kBusy), 2u + 7);
  EXPECT_EQ(phase.arrays.rows_added, 2u);
  EXPECT_EQ(phase.gap_cycles(Gap::kMarks), 7u);
}

// Six tiles; the second operation has outputs for one of them.
TEST(RooflineUnit, TilesWithoutWorkInAPhaseAreIdle) {
  TinySpec tiny;
  tiny.tokens = 5;
  tiny.inputs = {40, 40};
  tiny.operations = {{0, 48}, {1, 8}};
  tiny.salient = 0;  // one slope: a mark takes one cycle
  const TinyLayer layer(tiny);
  ChipSpec spec = tiny_chip(3, 2);
  spec.memory_nodes.push_back({2, 1, kEast});
  Chip chip("chip", spec, layer.trace, 1000);
  chip.run();
  const std::vector<Roofline> phases = make_rooflines(chip);
  ASSERT_EQ(phases.size(), 2u);
  EXPECT_EQ(phases[0].cycles + phases[1].cycles, chip.cycles());
  for (size_t i = 0; i < 2; ++i) {
    const ActivityCycles& cycles = phases[i].arrays.cycles;
    EXPECT_EQ(std::accumulate(cycles.begin(), cycles.end(), Cycle{0}), 6 * phases[i].cycles);
    const uint64_t additions =
        run_reference(layer.trace, layer.trace.operations[i], *make_spike_code(0), FiringPolicy::kRadix).additions;
    EXPECT_EQ(phases[i].additions, additions);
    const uint64_t tiles_at_work = i == 0 ? 6 : 1;
    EXPECT_EQ(spent(phases[i], ActivityState::kBusy), additions / 8 + tiles_at_work * 5 * 7);
  }
  EXPECT_GT(spent(phases[1], ActivityState::kStalledInput), 0u);
  EXPECT_GE(spent(phases[1], ActivityState::kIdle), 5 * phases[1].cycles);
  EXPECT_LT(spent(phases[1], ActivityState::kIdle), 6 * phases[1].cycles);
  EXPECT_TRUE(phases[1].has_gap());
  EXPECT_EQ(phases[1].largest_gap(), Gap::kIdle);
}

}  // namespace
}  // namespace spikeloom
