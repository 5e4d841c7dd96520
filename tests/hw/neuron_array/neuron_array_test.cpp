#include "hw/neuron_array/neuron_array.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "tests/support/fifo_probe.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

using Kind = NeuronCommand::Kind;
constexpr int kOutputs = 4, kBits = 10;

// F = 0 and theta = 1: an output code is its membrane, as long as it fits.
TinySpec spec_of(int tokens = 1, int output_bits = kBits) {
  TinySpec spec;
  spec.tokens = tokens;
  spec.output_bits = output_bits;
  spec.operations = {{0, kOutputs}};
  spec.F = 0;
  return spec;
}

// Two 4-bit weights a byte, the even output in the low nibble.
std::vector<uint8_t> packed(const std::vector<int>& weights) {
  std::vector<uint8_t> bytes(64, 0);
  for (size_t n = 0; n < weights.size(); ++n) bytes[n / 2] |= uint8_t((weights[n] & 15) << (n % 2 * 4));
  return bytes;
}

struct NeuronProbe {
  explicit NeuronProbe(const TinySpec& spec = spec_of(), const ChipSpec& chip = tiny_chip(), int tile = 0)
      : layer(spec),
        tiny(layer, chip),
        neurons(chip.neuron_array),
        array("array", clock, chip.neuron_array, tiny.context, tiny.topology, tile, ledger) {
    commands.out(command_fifo);
    array.commands_in(command_fifo);
    parameters.out(parameter_fifo);
    array.parameters_in(parameter_fifo);
    partials.out(partial_fifo);
    array.partials_in(partial_fifo);
    grants.out(grant_fifo);
    array.grants_in(grant_fifo);
    array.outputs_out(output_fifo);
    outputs.in(output_fifo);
    array.partials_out(partial_out_fifo);
    partials_out.in(partial_out_fifo);
    array.control_out(control_fifo);
    control.in(control_fifo);
    array.membrane_free_out(free_fifo);
    frees.in(free_fifo);
  }
  // Thresholds 1 and these initial membranes, from cycle 1 on.
  void send_parameters(const std::vector<int64_t>& v0, const std::vector<int>& h = {}) {
    std::vector<uint64_t> bits(16, 0);
    uint64_t at = 0;
    for (const int64_t v : v0) {
      put_bits(bits.data(), at, neurons.threshold_bits, 1);
      at += neurons.threshold_bits;
      put_bits(bits.data(), at, neurons.membrane_bits, uint64_t(v));
      at += neurons.membrane_bits;
    }
    for (const int shift : h) {
      put_bits(bits.data(), at, 2, uint64_t(shift));
      at += 2;
    }
    Flit head;
    head.type = MessageType::kParameters;
    parameters.add_all(1, make_packets(head, bits, at, tiny.context.flits, 16));
  }
  // Every command arrives one cycle after `cycle`.
  void send(Cycle cycle, NeuronCommand command) { commands.add(cycle, command); }
  void start(Cycle cycle, int tokens = 1, int batch = 0, const WindowShifts& shifts = {}) {
    NeuronCommand command;
    command.kind = Kind::kBatchStart;
    command.tokens = tokens;
    command.batch = batch;
    send(cycle, command);
    command.kind = Kind::kWindowStart;
    command.shifts = shifts;
    send(cycle + 1, command);
  }
  void rows(Cycle cycle, const std::vector<WeightedRow>& rows) {
    NeuronCommand command;
    command.kind = Kind::kRows;
    command.count = uint8_t(rows.size());
    std::copy(rows.begin(), rows.end(), command.rows.begin());
    send(cycle, command);
  }
  void mark(Cycle cycle, int step = 0) {
    NeuronCommand command;
    command.kind = Kind::kMark;
    command.step = uint8_t(step);
    send(cycle, command);
  }
  void end(Cycle cycle) {
    NeuronCommand command;
    command.kind = Kind::kSliceEnd;
    command.batch_complete = true;
    send(cycle, command);
  }
  // The output codes of the i-th token sent.
  std::vector<int> codes(size_t token = 0) const {
    const int bits = layer.trace.output_bits;
    std::vector<int> values;
    const Flit& body = outputs.values.at(2 * token + 1);
    for (int n = 0; n < kOutputs; ++n)
      values.push_back(int(sign_extend(get_bits(body.bits.data(), uint64_t(n) * bits, bits), bits)));
    return values;
  }

  Clock clock{"clock", 500};
  EnergyLedger ledger{1};
  TinyLayer layer;
  TinyContext tiny;
  NeuronArraySpec neurons;
  RegisteredFifo<NeuronCommand> command_fifo{clock, 64};
  RegisteredFifo<Flit> parameter_fifo{clock, 4}, partial_fifo{clock, 4}, grant_fifo{clock, 4}, output_fifo{clock, 4},
      partial_out_fifo{clock, 4}, control_fifo{clock, 4};
  RegisteredFifo<int> free_fifo{clock, 4};
  FifoSource<NeuronCommand> commands{"commands", clock};
  FifoSource<Flit> parameters{"parameters", clock}, partials{"partials", clock}, grants{"grants", clock};
  NeuronArray array;
  FifoSink<Flit> outputs{"outputs", clock}, partials_out{"partials_out", clock}, control{"control", clock};
  FifoSink<int> frees{"frees", clock};
};

// S = A - B, once; two marks: V = V0 + 2 S.
TEST(NeuronArrayUnit, SlopesAddAndSubtractRowsAndMarksAddSlopes) {
  const auto a = packed({1, -2, 3, -8}), b = packed({7, 1, -1, 2});
  NeuronProbe probe;
  probe.send_parameters({100, -100, 0, 5});
  probe.start(20);
  probe.rows(30, {{a.data(), 0, 0, false, false}, {b.data(), 0, 0, true, false}});
  probe.mark(31);
  probe.mark(32);
  probe.end(33);
  sc_core::sc_start();
  EXPECT_EQ(probe.codes(), (std::vector<int>{100 - 12, -100 - 6, 0 + 8, 5 - 20}));
  EXPECT_EQ(probe.array.additions(), 2u * kOutputs);
}

// Slope 2 stands for a salient exponent x = 1: shift 1 + x + E = 2 + 1 with E = 1, one more for g.
// A wide row's `hi` half (slope + 7) is shifted by 4 more; its `lo` half is unsigned.
TEST(NeuronArrayUnit, MarksShiftByExponentGroupAndHalf) {
  const auto w = packed({1, -1, 2, 3}), lo = packed({15, 0, 1, 8}), hi = packed({-1, 1, 0, -2});
  WindowShifts shifts;
  shifts.E[0] = 1;
  shifts.g[0] = 1;
  NeuronProbe probe;
  probe.send_parameters({0, 0, 0, 0});
  probe.start(20, 1, 0, shifts);
  probe.rows(30, {{w.data(), 0, 2, false, false}, {lo.data(), 0, 0, false, true}, {hi.data(), 0, 7, false, false}});
  probe.mark(31);
  probe.end(40);
  sc_core::sc_start();
  const auto V = [](int w, int lo, int hi) { return (w << (2 + 1 + 1)) + ((lo + (hi * 16)) * 2); };
  EXPECT_EQ(probe.codes(), (std::vector<int>{V(1, 15, -1), V(-1, 0, 1), V(2, 1, 0), V(3, 8, -2)}));
}

TEST(NeuronArrayUnit, WeightShiftsDifferByOutput) {
  const auto w = packed({1, 2, -3, 4});
  TinySpec spec = spec_of();
  spec.h = true;
  NeuronProbe probe(spec);
  probe.send_parameters({0, 0, 0, 0}, {0, 1, 2, 3});
  probe.start(20);
  probe.rows(30, {{w.data(), 0, 0, false, false}});
  probe.mark(31);
  probe.end(40);
  sc_core::sc_start();
  EXPECT_EQ(probe.codes(), (std::vector<int>{1, 4, -12, 32}));
}

TEST(NeuronArrayUnit, OutputsSaturateAtBothEnds) {
  NeuronProbe probe;
  probe.send_parameters({511, 512, -512, -5000});
  probe.start(20);
  probe.end(30);
  sc_core::sc_start();
  EXPECT_EQ(probe.codes(), (std::vector<int>{511, 511, -512, -512}));
}

// The slice's end, pushed in 30, arrives in 31: R is formed in 31, ten bits are found in 32 .. 41, the head leaves in
// 42, the body in 43, the next token's R is formed in 44. Flits are seen a cycle later.
TEST(NeuronArrayTiming, RadixFiringTakesOneCycleAndOnePerOutputBit) {
  NeuronProbe probe(spec_of(3), [] {
    ChipSpec chip = tiny_chip();
    chip.token_batch = 3;
    return chip;
  }());
  probe.send_parameters({1, 2, 3, 4});
  probe.start(20, 3);
  probe.end(30);
  sc_core::sc_start();
  std::vector<Cycle> expected;
  for (Cycle token = 0; token < 3; ++token)
    for (Cycle flit = 0; flit < 2; ++flit) expected.push_back(31 + token * (1 + kBits + 2) + 1 + kBits + flit + 1);
  EXPECT_EQ(probe.outputs.cycles, expected);
  EXPECT_EQ(probe.frees.cycles, (std::vector<Cycle>{expected.back()}));  // with the last flit of the batch
}

// B = 4 and theta = 1: a lane subtracts V + 8 times, at most 15 times; the slowest lane counts.
TEST(NeuronArrayTiming, UnaryFiringTakesOneCycleAndOnePerSpikeOfTheSlowestLane) {
  ChipSpec chip = tiny_chip();
  chip.neuron_array.firing = FiringPolicy::kUnary;
  NeuronProbe probe(spec_of(1, 4), chip);
  probe.send_parameters({-8, -3, 2, 0});
  probe.start(20);
  probe.end(30);
  sc_core::sc_start();
  EXPECT_EQ(probe.outputs.cycles.front(), 31u + 1 + (2 + 8) + 1);
  EXPECT_EQ(probe.codes(), (std::vector<int>{-8, -3, 2, 0}));
}

// Batch 1 starts in 32, while batch 0, complete in 31, fires until 43; neither disturbs the other.
TEST(NeuronArrayTiming, ABatchIntegratesWhileTheOneBeforeFires) {
  const auto a = packed({1, 1, 1, 1}), b = packed({2, 2, 2, 2});
  NeuronProbe probe(spec_of(2));
  probe.send_parameters({10, 20, 30, 40});
  probe.start(20, 1, 0);
  probe.rows(28, {{a.data(), 0, 0, false, false}});
  probe.mark(29);
  probe.end(30);
  probe.start(31, 1, 1);
  probe.rows(33, {{b.data(), 0, 0, true, false}});
  probe.mark(34);
  probe.end(35);
  sc_core::sc_start();
  EXPECT_EQ(probe.codes(0), (std::vector<int>{11, 21, 31, 41}));
  EXPECT_EQ(probe.codes(1), (std::vector<int>{8, 18, 28, 38}));
  // Batch 1's R is formed in the cycle after batch 0's last flit, which left in 31 + 1 + 10 + 1.
  EXPECT_EQ(probe.outputs.cycles[2], 31u + (1 + kBits + 2) + 1 + kBits + 1);
}

TEST(NeuronArrayUnit, AStalledOutputHoldsFiringAndLosesNothing) {
  NeuronProbe probe(spec_of(4), [] {
    ChipSpec chip = tiny_chip();
    chip.token_batch = 4;
    return chip;
  }());
  probe.outputs.stall_when([](Cycle c) { return c < 300 || c % 7 != 0; });
  probe.send_parameters({1, -2, 3, -4});
  probe.start(20, 4);
  probe.end(30);
  sc_core::sc_start();
  ASSERT_EQ(probe.outputs.count(), 8u);
  for (int token = 0; token < 4; ++token) {
    EXPECT_EQ(probe.codes(token), (std::vector<int>{1, -2, 3, -4}));
    EXPECT_EQ(OutputTag::unpack(probe.outputs.values[2 * token].tag).row, token);
  }
}

// One chain of tiles, one a part: the first fires.
ChipSpec split_chip(int parts = 2) {
  ChipSpec chip = tiny_chip(parts, 1);
  chip.mapping.input_split = parts;
  return chip;
}

Flit grant_of(int tile) { return make_control_flit(MessageType::kGrant, OutputTag{0, tile, 0}.pack(), tile + 1, 0, 0); }

// Four membranes of 32 bits are a head and one flit, pushed in 100 and 101, taken in 101 and 102: R is formed in 102.
TEST(NeuronArrayTiming, FiringWaitsForThePartialMembranesOfTheNextPart) {
  NeuronProbe probe(spec_of(), split_chip(), 0);
  probe.send_parameters({1, 2, 3, 4});
  probe.start(20);
  probe.end(30);
  std::vector<uint64_t> bits(4, 0);
  const std::vector<int64_t> partial = {100, -100, 7, -8};
  for (int n = 0; n < kOutputs; ++n) put_bits(bits.data(), 32 * n, 32, uint64_t(partial[n]));
  Flit head;
  head.type = MessageType::kPartials;
  probe.partials.add_all(100, make_packets(head, bits, 128, probe.tiny.context.flits, 1000));
  sc_core::sc_start();
  EXPECT_EQ(probe.codes(), (std::vector<int>{101, -98, 10, -4}));
  EXPECT_EQ(probe.outputs.cycles.front(), 102u + 1 + kBits + 1);
}

// Its sums are complete in 31: then the tile behind may send. The grant is on its way in 32.
TEST(NeuronArrayTiming, TheFirstPartGrantsTheNextWhenItsOwnMembranesAreComplete) {
  NeuronProbe probe(spec_of(), split_chip(), 0);
  probe.send_parameters({1, 2, 3, 4});
  probe.start(20);
  probe.end(30);
  sc_core::sc_start();
  EXPECT_EQ(probe.control.cycles, (std::vector<Cycle>{32}));
  EXPECT_EQ(probe.control.values[0].type, MessageType::kGrant);
  EXPECT_EQ(probe.control.values[0].destination, 1u);
  EXPECT_EQ(probe.control.values[0].tag, (OutputTag{0, 0, 0}.pack()));
}

// What the middle part takes it must be able to hand on: it grants when it has been granted, in 50.
TEST(NeuronArrayTiming, AMiddlePartGrantsWhenItIsGranted) {
  NeuronProbe probe(spec_of(), split_chip(3), 1);
  probe.send_parameters({1, 2, 3, 4});
  probe.start(20);
  probe.end(30);
  probe.grants.add(49, grant_of(0));
  sc_core::sc_start();
  EXPECT_EQ(probe.control.cycles, (std::vector<Cycle>{51}));
  EXPECT_EQ(probe.control.values[0].destination, 2u);
  EXPECT_EQ(probe.partials_out.count(), 0u);
}

// The last part's tile does not fire: its membranes leave in the cycle in which they are complete and granted, here
// granted before, a flit a cycle.
TEST(NeuronArrayTiming, TheLastPartSendsItsMembranesAtOnce) {
  NeuronProbe probe(spec_of(), split_chip(), 1);
  probe.send_parameters({5, -6, 7, -8});
  probe.start(20);
  probe.end(30);
  probe.grants.add(25, grant_of(0));
  sc_core::sc_start();
  EXPECT_EQ(probe.partials_out.cycles, (std::vector<Cycle>{32, 33}));
  EXPECT_EQ(probe.partials_out.values[0].destination, 0);
  const int64_t expected[] = {5, -6, 7, -8};
  for (int n = 0; n < kOutputs; ++n)
    EXPECT_EQ(sign_extend(get_bits(probe.partials_out.values[1].bits.data(), 32 * n, 32), 32), expected[n]);
  EXPECT_EQ(probe.outputs.count(), 0u);
}

// Two batches, whose grants come in 49 and 50 and wait for their batch; without one nothing leaves.
TEST(NeuronArrayTiming, MembranesOfABatchWaitForItsOwnGrant) {
  TinySpec spec = spec_of(2);
  ChipSpec chip = split_chip();
  chip.token_batch = 1;
  NeuronProbe probe(spec, chip, 1);
  probe.send_parameters({5, -6, 7, -8});
  probe.start(20);
  probe.end(30);
  probe.start(32, 1, 1);
  probe.end(40);
  Flit second = grant_of(0);
  second.tag = OutputTag{0, 0, 1}.pack();
  probe.grants.add_all(49, {grant_of(0), second});
  sc_core::sc_start();
  EXPECT_EQ(probe.partials_out.cycles, (std::vector<Cycle>{51, 52, 53, 54}));
}

// Four lanes of 20-bit slopes, 32-bit membranes, 48-bit residues, 24-bit thresholds. Two rows into one slope and two
// marks, V = {88, -106, 8, -15}, B = 10.
TEST(NeuronArrayEnergy, EveryRegisterAccessIsCountedInBitsOfTheLanesInUse) {
  const auto a = packed({1, -2, 3, -8}), b = packed({7, 1, -1, 2});
  NeuronProbe probe;
  probe.send_parameters({100, -100, 0, 5});
  probe.start(20);
  probe.rows(30, {{a.data(), 0, 0, false, false}, {b.data(), 0, 0, true, false}});
  probe.mark(31);
  probe.mark(32);
  probe.end(33);
  sc_core::sc_start();
  const uint64_t slope = 4 * 20, membrane = 4 * 32, residue = 4 * 48, threshold = 4 * 24, B = 10;
  const auto bits = [&](EnergyEvent event) { return counted(probe.ledger, event); };
  EXPECT_EQ(bits(EnergyEvent::kSlopeAddBit), 2 * slope);
  EXPECT_EQ(bits(EnergyEvent::kSlopeWriteBit), 2 * slope);
  EXPECT_EQ(bits(EnergyEvent::kSlopeReadBit), (1 + 2) * slope);  // the second row; each mark
  EXPECT_EQ(bits(EnergyEvent::kMembraneShiftBit), 2 * membrane);
  EXPECT_EQ(bits(EnergyEvent::kMembraneAddBit), 2 * membrane);
  EXPECT_EQ(bits(EnergyEvent::kMembraneReadBit), (1 + 2 + 1) * membrane);  // V0; each mark; R
  EXPECT_EQ(bits(EnergyEvent::kMembraneWriteBit), (1 + 2) * membrane);
  EXPECT_EQ(bits(EnergyEvent::kResidueAddBit), 2 * residue);
  EXPECT_EQ(bits(EnergyEvent::kCompareSubtractBit), B * residue);
  EXPECT_EQ(bits(EnergyEvent::kResidueReadBit), B * residue);
  EXPECT_EQ(bits(EnergyEvent::kThresholdReadBit), (1 + B) * threshold);
  uint64_t subtractions = 0;  // one per bit set of o + 512
  for (const int o : {88, -106, 8, -15}) subtractions += uint64_t(__builtin_popcount(unsigned(o + 512)));
  EXPECT_EQ(bits(EnergyEvent::kResidueWriteBit), residue + subtractions * 48);
  EXPECT_EQ(bits(EnergyEvent::kThresholdWriteBit), 4u * (24 + 32));  // without the padding of their last flit
}

// Codes that clear their slopes write the first row of every step without reading.
TEST(NeuronArrayEnergy, AClearedSlopeIsWrittenNotRead) {
  const auto w = packed({1, 1, 1, 1});
  ChipSpec chip = tiny_chip();
  chip.spike_code = 2;  // radix
  NeuronProbe probe(spec_of(), chip);
  probe.send_parameters({0, 0, 0, 0});
  probe.start(20);
  for (int step = 0; step < 3; ++step) {
    probe.rows(30 + 2 * step, {{w.data(), 0, 0, false, false}});
    probe.mark(31 + 2 * step, step);
  }
  probe.end(40);
  sc_core::sc_start();
  EXPECT_EQ(probe.codes(), (std::vector<int>(4, 1 + 2 + 4)));
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kSlopeReadBit), 3u * 4 * 20);  // at the marks only
}

}  // namespace
}  // namespace spikeloom
