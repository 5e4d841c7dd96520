// Nothing appears or disappears between blocks, and every cycle of a block is accounted for.
#include <gtest/gtest.h>

#include "hw/chip/chip.h"
#include "models/integer_reference.h"
#include "tests/support/fifo_probe.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

// Six groups of eight outputs on six tiles: one pass, every tile gets every spike.
TinySpec one_pass() {
  TinySpec spec;
  spec.tokens = 5;
  spec.inputs = {40};
  spec.operations = {{0, 48}};
  spec.wide = 3;
  return spec;
}

ChipSpec two_node_chip(Payload payload, int batch) {
  ChipSpec spec = tiny_chip(3, 2);
  spec.memory_nodes.push_back({2, 1, kEast});
  spec.payload = payload;
  spec.token_batch = batch;
  return spec;
}

uint64_t emitted(const Chip& chip) {
  uint64_t spikes = 0;
  for (int node = 0; node < chip.topology().sources(); ++node)
    for (const auto& encoder : chip.memory_node(node).encoders) spikes += encoder->spikes();
  return spikes;
}

void is_conserved(Payload payload, int batch) {
  const TinyLayer layer(one_pass());
  Chip chip("chip", two_node_chip(payload, batch), layer.trace, 1000);
  chip.run();
  const ReferenceResult reference =
      run_reference(layer.trace, layer.trace.operations[0], *make_spike_code(0), FiringPolicy::kRadix);
  uint64_t received = 0, rows = 0, additions = 0;
  for (int tile = 0; tile < 6; ++tile) {
    const Tile& at = chip.tile(tile);
    received += at.array->spikes();
    rows += at.array->rows_issued();
    additions += at.outputs->additions();
    EXPECT_EQ(at.outputs->additions(), at.array->rows_issued() * 8) << tile;
    EXPECT_LE(at.array->rows_read(), at.array->rows_issued()) << tile;
    EXPECT_EQ(at.array->rows_read(),
              counted(chip.ledger(), EnergyEvent::kWeightRowRead, std::string(at.array->name()).substr(5)))
        << tile;
  }
  EXPECT_EQ(received, 6 * reference.spikes);
  EXPECT_EQ(payload == Payload::kPackedCodes ? 0 : received, 6 * emitted(chip));
  EXPECT_EQ(additions, reference.additions);
  EXPECT_EQ(counted(chip.ledger(), EnergyEvent::kSlopeAddBit), additions * 20);
}

TEST(ChipUnit, SpikesEmittedReachEveryTileAndEachAddsARowPerOutput) { is_conserved(Payload::kAddressEvents, 1); }
TEST(ChipUnit, BatchedBitmapSpikesReachEveryTileOnce) { is_conserved(Payload::kBitmap, 3); }
TEST(ChipUnit, SpikesMadeInTilesAreTheSame) { is_conserved(Payload::kPackedCodes, 3); }

TEST(ChipUnit, EveryCycleOfABlockIsBusyStalledOrIdle) {
  const TinyLayer layer(one_pass());
  Chip chip("chip", two_node_chip(Payload::kAddressEvents, 1), layer.trace, 1000);
  chip.run();
  ASSERT_FALSE(chip.activities().empty());
  for (const auto& [name, activity] : chip.activities()) {
    Activity closed = *activity;
    closed.close(chip.cycles());
    Cycle sum = 0;
    for (size_t i = 0; i < kActivityNames.size(); ++i) sum += closed.cycles(ActivityState(i));
    EXPECT_EQ(sum, chip.cycles()) << name;
  }
}

// The synapse array is busy one cycle for each row and for each membrane update, but at least one for each mark.
TEST(ChipUnit, ASynapseArrayIsBusyForItsRowsAndMarks) {
  TinySpec spec = one_pass();
  spec.wide = 0;
  spec.salient = 0;  // one slope: a mark takes one cycle
  const TinyLayer layer(spec);
  Chip chip("chip", two_node_chip(Payload::kAddressEvents, 1), layer.trace, 1000);
  chip.run();
  for (int tile = 0; tile < 6; ++tile) {
    const auto& array = dynamic_cast<const SynapseArray&>(*chip.tile(tile).array);
    Activity closed = array.activity();
    closed.close(chip.cycles());
    EXPECT_EQ(array.marks(), 5u * 7) << tile;
    EXPECT_EQ(closed.cycles(ActivityState::kBusy), array.rows_issued() + array.marks()) << tile;
  }
}

TEST(ChipUnit, CountsOfAllWindowsAddUpToTheTotals) {
  const TinyLayer layer(one_pass());
  Chip chip("chip", two_node_chip(Payload::kAddressEvents, 1), layer.trace, 7);
  chip.run();
  std::vector<uint64_t> sums(chip.ledger().counters().size(), 0);
  for (const EnergyRecord& record : chip.ledger().records()) sums[record.counter] += record.count;
  for (size_t i = 0; i < sums.size(); ++i)
    EXPECT_EQ(sums[i], chip.ledger().counters()[i]->total()) << chip.ledger().counters()[i]->block();
}

// Every link's flits are written to its buffer, and all but those that are taken at nodes are read by a router.
TEST(ChipUnit, FlitsIntoRoutersAreFlitsOutOfThem) {
  const TinyLayer layer(one_pass());
  const ChipSpec spec = two_node_chip(Payload::kAddressEvents, 1);
  Chip chip("chip", spec, layer.trace, 1000);
  chip.run();
  uint64_t left = 0, over_links = 0, injected = 0;
  for (int router = 0; router < 6; ++router) left += chip.network().router(router).flits();
  for (const Link& link : chip.network().links()) {
    over_links += link.flits();
    if (link.name().find("inject") != std::string::npos) injected += link.flits();
  }
  EXPECT_EQ(over_links, left + injected);
  const uint64_t wire_bits = uint64_t(spec.flits().wire_bits());
  EXPECT_EQ(counted(chip.ledger(), EnergyEvent::kRouterBufferWriteBit), over_links * wire_bits);
  EXPECT_EQ(counted(chip.ledger(), EnergyEvent::kCrossbarBit), left * wire_bits);
}

// One input, two memory nodes: the first node serves the part but holds none of its inputs, only the parameters.
TEST(ChipExact, AnInputSmallerThanTheNumberOfMemoryNodesWorks) {
  TinySpec spec;
  spec.inputs = {1};
  spec.operations = {{0, 8}};
  spec.silent = 0;
  spec.F = 0;
  const TinyLayer layer(spec);
  ChipSpec node_0_far = tiny_chip(4, 1);  // the tile is the first of the row; node 0 sits at the row's end
  node_0_far.memory_nodes = {{3, 0, kEast}, {0, 0, kWest}};
  node_0_far.network.link_cycles = 5;
  Chip chip("chip", node_0_far, layer.trace, 1000);
  chip.run();
  const auto& expected = layer.trace.operations[0].expected;
  EXPECT_EQ(chip.result().outputs[0], std::vector<int>(expected.begin(), expected.end()));
}

}  // namespace
}  // namespace spikeloom
