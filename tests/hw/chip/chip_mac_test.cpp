// Multiply-accumulate tiles on the integers of spiking ones: same outputs, cycles in closed form, energy on paper.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "hw/chip/chip.h"
#include "tests/support/fifo_probe.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

ChipSpec mac_chip(const MacArraySpec& mac, int width = 1, int height = 1) {
  ChipSpec chip = tiny_chip(width, height);
  chip.datapath = TileDatapath::kMultiplyAccumulate;
  chip.payload = Payload::kPackedCodes;
  chip.mac_array = mac;
  return chip;
}

struct Format {
  const char* name;
  void (*apply)(TinySpec*);
};
const Format kFormats[] = {
    {"signed", [](TinySpec*) {}},
    {"signed_g_h", [](TinySpec* s) { s->group = 8, s->g = s->h = true; }},
    {"digits_wide_g_h", [](TinySpec* s) { s->wide = 3, s->digits = true, s->group = 8, s->g = s->h = true; }},
    {"shifted", [](TinySpec* s) { s->salient_format = SalientFormat::kShifted; }},
    {"unsigned_wide_h",
     [](TinySpec* s) { s->code = ActivationCode::kUnsigned, s->z = -3, s->wide = 2, s->group = 8, s->h = true; }},
    {"extended",
     [](TinySpec* s) { s->code = ActivationCode::kUnsigned, s->salient_format = SalientFormat::kExtended, s->z = 15; }},
};

struct Case {
  int format, tree_width, multiplier, gating, accumulators;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (int format = 0; format < 6; ++format)
    for (const int width : {1, 2, 8})
      for (int multiplier = 0; multiplier < 2; ++multiplier)
        for (int gating = 0; gating < 3; ++gating)
          cases.push_back({format, width, multiplier, gating, (format + width + multiplier + gating) % 2});
  return cases;
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
  const Case& c = info.param;
  return std::string(kFormats[c.format].name) + "_trees_of_" + std::to_string(c.tree_width) + "_" +
         multiplier_names()[c.multiplier] + "_" + zero_gating_names()[c.gating] + "_" +
         accumulators_names()[c.accumulators];
}
void PrintTo(const Case& c, std::ostream* out) { *out << kFormats[c.format].name; }

class ChipMacExact : public testing::TestWithParam<Case> {};

TEST_P(ChipMacExact, OutputsAreTheContracts) {
  const Case& c = GetParam();
  std::mt19937 random(unsigned(c.format * 100 + c.tree_width * 10 + c.multiplier * 3 + c.gating));
  TinySpec tiny;
  tiny.tokens = 4;
  tiny.inputs = {40, 24};
  tiny.operations = {{0, 10}, {0, 7}, {1, 9}};
  tiny.seed = random();
  kFormats[c.format].apply(&tiny);
  const TinyLayer layer(tiny);
  ChipSpec spec =
      mac_chip({c.tree_width, Multiplier(c.multiplier), ZeroGating(c.gating), Accumulators(c.accumulators), 24}, 3, 2);
  if (random() % 2) spec.memory_nodes.push_back({2, 1, kEast});
  spec.token_batch = 1 + int(random() % 3);
  spec.mapping.input_split = 1 + int(random() % 3);
  spec.synapse_array.weight_bytes = 2 * spec.synapse_array.row_bytes() * (random() % 2 ? 10 : 64);
  share_banks(int(random() % 5), &spec.synapse_array);
  Chip chip("chip", spec, layer.trace, 1000);
  check_fit(chip.spec(), layer.trace, chip.program());
  chip.run();
  for (size_t o = 0; o < layer.trace.operations.size(); ++o) {
    const OperationTrace& operation = layer.trace.operations[o];
    EXPECT_EQ(chip.result().outputs[o], std::vector<int>(operation.expected.begin(), operation.expected.end()))
        << operation.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Layers, ChipMacExact, testing::ValuesIn(all_cases()), name_of_case);

// The layer of chip_energy_test.cpp: x = {3, -2}, W = {{1, -4}, {7, 5}}, V = {-11, -22}.
TinySpec two_by_two() {
  TinySpec tiny;
  tiny.inputs = {2};
  tiny.operations = {{0, 2}};
  tiny.F = 0;
  tiny.salient = 0;
  return tiny;
}

void fill_two_by_two(TinyLayer* layer) {
  layer->set_code(0, 0, 0, 3);
  layer->set_code(0, 0, 1, 8 | 2);
  const int weights[2][2] = {{1, -4}, {7, 5}};
  for (int k = 0; k < 2; ++k)
    for (int n = 0; n < 2; ++n) layer->set_weight(0, k, n, weights[k][n]);
  for (int n = 0; n < 2; ++n) layer->set_theta(0, n, 1);
  layer->finish();
}

using Counts = std::map<EnergyEvent, uint64_t>;

// What the events of the tile's arithmetic count, all others of the tile's array as well.
void expect_counts(const MacArraySpec& mac, Counts expected) {
  TinyLayer layer(two_by_two());
  fill_two_by_two(&layer);
  Chip chip("chip", mac_chip(mac), layer.trace, 1000);
  chip.run();
  ASSERT_EQ(chip.result().outputs[0], (std::vector<int>{-11, -22}));
  expected[EnergyEvent::kWeightRowWrite] = 2;
  // The buffer holds two codes: a word of nibbles, a word of mask; written once, read once.
  expected[EnergyEvent::kActivationMainWrite] = expected[EnergyEvent::kActivationMainRead] = 1;
  expected[EnergyEvent::kActivationSideWrite] = expected[EnergyEvent::kActivationSideRead] = 1;
  const EnergyEvent arithmetic[] = {
      EnergyEvent::kMultiplyBit,         EnergyEvent::kSerialAndBit,        EnergyEvent::kTreeAddBit,
      EnergyEvent::kAccumulatorAddBit,   EnergyEvent::kProductShiftBit,     EnergyEvent::kAccumulatorReadBit,
      EnergyEvent::kAccumulatorWriteBit, EnergyEvent::kSlopeAddBit,         EnergyEvent::kSlopeReadBit,
      EnergyEvent::kMembraneAddBit,      EnergyEvent::kMembraneShiftBit,    EnergyEvent::kWeightRowWrite,
      EnergyEvent::kWeightRowRead,       EnergyEvent::kRowLatchWriteBit,    EnergyEvent::kActivationMainWrite,
      EnergyEvent::kActivationMainRead,  EnergyEvent::kActivationSideWrite, EnergyEvent::kActivationSideRead,
      EnergyEvent::kEncoderIndexWrite,   EnergyEvent::kEncoderHistogramBit};
  for (const EnergyEvent event : arithmetic)
    EXPECT_EQ(counted(chip.ledger(), event), expected[event]) << info(event).name;
}

// Two products for each of two outputs, 4 x 4 bits each, into membranes of 32 bits.
TEST(ChipMacEnergy, LanesMultiplyShiftAndAddEveryProduct) {
  Counts expected;
  expected[EnergyEvent::kMultiplyBit] = 2 * 2 * 4 * 4;
  expected[EnergyEvent::kProductShiftBit] = expected[EnergyEvent::kAccumulatorAddBit] = 2 * 2 * 32;
  expected[EnergyEvent::kAccumulatorReadBit] = expected[EnergyEvent::kAccumulatorWriteBit] = 2 * 2 * 32;
  expected[EnergyEvent::kWeightRowRead] = 2;
  expected[EnergyEvent::kRowLatchWriteBit] = 2 * 2 * 4;
  expect_counts({1, Multiplier::kParallel, ZeroGating::kSkip, Accumulators::kShared, 20}, expected);
}

// The first product of the exponent is written, the second added; the window's end shifts and adds the sum to V.
TEST(ChipMacEnergy, AnAccumulatorPerExponentIsAddedToTheMembraneOnce) {
  Counts expected;
  expected[EnergyEvent::kMultiplyBit] = 2 * 2 * 4 * 4;
  expected[EnergyEvent::kAccumulatorWriteBit] = 2 * 2 * 20;
  expected[EnergyEvent::kAccumulatorAddBit] = expected[EnergyEvent::kAccumulatorReadBit] = 2 * 20;
  expected[EnergyEvent::kSlopeReadBit] = 2 * 20;  // the sum, as wide as tiny_chip's slopes
  expected[EnergyEvent::kMembraneShiftBit] = expected[EnergyEvent::kMembraneAddBit] = 2 * 32;
  expected[EnergyEvent::kWeightRowRead] = 2;
  expected[EnergyEvent::kRowLatchWriteBit] = 2 * 2 * 4;
  expect_counts({1, Multiplier::kParallel, ZeroGating::kSkip, Accumulators::kPerExponent, 20}, expected);
}

// Trees of 2 on 8 multipliers: one row of the SRAM holds both inputs of up to four outputs; both products of an output
// meet in one adder of 9 bits.
TEST(ChipMacEnergy, ATreeAddsProductsBeforeItAccumulates) {
  Counts expected;
  expected[EnergyEvent::kMultiplyBit] = 2 * 2 * 4 * 4;
  expected[EnergyEvent::kTreeAddBit] = 2 * 9;
  expected[EnergyEvent::kProductShiftBit] = expected[EnergyEvent::kAccumulatorAddBit] = 2 * 32;
  expected[EnergyEvent::kAccumulatorReadBit] = expected[EnergyEvent::kAccumulatorWriteBit] = 2 * 32;
  expected[EnergyEvent::kWeightRowRead] = 1;
  expected[EnergyEvent::kRowLatchWriteBit] = 2 * 2 * 4;
  expect_counts({2, Multiplier::kParallel, ZeroGating::kSkip, Accumulators::kShared, 20}, expected);
}

// 3 = 011b and 2 = 010b: bit 0 of one, bit 1 of both; no bit 2. An AND takes 4 bits of a weight; the adder has 5.
TEST(ChipMacEnergy, BitSerialTreesAddOnceForEachBit) {
  Counts expected;
  expected[EnergyEvent::kSerialAndBit] = (1 + 2) * 2 * 4;
  expected[EnergyEvent::kTreeAddBit] = 2 * 2 * 5;
  expected[EnergyEvent::kProductShiftBit] = expected[EnergyEvent::kAccumulatorAddBit] = 2 * 2 * 32;
  expected[EnergyEvent::kAccumulatorReadBit] = expected[EnergyEvent::kAccumulatorWriteBit] = 2 * 2 * 32;
  expected[EnergyEvent::kWeightRowRead] = 1;
  expected[EnergyEvent::kRowLatchWriteBit] = 2 * 2 * 4;
  expect_counts({2, Multiplier::kBitSerial, ZeroGating::kSkip, Accumulators::kShared, 20}, expected);
}

// One tile, one window of K inputs, weights last (chip_timing_test.cpp derives when they are readable): products issue
// one a cycle from then on, and what follows the last one in cycle p is what follows a spiking tile's last mark.
struct Sizes {
  Cycle inputs, outputs, dram_latency, array_latency;
};

Cycle weights_readable(const Sizes& s) {
  return 2 + s.dram_latency + ceil_div(s.outputs * (24 + 32), 128) + 2 + 6 + s.inputs;
}

Cycle after_last(const Sizes& s, Cycle last) {
  return last + s.array_latency + 1 + 10 + ceil_div(s.outputs * 10, 128) + 1 + 6 + 1 + 1;
}

Cycle cycles_of(const TinyLayer& layer, const Sizes& s, const MacArraySpec& mac) {
  ChipSpec spec = mac_chip(mac);
  spec.dram.device.timing.RL = int(s.dram_latency) - 13;
  spec.synapse_array.latency_cycles = int(s.array_latency);
  Chip chip("chip", spec, layer.trace, 1000);
  chip.run();
  return chip.cycles();
}

TinySpec layer_of(const Sizes& s) {
  TinySpec spec;
  spec.inputs = {int(s.inputs)};
  spec.operations = {{0, int(s.outputs)}};
  spec.salient = 0;
  return spec;
}

Cycle nonzero(const TinyLayer& layer, int first, int count) {
  Cycle values = 0;
  for (int k = first; k < first + count; ++k) values += layer.a(0, 0, k) != 0;
  return values;
}

class ChipMacTiming : public testing::Test {
 protected:
  const Sizes s{20, 8, 200, 5};
  const TinyLayer layer{layer_of(s)};
};

TEST_F(ChipMacTiming, LanesThatSkipTakeACycleForEachCodeThatIsNotZero) {
  const Cycle products = nonzero(layer, 0, 20);
  ASSERT_LT(products, 20u);
  EXPECT_EQ(cycles_of(layer, s, {1, Multiplier::kParallel, ZeroGating::kSkip, Accumulators::kShared, 20}),
            after_last(s, weights_readable(s) + products - 1));
}

TEST_F(ChipMacTiming, LanesThatGateTakeACycleForEveryCode) {
  EXPECT_EQ(cycles_of(layer, s, {1, Multiplier::kParallel, ZeroGating::kGate, Accumulators::kShared, 20}),
            after_last(s, weights_readable(s) + 20 - 1));
}

TEST_F(ChipMacTiming, AccumulatorsPerExponentTakeOneCycleMoreForEachAtTheEnd) {
  EXPECT_EQ(cycles_of(layer, s, {1, Multiplier::kParallel, ZeroGating::kGate, Accumulators::kPerExponent, 20}),
            after_last(s, weights_readable(s) + 20 - 1 + 1));
}

// Trees of 4 on 8 multipliers: 5 groups of inputs, each for 8 outputs, two at a time.
TEST_F(ChipMacTiming, TreesTakeACycleForEachGroupAndRowOfOutputs) {
  EXPECT_EQ(cycles_of(layer, s, {4, Multiplier::kParallel, ZeroGating::kGate, Accumulators::kShared, 20}),
            after_last(s, weights_readable(s) + 5 * 4 - 1));
}

TEST_F(ChipMacTiming, BitSerialTreesTakeThreeTimesAsLong) {
  EXPECT_EQ(cycles_of(layer, s, {4, Multiplier::kBitSerial, ZeroGating::kGate, Accumulators::kShared, 20}),
            after_last(s, weights_readable(s) + 3 * 5 * 4 - 1));
}

}  // namespace
}  // namespace spikeloom
