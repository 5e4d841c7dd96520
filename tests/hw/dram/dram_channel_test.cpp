#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "tests/support/fifo_probe.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

// 8 inputs and 32 outputs on 32 lanes: a row is 16 bytes, one flit; parameters are 32 * (24 + 32) bits, 14 flits.
// The load of a tile: head, 14 parameter flits, head, 8 rows; 22 flits of 16 bytes, 352 bytes, 11 bursts of 32.
constexpr int kParameterFlits = 14, kRowFlits = 8;

struct DramProbe {
  explicit DramProbe(const ChipSpec& spec, int tokens = 1)
      : layer([tokens] {
          TinySpec tiny;
          tiny.tokens = tokens;
          tiny.operations = {{0, 32}, {0, 32}};
          return tiny;
        }()),
        tiny(layer, spec),
        dram("dram", clock, spec.dram, tiny.context, 0, spec.neuron_array, ledger) {
    source.out(loads);
    dram.loads_in(loads);
    dram.weights_out(weights);
    sink.in(weights);
  }
  static ChipSpec chip(int mb_s, int latency_ns = 60) {
    ChipSpec spec = tiny_chip(2, 1);
    spec.synapse_array.lanes = spec.neuron_array.lanes = 32;
    spec.dram.bandwidth_mb_s = mb_s;
    spec.dram.latency_ns = latency_ns;
    return spec;
  }
  void send_loads(Cycle cycle, size_t count) {
    const auto order = load_order(tiny.program);
    for (size_t i = 0; i < count; ++i) source.add(cycle, order[i]);
  }

  Clock clock{"clock", 500};
  EnergyLedger ledger{1};
  TinyLayer layer;
  TinyContext tiny;
  RegisteredFifo<Load> loads{clock, 4};
  RegisteredFifo<Flit> weights{clock, 4};
  FifoSource<Load> source{"source", clock};
  DramChannel dram;
  FifoSink<Flit> sink{"sink", clock};
};

// The cycle in which each flit of a load leaves, from the load's first one on: a flit needs all its 16 bytes, byte i is
// there after ceil(i * clock / bandwidth) cycles, head flits carry none, and one flit leaves a cycle.
std::vector<Cycle> departures(Cycle first, uint64_t mhz, uint64_t mb_s, int packet_flits) {
  std::vector<Cycle> cycles;
  uint64_t bytes = 0;
  const auto message = [&](int flits) {
    for (int i = 0; i < flits; ++i) {
      if (i % (packet_flits - 1) == 0) cycles.push_back(cycles.empty() ? first : cycles.back() + 1);
      bytes += 16;
      cycles.push_back(std::max(cycles.back() + 1, first + (bytes * mhz + mb_s - 1) / mb_s));
    }
  };
  message(kParameterFlits);
  message(kRowFlits);
  return cycles;
}

// Pushed in 10, taken in 11; 60 ns are 30 cycles of 2 ns; a flit that leaves in c is seen in c + 1.
void leaves_at_bandwidth(int mb_s) {
  DramProbe probe(DramProbe::chip(mb_s));
  probe.send_loads(10, 1);
  sc_core::sc_start();
  const std::vector<Cycle> expected = departures(11 + 30, 500, uint64_t(mb_s), 16);
  ASSERT_EQ(probe.sink.count(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(probe.sink.cycles[i], expected[i] + 1) << i;
}

TEST(DramChannelTiming, FirstFlitLeavesAfterTheLatencyAndBytesFollowAtTheBandwidth) { leaves_at_bandwidth(3200); }
TEST(DramChannelTiming, ASlowChannelPacesEveryFlit) { leaves_at_bandwidth(700); }
TEST(DramChannelTiming, AFastChannelSendsOneFlitACycle) { leaves_at_bandwidth(8000); }

// 61 ns are 30.5 cycles: data is there in the cycle after.
TEST(DramChannelTiming, LatencyIsRoundedUpToCycles) {
  DramProbe probe(DramProbe::chip(8000, 61));
  probe.send_loads(10, 1);
  sc_core::sc_start();
  EXPECT_EQ(probe.sink.cycles.front(), 11u + 31 + 1);
}

// The second load is taken one cycle after the first; its latency has passed when the first one's data has, so that
// its first flit leaves right behind it. Without overlap it would come 30 cycles later.
TEST(DramChannelTiming, LatenciesOfLoadsOverlap) {
  DramProbe probe(DramProbe::chip(3200));
  probe.send_loads(10, 2);
  sc_core::sc_start();
  const auto one = departures(11 + 30, 500, 3200, 16), two = departures(one.back() + 1, 500, 3200, 16);
  ASSERT_EQ(probe.sink.count(), one.size() + two.size());
  for (size_t i = 0; i < two.size(); ++i) EXPECT_EQ(probe.sink.cycles[one.size() + i], two[i] + 1) << i;
}

// 1,600 MB/s are a flit in 5 cycles. Nothing is taken from 60 to 149: the 4 places fill and the stream stops. In 150
// the sink takes again, a flit a cycle; in 151 there is a place for the flit that has waited, which the sink takes as
// its fifth; from 151 on a flit leaves in 5 cycles as before.
TEST(DramChannelTiming, AFullOutputStopsTheStream) {
  DramProbe probe(DramProbe::chip(1600));
  probe.sink.stall(60, 150);
  probe.send_loads(10, 1);
  sc_core::sc_start();
  ASSERT_EQ(probe.sink.count(), size_t(2 + kParameterFlits + kRowFlits));
  const size_t before = probe.sink.count_by(149);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(probe.sink.cycles[before + i], 150 + i);
  EXPECT_EQ(probe.sink.cycles[before + 5], 151u + 5 + 1);
  EXPECT_EQ(probe.sink.cycles[before + 6], 151u + 10 + 1);
}

TEST(DramChannelUnit, WeightsArriveAsTheTraceHasThem) {
  DramProbe probe(DramProbe::chip(8000));
  probe.sink.stall_when([](Cycle c) { return c % 3 == 0; });
  probe.send_loads(10, 1);
  sc_core::sc_start();
  const OperationTrace& operation = probe.layer.trace.operations[0];
  const Flit& head = probe.sink.values[1 + kParameterFlits];
  EXPECT_EQ(head.type, MessageType::kWeights);
  EXPECT_EQ(WeightTag::unpack(head.tag).rows, kRowFlits);
  for (int k = 0; k < kRowFlits; ++k)
    EXPECT_EQ(std::memcmp(probe.sink.values[2 + kParameterFlits + k].bits.data(), operation.weights + 16 * k, 16), 0)
        << k;
  for (int n = 0; n < 2; ++n)  // the first parameter flit: theta (24 bits) and V0 (32 bits) of outputs 0 and 1
    EXPECT_EQ(get_bits(probe.sink.values[1].bits.data(), 56 * n, 24), uint64_t(operation.theta[n]));
}

TEST(DramChannelEnergy, ALoadIsReadInWholeBursts) {
  ChipSpec spec = DramProbe::chip(3200);
  spec.dram.burst_bytes = 64;
  DramProbe probe(spec);
  probe.send_loads(10, 1);
  sc_core::sc_start();
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kDramReadBit), 8u * 6 * 64);  // 352 bytes are 5.5 bursts
  EXPECT_EQ(probe.dram.bytes_read(), 6u * 64);
}

}  // namespace
}  // namespace spikeloom
