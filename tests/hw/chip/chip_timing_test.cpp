// A whole layer on one tile and one memory node: its cycles in closed form.
#include <gtest/gtest.h>

#include <algorithm>

#include "hw/chip/chip.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

constexpr Cycle kSteps = 7, kOutputBits = 10, kCrossing = 6;

// Where the derivation's flits stand; small letters as in the comments below.
struct Sizes {
  Cycle inputs, outputs, spikes, dram_latency, array_latency;

  Cycle events() const { return spikes + kSteps; }
  Cycle per_flit() const { return 128 / (1 + Cycle(ceil_log2(inputs)) + 3 + 1); }  // kind, address, slope, sign
  Cycle body() const { return ceil_div(events(), per_flit()); }
};

// Cycle 1: the sequencer issues load and job. Both are taken in 2.
//
// Weights. The first data is there in w = 2 + dram_latency, and more keeps ahead of the flits, which leave one (16
// bytes) a cycle: the head and p flits of parameters (24 + 32 bits an output), the head of the rows, and the first flit
// of rows, which leaves in w + p + 2. Six cycles follow (kCrossing): one to the network interface, two to be seen by
// the router (wires, buffer), three to be seen by the tile (switch, wires, buffer; the router grants at sight). Then
// rows are written one a cycle, since a flit holds at least as many as its wait for the next. All K rows are readable K
// cycles after the first flit has come:
Cycle weights_readable(const Sizes& s) {
  const Cycle w = 2 + s.dram_latency, p = ceil_div(s.outputs * (24 + 32), 128);
  return w + p + 2 + kCrossing + s.inputs;
}

// Codes. The global buffer sends the head in 2, the encoder takes it in 3 and is filled K cycles later (5 bits a code:
// more codes than flits); scatter takes K cycles; so emit starts in 3 + 2 K, pushes the head one cycle later, and each
// of the E events of the body a cycle after that. With one packet, the head is pushed in 4 + 2 K, the last body flit
// in 4 + 2 K + E, and the one before it in (last - events of the last).
// The merger (one cycle) and the crossing follow. A row or mark issues a cycle (one slope: a mark takes
// one), as fast as the encoder makes them, so that the synapse array works through a flit while the next is made; the
// last flit, the only one that is not full, may have to wait for the one before. The last mark issues one cycle before
// what this returns.
Cycle issued_as_they_come(const Sizes& s) {
  const Cycle last = 4 + 2 * s.inputs + s.events(), in_last = s.events() - (s.body() - 1) * s.per_flit();
  const Cycle before_is_done = s.body() > 1 ? last - in_last + s.per_flit() : 0;
  return std::max(last, before_is_done) + 1 + kCrossing + in_last;
}
// The same when all flits wait at the tile for the weights.
Cycle issued_after_weights(const Sizes& s) { return weights_readable(s) + s.events(); }

// From the cycle after the last mark's to the end. The mark, issued in m, reaches the membranes in m + latency, when
// the batch is complete too: R is formed, B bits follow, and the head leaves in m + latency + 1 + B. The body flit is
// behind it, but in that cycle the release of the weights leaves on the control channel, whose turn at the network
// interface comes first: the body passes the interface two cycles after its push instead of one, then crosses to the
// node, and is stored; the sequencer hears of it a cycle later. That is the last cycle in which anything runs; cycles
// count from 0.
Cycle total(const Sizes& s, Cycle issued) {
  const Cycle mark = issued - 1;
  const Cycle body_out = mark + s.array_latency + 1 + kOutputBits + ceil_div(s.outputs * kOutputBits, 128);
  const Cycle stored = body_out + 1 + kCrossing;
  return stored + 1 + 1;
}

TinySpec layer_of(const Sizes& s, double silent) {
  TinySpec spec;
  spec.inputs = {int(s.inputs)};
  spec.operations = {{0, int(s.outputs)}};
  spec.salient = 0;
  spec.silent = silent;
  return spec;
}

Cycle cycles_of(const TinyLayer& layer, Sizes* s) {
  ChipSpec spec = tiny_chip();
  // One cycle to the controller, tRCD = 10 to the read, RL to the data, 2 for the burst.
  spec.dram.device.timing.RL = int(s->dram_latency) - 13;
  spec.synapse_array.latency_cycles = int(s->array_latency);
  Chip chip("chip", spec, layer.trace, 1000);
  for (int k = 0; k < int(s->inputs); ++k) s->spikes += layer.a(0, 0, k) != 0;
  chip.run();
  EXPECT_EQ(chip.result().outputs[0],
            std::vector<int>(layer.trace.operations[0].expected.begin(), layer.trace.operations[0].expected.end()));
  return chip.cycles();
}

TEST(ChipTiming, ALayerThatTheEncoderPacesTakesItsClosedForm) {
  Sizes s{60, 6, 0, 15, 2};
  const TinyLayer layer(layer_of(s, 0.25));
  const Cycle cycles = cycles_of(layer, &s);
  ASSERT_LE(s.body(), 15u);                                          // one packet
  ASSERT_LT(weights_readable(s), 4 + 2 * s.inputs + 1 + kCrossing);  // weights are there first
  EXPECT_EQ(cycles, total(s, issued_as_they_come(s)));
}

TEST(ChipTiming, ALayerThatDramPacesTakesItsClosedForm) {
  Sizes s{20, 8, 0, 200, 5};
  const TinyLayer layer(layer_of(s, 0.25));
  const Cycle cycles = cycles_of(layer, &s);
  ASSERT_LE(s.body(), 3u);  // with the head, they fit the tile's buffer
  ASSERT_GT(weights_readable(s), 4 + 2 * s.inputs + s.events() + 1 + kCrossing);
  EXPECT_EQ(cycles, total(s, issued_after_weights(s)));
}

}  // namespace
}  // namespace spikeloom
