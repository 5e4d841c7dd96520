// A weight loader alone, between a source of loads, a mock DRAM and a sink of flits.
#include "hw/weight_loader/weight_loader.h"

#include <gtest/gtest.h>

#include <cstring>

#include "tests/support/fifo_probe.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

// 8 inputs and 32 outputs on 32 lanes: a row is 16 bytes, one flit; parameters are 32 * (24 + 32) bits, 14 flits.
// The load of a tile: head, 14 parameter flits, head, 8 rows; 22 flits of 16 bytes, 352 bytes, 11 bursts of 32.
constexpr int kParameterFlits = 14, kRowFlits = 8, kFlits = 24, kBursts = 11;

// Answers burst i of everything asked for in the cycle that `answer` gives for it, at the earliest two after the
// request was pushed.
class MockDram : public Block {
 public:
  FifoIn<DramRequest> in;
  FifoOut<DramResponse> out;
  std::vector<DramRequest> requests;
  std::function<Cycle(uint64_t id, Cycle now)> answer = [](uint64_t, Cycle now) { return now + 1; };

  MockDram(const sc_core::sc_module_name& name, Clock& clock) : Block(name, clock), in("in"), out("out") {}

 private:
  void tick() override {
    while (in->can_pop()) {
      requests.push_back(in->front());
      for (uint64_t i = 0; i < in->front().bytes / 32; ++i) {
        const Cycle at = std::max(answer(in->front().id + i, now()), now() + 1);
        due_.emplace(at - 1, in->front().id + i);
        if (at - 1 > now()) wake_at(at - 1);
      }
      in->pop();
    }
    for (; !due_.empty() && due_.begin()->first <= now(); due_.erase(due_.begin()))
      out->push({due_.begin()->second, 0, false});
  }
  std::multimap<Cycle, uint64_t> due_;
};

struct LoaderProbe {
  explicit LoaderProbe(int buffer_bytes = 4096, int tokens = 1)
      : layer([tokens] {
          TinySpec tiny;
          tiny.tokens = tokens;
          tiny.operations = {{0, 32}, {0, 32}};
          return tiny;
        }()),
        spec([buffer_bytes] {
          ChipSpec chip = tiny_chip(2, 1);
          chip.synapse_array.lanes = chip.neuron_array.lanes = 32;
          chip.weight_loader.buffer_bytes = buffer_bytes;
          return chip;
        }()),
        tiny(layer, spec),
        loader("loader", clock, spec.weight_loader, spec.dram, tiny.context, 0, spec.neuron_array, ledger) {
    source.out(loads);
    loader.loads_in(loads);
    loader.requests_out(requests);
    dram.in(requests);
    dram.out(responses);
    loader.responses_in[0](responses);
    loader.weights_out(weights);
    cached.out(to_cache);
    loader.cached_in(to_cache);
    loader.cached_out(written_fifo);
    written.in(written_fifo);
    sink.in(weights);
  }
  void send_loads(Cycle cycle, size_t count) {
    const auto order = load_order(tiny.program);
    for (size_t i = 0; i < count; ++i) source.add(cycle, order[i]);
  }

  Clock clock{"clock", 500};
  EnergyLedger ledger{1};
  TinyLayer layer;
  ChipSpec spec;
  TinyContext tiny;
  RegisteredFifo<Load> loads{clock, 4};
  RegisteredFifo<int> to_cache{clock, 2}, written_fifo{clock, 2};
  RegisteredFifo<DramRequest> requests{clock, 4};
  RegisteredFifo<DramResponse> responses{clock, 256};
  RegisteredFifo<Flit> weights{clock, 4};
  FifoSource<Load> source{"source", clock};
  FifoSource<int> cached{"cached", clock};
  FifoSink<int> written{"written", clock};
  WeightLoader loader;
  MockDram dram{"dram", clock};
  FifoSink<Flit> sink{"sink", clock};
};

// Pushed in 10, taken and requested in 11, answered so that the first burst is seen in 100 and the others are there
// too: a flit leaves in each cycle from 100 on, and is seen one later.
TEST(WeightLoaderTiming, W01_AFlitLeavesInTheCycleInWhichItsBytesCome) {
  LoaderProbe probe;
  probe.dram.answer = [](uint64_t, Cycle) { return Cycle{100}; };
  probe.send_loads(10, 1);
  sc_core::sc_start();
  ASSERT_EQ(probe.dram.requests.size(), 1u);
  EXPECT_EQ(probe.dram.requests[0].bytes, 32u * kBursts);
  ASSERT_EQ(probe.sink.count(), size_t(kFlits));
  for (int i = 0; i < kFlits; ++i) EXPECT_EQ(probe.sink.cycles[i], Cycle(100 + i + 1)) << i;
}

// A burst every 10 cycles: burst b holds body flits 2 b and 2 b + 1. A head waits for the flit behind it.
TEST(WeightLoaderTiming, W02_SlowDataPaceTheFlits) {
  LoaderProbe probe;
  probe.dram.answer = [](uint64_t id, Cycle) { return 100 + 10 * id; };
  probe.send_loads(10, 1);
  sc_core::sc_start();
  Cycle last = 0;
  int body = 0;
  for (int i = 0; i < kFlits; ++i) {
    const bool head = i == 0 || i == 1 + kParameterFlits;
    const Cycle data = 100 + 10 * Cycle(body / 2);
    last = std::max(last + 1, data);
    EXPECT_EQ(probe.sink.cycles[i], last + 1) << i;
    EXPECT_EQ(probe.sink.values[i].head, head) << i;
    body += !head;
  }
}

// Bursts come in the reverse order: nothing leaves before the first one, which is the last to come.
TEST(WeightLoaderTiming, W03_FlitsLeaveInOrderWhateverOrderTheDataHave) {
  LoaderProbe probe;
  probe.dram.answer = [](uint64_t id, Cycle) { return 200 - id; };
  probe.send_loads(10, 1);
  sc_core::sc_start();
  for (int i = 0; i < kFlits; ++i) EXPECT_EQ(probe.sink.cycles[i], Cycle(200 + i + 1)) << i;
}

// Loads are taken one a cycle and requested at once, one request a cycle.
TEST(WeightLoaderTiming, W04_LoadsAreRequestedAheadOfTheirTurn) {
  LoaderProbe probe;
  std::vector<Cycle> asked;
  probe.dram.answer = [&](uint64_t, Cycle now) {
    asked.push_back(now);
    return Cycle{100};
  };
  probe.send_loads(10, 2);
  sc_core::sc_start();
  ASSERT_EQ(asked.size(), size_t(2 * kBursts));
  EXPECT_EQ(asked.front(), 12u);  // pushed in 11
  EXPECT_EQ(asked.back(), 13u);
  for (int i = 0; i < 2 * kFlits; ++i) EXPECT_EQ(probe.sink.cycles[i], Cycle(100 + i + 1)) << i;
}

// Nothing is taken from 110 to 199: the 4 places of the output fill, and flits go on a cycle after the first is taken.
TEST(WeightLoaderTiming, W05_AFullOutputStopsTheFlits) {
  LoaderProbe probe;
  probe.dram.answer = [](uint64_t, Cycle) { return Cycle{100}; };
  probe.sink.stall(110, 200);
  probe.send_loads(10, 1);
  sc_core::sc_start();
  const int before = 110 - 101;  // seen in 101 .. 109
  for (int i = 0; i < kFlits; ++i) EXPECT_EQ(probe.sink.cycles[i], Cycle(i < before ? 101 + i : 200 + i - before)) << i;
  EXPECT_EQ(probe.loader.activity().cycles(ActivityState::kStalledOutput), 200u + 1 - (110 + 3));
}

// 256 bytes hold 8 bursts. Once the output has stopped, no more is asked for than the buffer holds and what has left
// it.
TEST(WeightLoaderUnit, W06_AFullBufferStopsTheRequests) {
  LoaderProbe probe(256);
  probe.sink.stall(0, 500);
  probe.send_loads(10, 2);
  uint64_t asked_in_time = 0;
  probe.dram.answer = [&](uint64_t, Cycle now) {
    asked_in_time += now < 500;
    return now + 20;
  };
  sc_core::sc_start();
  // Four flits wait at the output, one of them a head: three of 16 bytes have left the buffer, one burst of room.
  EXPECT_EQ(asked_in_time, 8u + 1);
  EXPECT_EQ(probe.sink.count(), size_t(2 * kFlits));
}

TEST(WeightLoaderUnit, W07_EveryByteOfEveryLoadIsAskedForOnce) {
  LoaderProbe probe(256);
  probe.sink.stall_when([](Cycle c) { return c % 5 < 2; });
  probe.send_loads(10, 2);
  sc_core::sc_start();
  uint64_t next = 0;
  for (const DramRequest& request : probe.dram.requests) {
    EXPECT_EQ(request.address, next);
    EXPECT_EQ(request.id, next / 32);
    EXPECT_FALSE(request.write);
    next += request.bytes;
  }
  EXPECT_EQ(next, 2u * 32 * kBursts);
  EXPECT_EQ(next, probe.loader.layout().bytes());
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kWeightBufferWrite), 2u * 2 * kBursts);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kWeightBufferRead), 2u * (kParameterFlits + kRowFlits));
}

TEST(WeightLoaderUnit, W08_WeightsArriveAsTheTraceHasThem) {
  LoaderProbe probe;
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

// 24 inputs in slices of 4 rows (128 bytes of weight SRAM, rows of 16): more slices than the two halves hold, so that
// the second token's batch loads them again, without the parameters, from where they lie.
TEST(WeightLayoutUnit, W09_ASliceThatIsLoadedAgainIsReadFromWhereItLies) {
  TinySpec tiny;
  tiny.tokens = 2;
  tiny.inputs = {24};
  tiny.operations = {{0, 32}};
  const TinyLayer layer(tiny);
  ChipSpec spec = tiny_chip();
  spec.synapse_array = {32, 128, 2, 2};
  spec.neuron_array.lanes = 32;
  const TinyContext context(layer, spec);
  const WeightLayout layout(layer.trace, context.program, 0, spec.neuron_array, WeightPacking::kFourBits, 128, 32, 0);
  const std::vector<Load> loads = load_order(context.program);
  ASSERT_EQ(loads.size(), 2u * 6);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(layout.place(loads[i]).address, uint64_t(i == 0 ? 0 : 16 * 14 + 64 * i)) << i;
    EXPECT_EQ(layout.place(loads[i]).parameter_bytes, i == 0 ? 16u * 14 : 0u) << i;
    EXPECT_EQ(layout.place(loads[i]).row_bytes, 64u) << i;
    EXPECT_EQ(&layout.place(loads[6 + i]), &layout.place(loads[i])) << i;
  }
  EXPECT_EQ(layout.bytes(), 16u * 14 + 6 * 64);
  EXPECT_TRUE(layout.has_parameters(loads[0]));
  EXPECT_FALSE(layout.has_parameters(loads[6]));
}

}  // namespace
}  // namespace spikeloom
