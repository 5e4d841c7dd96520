#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "tests/support/weight_probe.h"

namespace spikeloom {
namespace {

constexpr Cycle kLatency = 3;
constexpr int kInputs = 8, kOutputs = 4, kRowBytes = 2, kSteps = 7;  // signed ttfs: seven marks a window

using Kind = NeuronCommand::Kind;
using Steps = std::vector<std::vector<SpikeEvent>>;

SpikeEvent spike(int address, int slope = 0, int slot = 0, bool negative = false) {
  SpikeEvent event;
  event.address = uint16_t(address);
  event.slope = uint8_t(slope);
  event.slot = uint8_t(slot);
  event.negative = negative;
  return event;
}

TinySpec spec_of(int tokens = 1, int wide = 0) {
  TinySpec spec;
  spec.inputs = {kInputs};
  spec.operations = {{0, kOutputs}};
  spec.tokens = tokens;
  spec.wide = wide;
  return spec;
}

ChipSpec chip_of(int batch = 1, int nodes = 1) {
  ChipSpec chip = tiny_chip();
  chip.synapse_array.latency_cycles = int(kLatency);
  chip.token_batch = batch;
  if (nodes == 2) chip.memory_nodes.push_back({0, 0, kEast});
  return chip;
}

struct ArrayProbe : SynapseProbe {
  explicit ArrayProbe(const TinySpec& spec = spec_of(), const ChipSpec& chip = chip_of())
      : ArrayProbe(std::make_unique<TinyLayer>(spec), chip) {}
  ArrayProbe(std::unique_ptr<TinyLayer> made, const ChipSpec& chip)
      : SynapseProbe(made->trace, chip, 1), own_layer(std::move(made)) {}
  std::unique_ptr<TinyLayer> own_layer;
};

// The head, pushed in 100, starts the window in 101; the flit behind it is taken in 102, when its three rows begin to
// issue, one a cycle: the last one in 104. They reach the slopes kLatency later, and the mark follows in 105.
TEST(SynapseArrayTiming, RowsReachTheSlopesAfterTheLatencyOneACycle) {
  ArrayProbe probe;
  probe.send_rows(1, 0, kInputs);
  probe.send_spikes(100, {0, 0, 0, 0}, {{spike(1), spike(2), spike(5)}});
  sc_core::sc_start();
  EXPECT_EQ(probe.cycles_of(Kind::kWindowStart), (std::vector<Cycle>{101 + kLatency}));
  EXPECT_EQ(probe.cycles_of(Kind::kRows), (std::vector<Cycle>{104 + kLatency}));
  EXPECT_EQ(probe.commands_of(Kind::kRows)[0].count, 3);
  EXPECT_EQ(probe.cycles_of(Kind::kMark).front(), 105 + kLatency);
  EXPECT_EQ(probe.synapses.rows_issued(), 3u);
}

TEST(SynapseArrayUnit, RowsCarryTheWeightsOfTheirInputs) {
  ArrayProbe probe;
  probe.send_rows(1, 0, kInputs);
  probe.send_spikes(100, {0, 0, 0, 0}, {{spike(1), spike(6, 2, 0, true)}});
  sc_core::sc_start();
  const NeuronCommand rows = probe.commands_of(Kind::kRows).at(0);
  const uint8_t* weights = probe.layer.operations[0].weights;
  EXPECT_EQ(std::memcmp(rows.rows[0].data, weights + 1 * kRowBytes, kRowBytes), 0);
  EXPECT_EQ(std::memcmp(rows.rows[1].data, weights + 6 * kRowBytes, kRowBytes), 0);
  EXPECT_FALSE(rows.rows[0].negative);
  EXPECT_TRUE(rows.rows[1].negative);
  EXPECT_EQ(rows.rows[1].slope, 2);
}

// A mark takes one cycle while no slope or one is in use, s cycles for s slopes. Slopes 0, 1 and 4 come into use in
// steps 1, 3 and 4. From mark to mark: the mark's own cycles, then the rows of the next step.
TEST(SynapseArrayTiming, AMarkTakesACyclePerActiveSlope) {
  ArrayProbe probe;
  probe.send_rows(1, 0, kInputs);
  probe.send_spikes(100, {0, 0, 0, 0}, {{}, {spike(0, 0), spike(1, 0)}, {}, {spike(2, 1)}, {spike(3, 4)}});
  sc_core::sc_start();
  const std::vector<Cycle> marks = probe.cycles_of(Kind::kMark);
  ASSERT_EQ(marks.size(), size_t(kSteps));
  EXPECT_EQ(marks[0], 102 + kLatency);
  const Cycle cost[] = {1, 1, 1, 2, 3, 3}, rows_after[] = {2, 0, 1, 1, 0, 0};
  for (int step = 0; step + 1 < kSteps; ++step)
    EXPECT_EQ(marks[step + 1] - marks[step], cost[step] + rows_after[step]) << "step " << step;
  EXPECT_EQ(probe.cycles_of(Kind::kSliceEnd).back(), marks.back() + 3 - 1);  // with the last membrane update
}

// Codes that clear their slopes start every step without any: radix has three steps for magnitudes up to 7.
TEST(SynapseArrayTiming, ClearedSlopesCostNothingAtTheNextMark) {
  ChipSpec chip = chip_of();
  chip.spike_code = 2;
  ArrayProbe probe(spec_of(), chip);
  probe.send_rows(1, 0, kInputs);
  SpikeStreamWriter writer(stream_format(probe.tiny.context, {0, 0, 0, 0}, 0));
  writer.step({spike(0, 0), spike(1, 1), spike(2, 2)});
  writer.step({});
  writer.step({});
  Flit head;
  head.head = true;
  probe.inputs_in[0]->add(100, head);
  for (const MadeFlit& made : writer.finish()) probe.inputs_in[0]->add(100, made.flit);
  sc_core::sc_start();
  EXPECT_EQ(probe.cycles_of(Kind::kMark), (std::vector<Cycle>{105 + kLatency, 108 + kLatency, 109 + kLatency}));
}

// The flit with the eight rows is pushed in 102 (one place, which the head leaves in 101), taken in 103 and written in
// 103 .. 110; a half is never read and written at once: the waiting spike issues in 111, not in 110.
TEST(SynapseArrayTiming, AWindowWaitsUntilItsLastRowIsWritten) {
  ArrayProbe probe;
  probe.send_spikes(10, {0, 0, 0, 0}, {{spike(7)}});
  probe.send_rows(100, 0, kInputs);
  sc_core::sc_start();
  EXPECT_EQ(probe.cycles_of(Kind::kRows), (std::vector<Cycle>{111 + kLatency}));
}

// 24 rows in three flits: a flit is taken when the eight rows before it are written, so the FIFO, of one place, takes
// the next flit one cycle after that.
TEST(SynapseArrayTiming, OneRowIsWrittenACycle) {
  TinySpec spec = spec_of();
  spec.inputs = {24};
  ArrayProbe probe(spec);
  probe.send_rows(100, 0, 24);
  sc_core::sc_start();
  // Head pushed 100, taken 101; first rows pushed 102, taken 103, written 103 .. 110; the next flit, pushed in 104,
  // is taken in 111, the third, pushed in 112, in 119.
  EXPECT_EQ(probe.weights.pushed, (std::vector<Cycle>{100, 102, 104, 112}));
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kWeightRowWrite), 24u);
}

// Two membrane sets: the third batch waits for one to be given back, in 500, seen in 501.
TEST(SynapseArrayTiming, TheThirdBatchWaitsForAFreeMembraneSet) {
  ArrayProbe probe(spec_of(3));
  probe.send_rows(1, 0, kInputs);
  for (int batch = 0; batch < 3; ++batch) probe.send_spikes(100, {0, 0, 0, batch}, {{spike(0)}});
  probe.frees.add(500, 1);
  sc_core::sc_start();
  const std::vector<Cycle> starts = probe.cycles_of(Kind::kBatchStart);
  ASSERT_EQ(starts.size(), 3u);
  EXPECT_LT(starts[1], 200u);
  EXPECT_EQ(starts[2], 501 + kLatency);
}

// Source 1 holds inputs 4 .. 7. Its flit comes in 300, pushed after the head in 299, and is taken in 301: only then
// does the first step close.
TEST(SynapseArrayTiming, AStepClosesAfterEverySourcesMark) {
  ArrayProbe probe(spec_of(), chip_of(1, 2));
  probe.send_rows(1, 0, kInputs);
  probe.send_spikes(100, {0, 0, 0, 0}, {{spike(0)}}, 0);
  probe.send_spikes(299, {0, 0, 0, 0}, {{spike(3)}}, 1);
  sc_core::sc_start();
  const std::vector<Cycle> marks = probe.cycles_of(Kind::kMark);
  ASSERT_EQ(marks.size(), size_t(kSteps));
  // The window starts with source 1's head, in 300; source 0's spike issues then, source 1's in 301, the mark in 302.
  EXPECT_EQ(probe.cycles_of(Kind::kRows), (std::vector<Cycle>{300 + kLatency, 301 + kLatency}));
  EXPECT_EQ(marks[0], 302 + kLatency);
  const uint8_t* row = probe.commands_of(Kind::kRows)[1].rows[0].data;  // input 4 + 3
  EXPECT_EQ(std::memcmp(row, probe.layer.operations[0].weights + 7 * kRowBytes, kRowBytes), 0);
}

// Three tokens fire at input 2 in the same step: three rows added, one read; at input 5 only one.
TEST(SynapseArrayEnergy, ALatchedRowServesAllTokensOfABatch) {
  ArrayProbe probe(spec_of(3), chip_of(3));
  probe.send_rows(1, 0, kInputs);
  probe.send_spikes(100, {0, 0, 0, 0}, {{spike(2, 0, 0), spike(2, 0, 1), spike(2, 0, 2), spike(5, 0, 1)}});
  sc_core::sc_start();
  EXPECT_EQ(probe.synapses.rows_issued(), 4u);
  EXPECT_EQ(probe.synapses.rows_read(), 2u);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kWeightRowRead), 2u);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kRowLatchWriteBit), 2u * kOutputs * 4);
  EXPECT_EQ(probe.cycles_of(Kind::kMark)[1] - probe.cycles_of(Kind::kMark)[0], 3u);  // a slope of each of three tokens
}

// Input 4 of 8 is the wide one: its `lo` row, unsigned, adds to the slope, its `hi` row to the slope plus 7.
TEST(SynapseArrayUnit, AWideInputTakesTwoRowsAndTwoReads) {
  ArrayProbe probe(spec_of(1, 1));
  probe.send_rows(1, 0, kInputs + 1);
  probe.send_spikes(100, {0, 0, 0, 0}, {{spike(4), spike(5)}});
  sc_core::sc_start();
  const NeuronCommand rows = probe.commands_of(Kind::kRows).at(0);
  ASSERT_EQ(rows.count, 3);
  EXPECT_TRUE(rows.rows[0].unsigned_weights);
  EXPECT_FALSE(rows.rows[1].unsigned_weights);
  EXPECT_EQ(rows.rows[0].slope, 0);
  EXPECT_EQ(rows.rows[1].slope, kSlopeBases);
  const uint8_t* weights = probe.layer.operations[0].weights;
  EXPECT_EQ(std::memcmp(rows.rows[0].data, weights + 4 * kRowBytes, kRowBytes), 0);
  EXPECT_EQ(std::memcmp(rows.rows[1].data, weights + kInputs * kRowBytes, kRowBytes), 0);
  EXPECT_EQ(probe.synapses.rows_read(), 3u);
  EXPECT_EQ(probe.cycles_of(Kind::kRows), (std::vector<Cycle>{104 + kLatency}));
}

}  // namespace
}  // namespace spikeloom
