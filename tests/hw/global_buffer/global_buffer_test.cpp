#include <gtest/gtest.h>

#include <memory>

#include "tests/support/fifo_probe.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

// Two parts of 64 inputs on two tiles, one per port.
struct BufferProbe {
  explicit BufferProbe(int split = 2, int banks = 4)
      : layer([] {
          TinySpec spec;
          spec.inputs = {128};
          spec.operations = {{0, 8}};
          spec.salient = 0;
          spec.tokens = 2;
          return spec;
        }()),
        tiny(layer, chip(split)),
        buffer("buffer", clock, buffer_spec(banks), tiny.context, 0, 2, &result, ledger) {
    for (int port = 0; port < 2; ++port) {
      const std::string number = std::to_string(port);
      jobs.push_back(std::make_unique<RegisteredFifo<CodesJob>>(clock, 4));
      codes.push_back(std::make_unique<RegisteredFifo<Flit>>(clock, 4));
      source.push_back(std::make_unique<FifoSource<CodesJob>>(("jobs_" + number).c_str(), clock));
      sink.push_back(std::make_unique<FifoSink<Flit>>(("codes_" + number).c_str(), clock));
      source[port]->out(*jobs[port]);
      buffer.jobs_in[port](*jobs[port]);
      buffer.codes_out[port](*codes[port]);
      sink[port]->in(*codes[port]);
    }
    outputs.out(outputs_fifo);
    buffer.outputs_in(outputs_fifo);
    buffer.encoded_in(encoded_fifo);
    buffer.activations_out(activations_fifo);
    activations.in(activations_fifo);
    encoded.out(encoded_fifo);
    buffer.phase_done_out(done_fifo);
    done.in(done_fifo);
    result.outputs.assign(1, std::vector<int>(16, 0));
    result.arrived.assign(1, std::vector<bool>(16, false));
  }
  static ChipSpec chip(int split) {
    ChipSpec spec = tiny_chip(2, 1);
    spec.mapping.input_split = split;
    spec.encoder.ports = 2;
    spec.global_buffer.word_bytes = 8;
    return spec;
  }
  static GlobalBufferSpec buffer_spec(int banks) {
    GlobalBufferSpec spec = chip(2).global_buffer;
    spec.banks = banks;
    return spec;
  }
  // The eight output codes of one token, as a tile sends them: a head flit and 80 bits.
  void send_outputs(Cycle cycle, int token, const std::vector<int>& values) {
    std::vector<uint64_t> bits(3, 0);
    for (size_t i = 0; i < values.size(); ++i) put_bits(bits.data(), 10 * i, 10, uint64_t(int64_t(values[i])));
    Flit head;
    head.type = MessageType::kOutputs;
    head.tag = OutputTag{0, 0, token}.pack();
    outputs.add_all(cycle, make_packets(head, bits, 80, tiny.context.flits, 1000));
  }

  Clock clock{"clock", 500};
  EnergyLedger ledger{1};
  TinyLayer layer;
  TinyContext tiny;
  LayerResult result;
  std::vector<std::unique_ptr<RegisteredFifo<CodesJob>>> jobs;
  std::vector<std::unique_ptr<RegisteredFifo<Flit>>> codes;
  RegisteredFifo<Flit> outputs_fifo{clock, 4};
  RegisteredFifo<int> done_fifo{clock, 4}, encoded_fifo{clock, 4};
  RegisteredFifo<Flit> activations_fifo{clock, 4};
  std::vector<std::unique_ptr<FifoSource<CodesJob>>> source;
  std::vector<std::unique_ptr<FifoSink<Flit>>> sink;
  FifoSource<Flit> outputs{"outputs", clock};
  FifoSink<int> done{"done", clock};
  FifoSource<int> encoded{"encoded", clock};
  FifoSink<Flit> activations{"activations", clock};
  GlobalBuffer buffer;
};

// 64 codes are 64 * (4 + 1) = 320 bits: a head and 3 flits. The job, pushed in 10, is taken in 11, when the head
// leaves; it is seen in 12.
TEST(GlobalBufferTiming, OneFlitOfCodesACycle) {
  BufferProbe probe;
  probe.source[0]->add(10, {{0, 0, 0, 0}});
  sc_core::sc_start();
  EXPECT_EQ(probe.sink[0]->cycles, (std::vector<Cycle>{12, 13, 14, 15}));
}

TEST(GlobalBufferTiming, PortsTakeTurnsAtOneFlitACycle) {
  BufferProbe probe;
  probe.source[0]->add(10, {{0, 0, 0, 0}});
  probe.source[1]->add(10, {{0, 1, 0, 0}});
  sc_core::sc_start();
  EXPECT_EQ(probe.sink[0]->cycles, (std::vector<Cycle>{12, 14, 16, 18}));
  EXPECT_EQ(probe.sink[1]->cycles, (std::vector<Cycle>{13, 15, 17, 19}));
}

TEST(GlobalBufferTiming, AFullPortWaitsAlone) {
  BufferProbe probe;
  probe.sink[0]->stall(0, 100);
  for (int batch = 0; batch < 2; ++batch) probe.source[0]->add(10, {{0, 0, 0, batch}});
  for (int batch = 0; batch < 2; ++batch) probe.source[1]->add(50, {{0, 1, 0, batch}});
  sc_core::sc_start();
  for (Cycle i = 0; i < 8; ++i) EXPECT_EQ(probe.sink[1]->cycles[i], 52 + i);
  EXPECT_EQ(probe.sink[0]->count(), 8u);
}

TEST(GlobalBufferUnit, CodesLeaveAsTheTraceHasThem) {
  BufferProbe probe;
  probe.source[1]->add(10, {{0, 1, 0, 1}});  // part 1 of token 1: inputs 64 .. 127
  sc_core::sc_start();
  const auto& flits = probe.sink[1]->values;
  EXPECT_EQ(WindowTag::unpack(flits[0].tag).batch, 1);
  for (int k = 0; k < 64; ++k)
    EXPECT_EQ(get_bits(flits[1 + k / 32].bits.data(), 4 * (k % 32), 4), probe.layer.trace.inputs[0].code_at(1, 64 + k))
        << k;
  const WindowShifts shifts = WindowShifts::unpack(1, flits[0].bits.data());
  EXPECT_EQ(shifts.E[0], probe.layer.trace.inputs[0].E[1]);
}

// Two flits a token, pushed in 10 to 13, taken in 11 to 14; the last one completes the phase, which is told in 15.
TEST(GlobalBufferTiming, APhaseIsDoneWithItsLastOutputFlit) {
  BufferProbe probe;
  probe.send_outputs(10, 0, {1, -2, 3, -4, 5, -6, 511, -512});
  probe.send_outputs(12, 1, {0, 0, 0, 0, 0, 0, 0, 9});
  sc_core::sc_start();
  EXPECT_EQ(probe.done.cycles, (std::vector<Cycle>{15}));
  EXPECT_EQ(probe.result.outputs[0], (std::vector<int>{1, -2, 3, -4, 5, -6, 511, -512, 0, 0, 0, 0, 0, 0, 0, 9}));
  EXPECT_EQ(probe.result.received, 16u);
}

// A flit is two words, which one bank delivers one after the other: the head in 12, bodies in 13, 15 and 17.
TEST(GlobalBufferBanks, OneBankTakesACycleForEachWord) {
  BufferProbe probe(2, 1);
  probe.source[0]->add(10, {{0, 0, 0, 0}});
  sc_core::sc_start();
  EXPECT_EQ(probe.sink[0]->cycles, (std::vector<Cycle>{12, 13, 15, 17}));
  EXPECT_EQ(probe.buffer.bank_waits(), 2u);
}

// With two banks a flit takes both. Codes of the job taken in 11 would leave in 11 (the head), 12, 13 and 14; outputs
// taken in 12 and 14 (their bodies; heads in 11 and 13) go first.
TEST(GlobalBufferBanks, CodesWaitForOutputsInTheSameBanks) {
  BufferProbe probe(2, 2);
  probe.source[0]->add(10, {{0, 0, 0, 0}});
  probe.send_outputs(10, 0, std::vector<int>(8, 1));
  probe.send_outputs(12, 1, std::vector<int>(8, 1));
  sc_core::sc_start();
  EXPECT_EQ(probe.sink[0]->cycles, (std::vector<Cycle>{12, 14, 16, 17}));
  EXPECT_EQ(probe.done.cycles, (std::vector<Cycle>{15}));
  EXPECT_EQ(probe.buffer.bank_waits(), 2u);
}

// With four banks: codes of token 0 from word 0 on, a flit in banks 0 and 1, then 2 and 3, then 0 and 1, where the
// outputs of token 1, from bit 80 on, take words 1 and 2.
TEST(GlobalBufferBanks, WordsOfDifferentBanksAreReadAndWrittenTogether) {
  BufferProbe probe(2, 4);
  probe.source[0]->add(10, {{0, 0, 0, 0}});
  probe.send_outputs(11, 1, std::vector<int>(8, 1));  // its body in 13, when codes would read banks 2 and 3
  probe.send_outputs(15, 0, std::vector<int>(8, 1));  // its body in 17, when all codes have left
  sc_core::sc_start();
  EXPECT_EQ(probe.sink[0]->cycles, (std::vector<Cycle>{12, 13, 15, 16}));
  EXPECT_EQ(probe.buffer.bank_waits(), 1u);
}

// A flit of 128 bits is two words of 8 bytes; heads are not stored.
TEST(GlobalBufferEnergy, EveryBodyFlitIsReadOrWrittenInWords) {
  BufferProbe probe;
  probe.source[0]->add(10, {{0, 0, 0, 0}});
  probe.send_outputs(10, 0, std::vector<int>(8, 1));
  probe.send_outputs(12, 1, std::vector<int>(8, 1));
  sc_core::sc_start();
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kGlobalBufferRead), 3u * 2);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kGlobalBufferWrite), 2u * 2);
}

}  // namespace
}  // namespace spikeloom
