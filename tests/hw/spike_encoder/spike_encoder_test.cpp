#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/weight_probe.h"

namespace spikeloom {
namespace {

struct EncoderProbe {
  EncoderProbe(const TinyLayer& layer, const ChipSpec& spec)
      : tiny(layer, spec),
        codes(clock, 4),
        spikes(clock, 4),
        source("source", clock),
        encoder("encoder", clock, spec.encoder, tiny.context, 0, ledger),
        sink("sink", clock) {
    source.out(codes);
    encoder.codes_in[0](codes);
    encoder.spikes_out(spikes);
    sink.in(spikes);
  }
  void send(Cycle cycle, const WindowTag& tag) { source.add_all(cycle, code_flits(tiny, tag)); }
  // The events of one window's flits, marks included.
  std::vector<SpikeEvent> events(const WindowTag& tag) const {
    SpikeStreamReader reader;
    reader.start(stream_format(tiny.context, tag, 0));
    std::vector<SpikeEvent> all;
    for (const Flit& flit : sink.values)
      if (!flit.head) reader.read(flit, &all);
    return all;
  }

  Clock clock{"clock", 500};
  EnergyLedger ledger{1};
  TinyContext tiny;
  RegisteredFifo<Flit> codes, spikes;
  FifoSource<Flit> source;
  SpikeEncoder encoder;
  FifoSink<Flit> sink;
};

TinySpec window_of(int inputs, int tokens = 1) {
  TinySpec spec;
  spec.inputs = {inputs};
  spec.tokens = tokens;
  spec.salient = 0;
  return spec;
}

uint64_t count_spikes(const TinyLayer& layer) {
  uint64_t spikes = 0;
  for (int m = 0; m < layer.trace.tokens; ++m)
    for (int k = 0; k < layer.trace.inputs[0].size; ++k) spikes += layer.a(0, m, k) != 0;
  return spikes;
}

// n = 24 codes are 24 * 5 bits (nibble and mask bit): one body flit. Its head is visible in 11: fill begins then, takes
// n cycles; scatter takes max(n, entries) = n cycles; then the head flit is made and pushed, one cycle after the start;
// the first body flit, of 12 events (kind 1, address 5, slope 3, sign 1: 10 of 128 bits each), follows after 12 cycles.
TEST(SpikeEncoderTiming, FirstSpikesLeaveAfterFillAndScatter) {
  const TinyLayer layer(window_of(24));
  EncoderProbe probe(layer, tiny_chip());
  probe.send(10, {0, 0, 0, 0});
  sc_core::sc_start();
  const Cycle fill = 11, scatter = fill + 24, emit = scatter + 24;
  ASSERT_GE(probe.sink.count(), 2u);
  EXPECT_EQ(probe.sink.cycles[0], emit + 1 + 1);  // pushed in emit + 1, visible one later
  EXPECT_EQ(probe.sink.cycles[1], emit + 1 + 12 + 1);
}

// In a window of one code the flits count: head and body are taken in 11 and 12, scatter starts in 13.
TEST(SpikeEncoderTiming, FillTakesAtLeastACyclePerFlit) {
  TinySpec spec = window_of(1);
  spec.silent = 0;
  const TinyLayer layer(spec);
  EncoderProbe probe(layer, tiny_chip());
  probe.send(10, {0, 0, 0, 0});
  sc_core::sc_start();
  EXPECT_EQ(probe.sink.cycles[0], Cycle(13 + 1 + 1 + 1));  // scatter 1, head 1, visible one later
}

// One spike or mark a cycle, one more for each head flit: spikes and 7 marks fill flits of 12 events.
TEST(SpikeEncoderTiming, EmitsOneSpikeOrMarkACycle) {
  const TinyLayer layer(window_of(24));
  EncoderProbe probe(layer, tiny_chip());
  probe.send(10, {0, 0, 0, 0});
  sc_core::sc_start();
  const uint64_t events = count_spikes(layer) + 7;
  ASSERT_EQ(probe.sink.count(), 1 + ceil_div(events, 12));
  EXPECT_EQ(probe.sink.cycles.back() - probe.sink.cycles.front(), events);
}

// Step, then input, then token: ttfs fires magnitude p at step 7 - p.
TEST(SpikeEncoderUnit, SpikesComeByStepInputAndToken) {
  ChipSpec chip = tiny_chip();
  chip.token_batch = 3;
  const TinyLayer layer(window_of(20, 3));
  EncoderProbe probe(layer, chip);
  const WindowTag tag{0, 0, 0, 0};
  probe.send(10, tag);
  sc_core::sc_start();
  const std::vector<SpikeEvent> events = probe.events(tag);
  size_t next = 0;
  for (int step = 0; step < 7; ++step) {
    for (int k = 0; k < 20; ++k) {
      for (int slot = 0; slot < 3; ++slot) {
        const int64_t a = layer.a(0, slot, k);
        if (std::abs(a) != 7 - step) continue;
        ASSERT_LT(next, events.size());
        EXPECT_EQ(events[next].kind, SpikeEvent::Kind::kSpike);
        EXPECT_EQ(events[next].address, k);
        EXPECT_EQ(events[next].slot, slot);
        EXPECT_EQ(events[next].negative, a < 0);
        ++next;
      }
    }
    ASSERT_LT(next, events.size());
    EXPECT_EQ(events[next++].kind, SpikeEvent::Kind::kMark) << "step " << step;
  }
  EXPECT_EQ(next, events.size());
  EXPECT_EQ(probe.encoder.spikes(), count_spikes(layer));
}

TEST(SpikeEncoderUnit, AStalledOutputLosesNothing) {
  const TinyLayer layer(window_of(100));
  EncoderProbe probe(layer, tiny_chip());
  probe.sink.stall_when([](Cycle c) { return c < 400 || c % 5 != 0; });
  const WindowTag tag{0, 0, 0, 0};
  probe.send(10, tag);
  sc_core::sc_start();
  const std::vector<SpikeEvent> events = probe.events(tag);
  EXPECT_EQ(events.size(), count_spikes(layer) + 7);
  EXPECT_TRUE(probe.sink.values.back().tail);
  EXPECT_TRUE(probe.sink.values.back().last_packet);
}

// Windows of n codes of which none fires: fill and scatter take n cycles each, emit 1 + 7 + 1. All three at once, so a
// window comes every n cycles.
TEST(SpikeEncoderTiming, ThreeStagesWorkOnThreeWindows) {
  TinyLayer layer(window_of(40, 6));
  layer.set_all_codes(0, 0);
  EncoderProbe probe(layer, tiny_chip());
  for (int batch = 0; batch < 6; ++batch) probe.send(10, {0, 0, 0, batch});
  sc_core::sc_start();
  std::vector<Cycle> heads;
  for (size_t i = 0; i < probe.sink.count(); ++i)
    if (probe.sink.values[i].head) heads.push_back(probe.sink.cycles[i]);
  ASSERT_EQ(heads.size(), 6u);
  EXPECT_EQ(heads[0], 11u + 40 + 40 + 2);
  for (int i = 1; i < 6; ++i) EXPECT_EQ(heads[i] - heads[i - 1], 40u) << i;
}

// All codes fire: a window is n spikes and 7 marks, and in packets of 16 flits one head. Emit takes one cycle to start,
// one for the head and n + 7, more than fill and scatter: it sets the pace.
TEST(SpikeEncoderTiming, TheSlowestStageSetsThePace) {
  TinyLayer layer(window_of(40, 6));
  layer.set_all_codes(0, 3);
  EncoderProbe probe(layer, tiny_chip());
  for (int batch = 0; batch < 6; ++batch) probe.send(10, {0, 0, 0, batch});
  sc_core::sc_start();
  std::vector<Cycle> heads;
  for (size_t i = 0; i < probe.sink.count(); ++i)
    if (probe.sink.values[i].head) heads.push_back(probe.sink.cycles[i]);
  ASSERT_EQ(heads.size(), 6u);
  for (int i = 1; i < 6; ++i) EXPECT_EQ(heads[i] - heads[i - 1], 1u + 1 + 40 + 7) << i;
}

// 24 codes: 96 bits of nibbles are one 16-byte word, 24 mask bits one 8-byte word; written at fill, read at scatter.
// A spike is one entry written and one read; writing takes two increments of a counter of log2(24 + 1) -> 5 bits.
TEST(SpikeEncoderEnergy, CountingSortIsChargedPerWordAndEntry) {
  const TinyLayer layer(window_of(24));
  EncoderProbe probe(layer, tiny_chip());
  probe.send(10, {0, 0, 0, 0});
  sc_core::sc_start();
  const uint64_t spikes = count_spikes(layer);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationMainWrite), 1u);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationMainRead), 1u);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationSideWrite), 1u);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationSideRead), 1u);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kEncoderIndexWrite), spikes);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kEncoderIndexRead), spikes);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kEncoderHistogramBit), 2 * 5 * spikes);
}

// In `count`, a code of magnitude p is written once and read p times.
TEST(SpikeEncoderEnergy, CountReadsAnEntryPerSpikeButWritesItOnce) {
  TinyLayer layer(window_of(10));
  layer.set_all_codes(0, 3);
  ChipSpec chip = tiny_chip();
  chip.spike_code = 1;
  EncoderProbe probe(layer, chip);
  probe.send(10, {0, 0, 0, 0});
  sc_core::sc_start();
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kEncoderIndexWrite), 10u);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kEncoderIndexRead), 30u);
}

// 64 inputs are two chunks of 32: a step takes two cycles, seven steps 14, whatever fires. No scatter: emit starts in
// the cycle after the fill has ended, the head flit takes one.
TEST(SpikeEncoderTiming, BitmapReadsAChunkACycle) {
  const TinyLayer layer(window_of(64));
  ChipSpec chip = tiny_chip();
  chip.payload = Payload::kBitmap;
  EncoderProbe probe(layer, chip);
  probe.send(10, {0, 0, 0, 0});
  sc_core::sc_start();
  const Cycle filled = 11 + 64;
  EXPECT_EQ(probe.sink.cycles.front(), filled + 1 + 1 + 1);
  EXPECT_EQ(probe.sink.cycles.back() - probe.sink.cycles.front(), 14u);
}

// Each step reads every code again: a chunk of 32 codes is 128 bits, one main word, and 2 * 32 side bits (mask and
// fifth bit), one side word.
TEST(SpikeEncoderEnergy, BitmapReadsTheBufferAtEveryStep) {
  const TinyLayer layer(window_of(64));
  ChipSpec chip = tiny_chip();
  chip.payload = Payload::kBitmap;
  EncoderProbe probe(layer, chip);
  probe.send(10, {0, 0, 0, 0});
  sc_core::sc_start();
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationMainRead), 7u * 2);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationSideRead), 7u * 2);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationMainWrite), 2u);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kEncoderIndexWrite), 0u);
}

// The list of 100 inputs, 4 of them salient: counts 0..100 and places take 7 bits each, 7 + 4 * 7 + 4 = 39 bits, one
// word of 8 bytes, where the mask and fifth bits take 104 bits, two. Spikes are the same.
void fills_words(SidePolicy side_format, uint64_t words) {
  TinyLayer layer(window_of(100));
  for (const int k : {3, 50, 51, 99}) layer.set_code(0, 0, k, 0x15, true);
  ChipSpec chip = tiny_chip();
  chip.encoder.side_format = side_format;
  EncoderProbe probe(layer, chip);
  const WindowTag tag{0, 0, 0, 0};
  probe.send(10, tag);
  sc_core::sc_start();
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationMainWrite), 4u);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationSideWrite), words);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationSideRead), words);
  int salient = 0;
  for (const SpikeEvent& event : probe.events(tag)) {
    if (event.kind != SpikeEvent::Kind::kSpike || event.slope == 0) continue;
    EXPECT_TRUE(event.address == 3 || event.address == 50 || event.address == 51 || event.address == 99);
    EXPECT_EQ(event.slope, 2);  // 0x15: negative, x = 1, f = 1
    EXPECT_TRUE(event.negative);
    ++salient;
  }
  EXPECT_EQ(salient, 4);
}

TEST(SpikeEncoderEnergy, AMaskTakesAWordOfTheSideArrayMore) { fills_words(SidePolicy::kMask, 2); }
TEST(SpikeEncoderEnergy, AnIndexListTakesTheWordsOfItsBits) { fills_words(SidePolicy::kIndexList, 1); }

// Of a list, a step of a bitmap reads what belongs to each chunk of 32 inputs: 10 places of 6 bits and fifth bits in
// the first, 70 bits, two words; nothing of the second.
TEST(SpikeEncoderEnergy, BitmapReadsTheListOfEachChunk) {
  TinyLayer layer(window_of(64));
  for (int k = 0; k < 10; ++k) layer.set_code(0, 0, k, 0x15, true);
  ChipSpec chip = tiny_chip();
  chip.payload = Payload::kBitmap;
  chip.encoder.side_format = SidePolicy::kIndexList;
  EncoderProbe probe(layer, chip);
  probe.send(10, {0, 0, 0, 0});
  sc_core::sc_start();
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationMainRead), 7u * 2);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationSideRead), 7u * 2);
}

// On a narrow link the details of a chunk fill flits of their own: they take cycles but read nothing.
TEST(SpikeEncoderEnergy, BitmapDetailsThatOverflowAFlitReadNothingMore) {
  TinyLayer layer(window_of(64));
  layer.set_all_codes(0, 3);  // all fire in one step: 2 * (32 + 32 * 4) bits on flits of 64
  ChipSpec chip = tiny_chip();
  chip.payload = Payload::kBitmap;
  chip.network.link_bits = 64;
  EncoderProbe probe(layer, chip);
  probe.send(10, {0, 0, 0, 0});
  sc_core::sc_start();
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationMainRead), 7u * 2);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kActivationSideRead), 7u * 2);
}

}  // namespace
}  // namespace spikeloom
