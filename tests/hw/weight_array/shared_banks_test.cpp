// Halves of a weight SRAM that share their banks: when the rows of the next load are written beside the reads of the
// load at hand. Reads and arrivals are known from what is sent; a small model says in which cycles rows are written.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "models/mac_layer.h"
#include "tests/support/mac_files.h"
#include "tests/support/weight_probe.h"

namespace spikeloom {
namespace {

constexpr int kRows = 32;  // of each of two loads
constexpr int kHalfRows = 33;
constexpr size_t kPlaces = 64;  // flits that wait at the tile

using Kind = NeuronCommand::Kind;
using Cycles = std::vector<Cycle>;

Cycles from_on(Cycle first, size_t count) {
  Cycles cycles;
  for (size_t i = 0; i < count; ++i) cycles.push_back(first + i);
  return cycles;
}

ChipSpec chip_of(int banks, int half_rows = kHalfRows, Halves halves = Halves::kSharedBanks) {
  ChipSpec chip = tiny_chip();
  chip.synapse_array.weight_bytes = 2 * half_rows * chip.synapse_array.row_bytes();
  chip.synapse_array.banks = banks;
  chip.synapse_array.latency_cycles = 3;
  chip.synapse_array.halves = halves;
  return chip;
}

TinySpec layer_of(int outputs, int tokens = 1) {
  TinySpec spec;
  spec.inputs = {2 * kRows};
  spec.operations = {{0, outputs}};
  spec.tokens = tokens;
  spec.salient = 0;
  return spec;
}

// Load 0, whose rows are read, lies in half 0; row r of load 1 at word kHalfRows + r.
struct Read {
  Cycle at;
  int row;
};
// What comes in, in order: when a flit can be taken, and how many rows it completes.
struct Arrival {
  Cycle from;
  int rows;
};
struct Written {
  Cycles cycles;
  Cycle waits = 0;
};

// One row a cycle, each in the first cycle in which no read uses its bank; a flit is taken in the cycle after the last
// row of the one before, or in the next one where that completes none.
Written model(const std::vector<Read>& reads, int banks, const std::vector<Arrival>& arrivals) {
  Written written;
  Cycle free_from = 0;
  int row = 0;
  for (const Arrival& arrival : arrivals) {
    Cycle now = std::max(arrival.from, free_from);
    for (int i = 0; i < arrival.rows; ++i, ++row, ++now) {
      const auto meets = [&](const Read& read) {
        return read.at == now && read.row % banks == (kHalfRows + row) % banks;
      };
      for (; std::any_of(reads.begin(), reads.end(), meets); ++now) ++written.waits;
      written.cycles.push_back(now);
    }
    free_from = std::max(now, std::max(arrival.from, free_from) + 1);
  }
  return written;
}

// The flits of load 1 as they were pushed, which are the last ones.
std::vector<Arrival> arrivals_of(const WeightProbe& probe, const std::vector<int>& messages) {
  const int rows_a_flit = 16 / probe.row_bytes();
  std::vector<int> rows;
  for (int left : messages) {
    rows.push_back(0);
    for (; left > 0; left -= rows_a_flit) rows.push_back(std::min(left, rows_a_flit));
  }
  std::vector<Arrival> arrivals;
  const Cycles& pushed = probe.weights.pushed;
  for (size_t i = 0; i < rows.size(); ++i) arrivals.push_back({pushed[pushed.size() - rows.size() + i] + 1, rows[i]});
  return arrivals;
}

// Of load 1.
Cycles writes_of(WeightProbe* probe) {
  Cycles writes = probe->cycles_of(EnergyEvent::kWeightRowWrite);
  EXPECT_EQ(writes.size(), size_t(2 * kRows));
  writes.erase(writes.begin(), writes.begin() + kRows);
  return writes;
}

std::vector<SpikeEvent> spikes_at(int first, int count) {
  std::vector<SpikeEvent> spikes(count);
  for (int i = 0; i < count; ++i) spikes[i].address = uint16_t(first + i);
  return spikes;
}

// Heads are pushed in 100 and taken in 101; the first spike's row is read, and the first row of load 1 comes, in 102.
// 31 spikes in one step.
void run_31_reads(SynapseProbe* probe, int first) {
  probe->send_rows(1, 0, kRows, 0);
  probe->send_rows(100, 0, kRows, 1);
  probe->send_spikes(100, {0, 0, 0, 0}, {spikes_at(first, 31)});
  probe->send_spikes(101, {0, 0, 1, 0}, {spikes_at(0, 1)});
  sc_core::sc_start();
  EXPECT_EQ(probe->cycles_of(EnergyEvent::kWeightRowRead).front(), 102u);
}

// Rows 1, 2, 3 .. are read in the cycles in which rows 0, 1, 2 .. are written: in two banks they never meet, since a
// half begins at an even word. The load is there in 134, the window's seven marks end in 139: nothing waits.
TEST(SharedBanksTiming, RowsOfOtherBanksAreWrittenAsOfBanksOfTheirOwn) {
  const TinyLayer layer(layer_of(4));
  SynapseProbe probe(layer.trace, chip_of(2, 34), kPlaces);
  run_31_reads(&probe, 1);
  EXPECT_EQ(writes_of(&probe), from_on(102, kRows));
  EXPECT_EQ(probe.array->bank_waits(), 0u);
  EXPECT_EQ(probe.cycles_of(Kind::kWindowStart), (Cycles{101 + probe.latency, 140 + probe.latency}));
}

TEST(SharedBanksTiming, BanksOfTheHalvesOwnNeverMakeARowWait) {
  const TinyLayer layer(layer_of(4));
  SynapseProbe probe(layer.trace, chip_of(2, 34, Halves::kOwnBanks), kPlaces);
  run_31_reads(&probe, 0);
  EXPECT_EQ(writes_of(&probe), from_on(102, kRows));
  EXPECT_EQ(probe.array->bank_waits(), 0u);
  EXPECT_EQ(probe.array->activity().cycles(ActivityState::kStalledWeights), 35u - 2u);
  EXPECT_EQ(probe.cycles_of(Kind::kWindowStart), (Cycles{101 + probe.latency, 140 + probe.latency}));
}

// One bank, read in 102 .. 132: n rows are written in the n cycles after that, and the next window starts after them.
// Until then the array is stalled, from 140 on, when the marks have ended, as it was from 2 on, when load 0 began to
// come, until its last row was written in 34.
TEST(SharedBanksTiming, RowsOfATakenBankAreWrittenAfterTheReads) {
  const TinyLayer layer(layer_of(4));
  SynapseProbe probe(layer.trace, chip_of(1), kPlaces);
  run_31_reads(&probe, 0);
  EXPECT_EQ(writes_of(&probe), from_on(133, kRows));
  EXPECT_EQ(probe.array->bank_waits(), 31u);
  EXPECT_EQ(probe.array->activity().cycles(ActivityState::kStalledWeights), (133 + kRows - 140u) + (35u - 2u));
  EXPECT_EQ(probe.cycles_of(Kind::kWindowStart), (Cycles{101 + probe.latency, 133 + kRows + probe.latency}));
}

// Three tokens fire at inputs 2 and 5: of six cycles the first and the fourth read, 102 and 105.
TEST(SharedBanksTiming, ALatchedRowLeavesItsBankFree) {
  const TinyLayer layer(layer_of(4, 3));
  ChipSpec chip = chip_of(1);
  chip.token_batch = 3;
  SynapseProbe probe(layer.trace, chip, kPlaces);
  std::vector<SpikeEvent> spikes;
  for (const int address : {2, 5})
    for (int slot = 0; slot < 3; ++slot) {
      spikes.push_back(SpikeEvent());
      spikes.back().address = uint16_t(address);
      spikes.back().slot = uint8_t(slot);
    }
  probe.send_rows(1, 0, kRows, 0);
  probe.send_rows(100, 0, kRows, 1);
  probe.send_spikes(100, {0, 0, 0, 0}, {spikes});
  sc_core::sc_start();
  Cycles expected = {103, 104};
  for (const Cycle cycle : from_on(106, kRows - 2)) expected.push_back(cycle);
  EXPECT_EQ(writes_of(&probe), expected);
  EXPECT_EQ(probe.array->bank_waits(), 2u);
}

// Seven steps of random spikes; the rows of load 1 come in messages of random sizes at random times. A run of rows
// reaches the slopes with its last one, which has been read `latency` cycles before.
class SharedBanksRandomTiming : public testing::TestWithParam<int> {};

TEST_P(SharedBanksRandomTiming, RowsAreWrittenWhenTheirBankIsFree) {
  const int banks = GetParam();
  std::mt19937 random(static_cast<unsigned>(banks));
  const TinyLayer layer(layer_of(4));
  SynapseProbe probe(layer.trace, chip_of(banks), kPlaces);
  std::vector<std::vector<SpikeEvent>> steps(7);
  std::vector<int> rows;
  for (auto& step : steps)
    for (int k = 0; k < kRows; ++k)
      if (random() % 2) {
        step.push_back(spikes_at(k, 1)[0]);
        rows.push_back(k);
      }
  probe.send_rows(1, 0, kRows, 0);
  probe.send_spikes(100, {0, 0, 0, 0}, steps);
  std::vector<int> messages;
  Cycle cycle = 95;
  for (int row = 0; row < kRows; row += messages.back()) {
    messages.push_back(std::min(kRows - row, 1 + int(random() % 20)));
    probe.send_rows(cycle += random() % 30, row, messages.back(), 1);
  }
  sc_core::sc_start();
  std::vector<Read> reads;
  const Cycles ends = probe.cycles_of(Kind::kRows);
  const std::vector<NeuronCommand> runs = probe.commands_of(Kind::kRows);
  for (size_t run = 0; run < runs.size(); ++run)
    for (int i = 0; i < runs[run].count; ++i) {
      const int row = rows[reads.size()];
      // Where the last spike of a step is the next step's first, its row is still latched.
      const bool latched = !reads.empty() && reads.back().row == row;
      reads.push_back({latched ? 0 : ends[run] - probe.latency + 1 + i - runs[run].count, row});
    }
  ASSERT_EQ(reads.size(), rows.size());
  const Written expected = model(reads, banks, arrivals_of(probe, messages));
  EXPECT_GT(expected.waits, 0u);
  EXPECT_EQ(writes_of(&probe), expected.cycles);
  EXPECT_EQ(probe.array->bank_waits(), expected.waits);
}

INSTANTIATE_TEST_SUITE_P(Banks, SharedBanksRandomTiming, testing::Values(1, 2, 3, 4, 5, 8));

// What an array that multiplies reads from its window's start on, in one window of load 0 and for one token.
void expect_written(CodeProbe* probe, int banks, const std::vector<Read>& reads_from_the_start) {
  probe->send_rows(1, 0, kRows, 0);
  probe->send_codes(100, {0, 0, 0, 0});
  probe->send_rows(100, 0, kRows, 1);
  sc_core::sc_start();
  const Cycle start = probe->cycles_of(Kind::kWindowStart).at(0) - probe->latency;
  std::vector<Read> reads = reads_from_the_start;
  for (Read& read : reads) read.at += start;
  const Written expected = model(reads, banks, arrivals_of(*probe, {kRows}));
  EXPECT_EQ(writes_of(probe), expected.cycles);
  EXPECT_EQ(probe->array->bank_waits(), expected.waits);
  EXPECT_EQ(probe->array->rows_read(), reads.size());
}

struct MultiplierCase {
  int banks, tree_width;
};
void PrintTo(const MultiplierCase& c, std::ostream* out) { *out << c.banks << " banks, trees of " << c.tree_width; }
class SharedBanksMacTiming : public testing::TestWithParam<MultiplierCase> {};

// Bit-serial, three bits a magnitude, no code skipped: a row of lanes takes three cycles and is read in the first. A
// tree of two takes the rows of two inputs for four outputs at a time: as many reads, in the places of both rows.
TEST_P(SharedBanksMacTiming, ARowTakesItsPortInTheFirstOfItsCycles) {
  const TinyLayer layer(layer_of(8));
  ChipSpec chip = chip_of(GetParam().banks);
  chip.datapath = TileDatapath::kMultiplyAccumulate;
  chip.payload = Payload::kPackedCodes;
  chip.mac_array = {GetParam().tree_width, Multiplier::kBitSerial, ZeroGating::kNone, Accumulators::kShared, 24};
  CodeProbe probe(layer.trace, chip, kPlaces);
  std::vector<Read> reads;
  for (int row = 0; row < kRows; ++row) reads.push_back({Cycle(3 * row), row});
  expect_written(&probe, GetParam().banks, reads);
}

INSTANTIATE_TEST_SUITE_P(Banks, SharedBanksMacTiming,
                         testing::Values(MultiplierCase{1, 1}, MultiplierCase{1, 2}, MultiplierCase{2, 1},
                                         MultiplierCase{2, 2}, MultiplierCase{5, 2}));

class SharedBanksFloatTiming : public testing::TestWithParam<int> {};

ChipSpec float_chip(TileDatapath datapath, int banks) {
  ChipSpec chip = chip_of(banks);
  chip.datapath = datapath;
  chip.payload = Payload::kPackedCodes;
  chip.mac_array = {1, Multiplier::kParallel, ZeroGating::kNone, Accumulators::kShared, 24};
  return chip;
}

// Eight inputs of binary16, of four rows each: those of an input, one after another, in ceil(4 / banks) cycles.
TEST_P(SharedBanksFloatTiming, TheRowsOfAnInputTakeTheirBanksAtOnce) {
  const int banks = GetParam();
  MacShape shape;
  shape.inputs = {{2 * kRows / 4, {}}};
  shape.operations = {{0, 8}};
  const LayerTrace layer = make_mac_layer(random_mac_trace(shape), Dequantized::kSums);
  CodeProbe probe(layer, float_chip(TileDatapath::kFloatMultiply, banks), kPlaces);
  std::vector<Read> reads;
  for (int input = 0; input < kRows / 4; ++input)
    for (int plane = 0; plane < 4; ++plane)
      reads.push_back({Cycle(input * ((4 + banks - 1) / banks) + plane / banks), 4 * input + plane});
  expect_written(&probe, banks, reads);
}

// Sixteen inputs of 8-bit weights: input i has rows i and 16 + i, which lie in one bank where that divides 16, and then
// are read one after the other.
TEST_P(SharedBanksFloatTiming, RowsOfAnInputThatLieInOneBankAreReadOneAfterAnother) {
  const int banks = GetParam();
  MacShape shape;
  shape.inputs = {{kRows, {{kRows, 4, 8}}}};
  shape.operations = {{0, 8}};
  const LayerTrace layer = make_mac_layer(random_mac_trace(shape), Dequantized::kOperands);
  CodeProbe probe(layer, float_chip(TileDatapath::kDequantizeMultiply, banks), kPlaces);
  const int cycles = 16 % banks == 0 ? 2 : 1;
  std::vector<Read> reads;
  for (int input = 0; input < kRows / 2; ++input) {
    reads.push_back({Cycle(cycles * input), input});
    reads.push_back({Cycle(cycles * input + cycles - 1), 16 + input});
  }
  expect_written(&probe, banks, reads);
}

INSTANTIATE_TEST_SUITE_P(Banks, SharedBanksFloatTiming, testing::Values(1, 2, 3, 4, 5, 8));

}  // namespace
}  // namespace spikeloom
