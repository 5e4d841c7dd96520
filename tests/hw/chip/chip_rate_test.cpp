// Recorded spikes on the chip: every spike and every sum equals the trace's, in every packing of weights and payload;
// the events of a layer counted on paper.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "hw/chip/chip.h"
#include "models/rate_layer.h"
#include "tests/support/fifo_probe.h"
#include "tests/support/rate_files.h"
#include "tests/support/tiny_layer.h"
#include "tests/support/user_error.h"

namespace spikeloom {
namespace {

ChipSpec rate_chip(int width = 1, int height = 1) {
  ChipSpec spec = tiny_chip(width, height);
  spec.spike_code = kRateCode;
  spec.payload = Payload::kBitmap;
  return spec;
}

void expect_outputs_of(const LayerTrace& layer, Chip& chip) {
  for (size_t o = 0; o < layer.operations.size(); ++o) {
    const std::vector<int64_t>& expected = layer.operations[o].expected;
    EXPECT_EQ(chip.result().outputs[o], std::vector<int>(expected.begin(), expected.end())) << layer.operations[o].name;
  }
}

struct Case {
  WeightKind kind;
  bool five_per_byte;
  int payload, batch, split, variant;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const WeightKind kind : {WeightKind::kFourBits, WeightKind::kTernary, WeightKind::kBinary})
    for (const bool five : {false, true})
      for (int payload = 0; payload < 3; ++payload)
        for (int variant = 0; variant < 3; ++variant) {
          if (five && kind != WeightKind::kTernary) continue;
          const int at = static_cast<int>(cases.size());
          cases.push_back({kind, five, payload, 1 + 2 * (at % 3), 1 + at % 2, variant});
        }
  return cases;
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
  const Case& c = info.param;
  const char* const kinds[] = {"four_bits", "ternary", "binary"};
  return std::string(kinds[int(c.kind)]) + (c.five_per_byte ? "_five_per_byte_" : "_") + payload_names()[c.payload] +
         "_" + "abc"[c.variant];
}
void PrintTo(const Case& c, std::ostream* out) { *out << "batch " << c.batch << ", split " << c.split; }

class ChipRateExact : public testing::TestWithParam<Case> {};

TEST_P(ChipRateExact, SpikesAndSumsAreTheTraces) {
  const Case& c = GetParam();
  std::mt19937 random(unsigned(c.payload * 10 + c.variant + 100 * int(c.kind)));
  const TempFolder folder;
  const RateTrace trace = RateTrace::open(random_rate_trace({c.kind, 3, 7, unsigned(random())}).write(folder));
  const LayerTrace layer = make_rate_layer(trace, c.variant == 2 ? 4 : 0);
  ChipSpec spec = rate_chip(3, 2);
  if (random() % 2) spec.memory_nodes.push_back({2, 1, kEast});
  spec.payload = Payload(c.payload);
  spec.token_batch = c.batch;
  spec.mapping.input_split = c.split;
  spec.synapse_array.five_per_byte = c.five_per_byte;
  spec.synapse_array.weight_bytes = c.variant == 1 ? 2 * 20 * spec.synapse_array.row_bytes() : 4096;
  share_banks(c.variant, &spec.synapse_array);
  Chip chip("chip", spec, layer, 1000);
  check_fit(chip.spec(), layer, chip.program());
  chip.run();
  expect_outputs_of(layer, chip);
}

INSTANTIATE_TEST_SUITE_P(Layers, ChipRateExact, testing::ValuesIn(all_cases()), name_of_case);

// Blocks of 1 to 6 of 6 steps: states go through the state memory.
class ChipRateBlocks : public testing::TestWithParam<int> {};

TEST_P(ChipRateBlocks, SpikesAndSumsAreTheTracesHoweverStepsAreCut) {
  const int block = GetParam();
  const TempFolder folder;
  const RateTrace trace =
      RateTrace::open(random_rate_trace({WeightKind::kTernary, 3, 6, unsigned(block)}).write(folder));
  const LayerTrace layer = make_rate_layer(trace, 0, {block});
  ASSERT_EQ(layer.operations.size(), trace.operations.size() * 6 / block);
  ChipSpec spec = rate_chip(3, 2);
  spec.token_batch = 4;
  spec.mapping.input_split = 1 + block % 2;
  spec.neuron_array.state_bytes = 4096;
  spec.neuron_array.state_word_bytes = 16;
  Chip chip("chip", spec, layer, 1000);
  check_fit(chip.spec(), layer, chip.program());
  chip.run();
  expect_outputs_of(layer, chip);
}

INSTANTIATE_TEST_SUITE_P(Steps, ChipRateBlocks, testing::Values(1, 2, 3, 6));

// Weights of a block come after the check before it, and checks are the vector unit's.
TEST(ChipRateBlocksUnit, ABlockWaitsForTheCheckOfTheOneBefore) {
  const TempFolder folder;
  const RateTrace trace = RateTrace::open(random_rate_trace({WeightKind::kTernary, 3, 6, 1}).write(folder));
  const LayerTrace layer = make_rate_layer(trace, 0, {2, 0.0001});
  ASSERT_EQ(layer.step_run.run, 6);
  ChipSpec spec = rate_chip(3, 2);
  spec.neuron_array.state_bytes = 4096;
  Chip chip("chip", spec, layer, 1000);
  const std::vector<Phase>& phases = chip.program().phases;
  int checks = 0;
  for (size_t i = 0; i < phases.size(); ++i) {
    if (!phases[i].is_vector() || layer.vector_unit[phases[i].vector_work].kind != VectorKind::kSettled) continue;
    ++checks;
    for (size_t later = i + 1; later < phases.size(); ++later)
      if (!phases[later].is_vector() && layer.inputs[phases[later].input].after == "settled.2") {
        EXPECT_EQ(phases[later].loads_after, int(i));
      }
    EXPECT_EQ(layer.vector_unit[phases[i].vector_work].name, "settled.2");
  }
  EXPECT_EQ(checks, 1);  // after the second block; nothing follows the third
  chip.run();
  EXPECT_EQ(chip.result().received, chip.result().expected);
}

// Both tokens of rate_reference_test.cpp's trace, blocks of one step: of p and q, states of two tokens are written
// after steps 0 and 1 and read before steps 1 and 2. 8 lanes of 48 bits are three words of 16 bytes.
TEST(ChipRateEnergy, StatesAreReadAndWrittenBetweenBlocks) {
  const TempFolder folder;
  const LayerTrace layer = make_rate_layer(RateTrace::open(small_rate_trace().write(folder)), 0, {1});
  ChipSpec spec = rate_chip();
  spec.neuron_array.state_bytes = 1024;
  spec.neuron_array.state_word_bytes = 16;
  ASSERT_EQ(spec.neuron_array.lanes, 8);
  Chip chip("chip", spec, layer, 1000);
  chip.run();
  EXPECT_EQ(counted(chip.ledger(), EnergyEvent::kNeuronStateWrite), 2u * 2 * 2 * 3);
  EXPECT_EQ(counted(chip.ledger(), EnergyEvent::kNeuronStateRead), 2u * 2 * 2 * 3);
}

// Four words of three of 16 bytes: two tokens of p and of q.
TEST(ChipRateConfig, AStateMemoryThatIsTooSmallIsRefused) {
  const TempFolder folder;
  const LayerTrace layer = make_rate_layer(RateTrace::open(small_rate_trace().write(folder)), 0, {1});
  ChipSpec spec = rate_chip();
  spec.neuron_array.state_bytes = 4 * 3 * 16 - 1;
  spec.neuron_array.state_word_bytes = 16;
  const Chip chip("chip", spec, layer, 1000);
  const std::string message = user_error_of([&] { check_fit(chip.spec(), layer, chip.program()); });
  EXPECT_NE(message.find("191 is too small for 'states of neurons between blocks of steps', which needs 192"),
            std::string::npos)
      << message;
}

// One token of rate_reference_test.cpp's trace in its first two steps, on one tile, both steps in one batch. Input 0
// spikes in both, input 1 in the first. p has two lanes, q one; each is a pass of its own on the one tile.
TEST(ChipRateEnergy, EventsOfTwoStepsAreCountedOnPaper) {
  const TempFolder folder;
  LayerTrace layer = make_rate_layer(RateTrace::open(small_rate_trace().write(folder)), 2);
  layer.select({"p", "q"}, 1);
  ChipSpec spec = rate_chip();
  spec.token_batch = 2;
  spec.synapse_array.five_per_byte = true;
  Chip chip("chip", spec, layer, 1000);
  chip.run();
  const uint64_t slope = 20, membrane = 32, residue = 48, threshold = 24;
  const uint64_t p = 2, q = 1, steps = 2;  // lanes
  std::map<EnergyEvent, uint64_t> expected;
  // Three spikes add a row each; the first of a step opens its slope; a step's one mark adds its slope to its sum.
  expected[EnergyEvent::kSlopeAddBit] = 3 * slope * (p + q);
  expected[EnergyEvent::kSlopeWriteBit] = 3 * slope * (p + q);
  expected[EnergyEvent::kSlopeReadBit] = (1 + steps) * slope * (p + q);
  expected[EnergyEvent::kMembraneAddBit] = steps * membrane * (p + q);
  // Cleared, and added to; read at the mark and by the neuron, which also reads its bias.
  expected[EnergyEvent::kMembraneWriteBit] = 2 * steps * membrane * (p + q);
  expected[EnergyEvent::kMembraneReadBit] = steps * membrane * (3 * p + 2 * q);
  // A neuron adds the sum and the bias, compares once; a running sum adds only. The first step has no state to read.
  expected[EnergyEvent::kResidueAddBit] = steps * residue * (2 * p + q);
  expected[EnergyEvent::kCompareSubtractBit] = steps * residue * p;
  expected[EnergyEvent::kThresholdReadBit] = steps * threshold * p;
  expected[EnergyEvent::kResidueReadBit] = (steps - 1) * residue * (p + q) + steps * residue * p;
  expected[EnergyEvent::kResidueWriteBit] = steps * residue * (p + q) + 2 * residue;  // p's output 0 fires twice
  expected[EnergyEvent::kThresholdWriteBit] = p * (threshold + membrane);
  // Input 0's row serves both steps. A row is a byte of up to five weights.
  expected[EnergyEvent::kWeightRowRead] = 2 * 2;
  expected[EnergyEvent::kWeightRowWrite] = 2 * 3;
  expected[EnergyEvent::kTernaryUnpackByte] = 2 * 2;
  expected[EnergyEvent::kRowLatchWriteBit] = 2 * 2 * (p + q);
  for (const auto& [event, count] : expected)
    EXPECT_EQ(counted(chip.ledger(), event), count) << kEnergyEvents[size_t(event)].name;
}

}  // namespace
}  // namespace spikeloom
