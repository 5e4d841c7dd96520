// Tiles that dequantize: every y equals the reference's bit for bit, in many shapes; what does not fit is refused.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "hw/chip/chip.h"
#include "models/mac_layer.h"
#include "models/mac_reference.h"
#include "tests/support/mac_files.h"
#include "tests/support/tiny_layer.h"
#include "tests/support/user_error.h"

namespace spikeloom {
namespace {

ChipSpec dequantizing_chip(TileDatapath datapath, const MacArraySpec& mac, int width = 1, int height = 1) {
  ChipSpec chip = tiny_chip(width, height);
  chip.datapath = datapath;
  chip.payload = Payload::kPackedCodes;
  chip.mac_array = mac;
  return chip;
}

struct Form {
  const char* name;
  bool symmetric;
  std::vector<MacGroup> groups;  // of both inputs; none: binary16
};
const std::vector<Form>& forms() {
  static const std::vector<Form> all = {
      {"w4a4", true, {{40, 4, 4}}},
      {"w3a2", true, {{40, 2, 3}}},
      {"groups", true, {{16, 4, 4}, {16, 4, 4}, {8, 4, 4}}},
      {"outliers_of_8_bits", true, {{16, 4, 4}, {17, 4, 4}, {7, 8, 8}}},
      {"zero_points", false, {{40, 4, 4}}},
      {"zero_points_and_5_bits", false, {{31, 4, 4}, {9, 5, 4}}},
      {"zero_points_and_7_bits", false, {{20, 3, 4}, {20, 7, 8}}},
      {"codes_of_8_bits", true, {{40, 8, 4}}},
      {"weights_of_6_bits", true, {{40, 4, 6}}},
      {"binary16", true, {}},
  };
  return all;
}

struct Case {
  size_t form;
  TileDatapath datapath;
  int tree_width, multiplier, gating, accumulators;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (size_t form = 0; form < forms().size(); ++form) {
    const bool integers = !forms()[form].groups.empty();
    for (int gating = 0; gating < 3; ++gating) {
      cases.push_back(
          {form, integers ? TileDatapath::kDequantizeMultiply : TileDatapath::kFloatMultiply, 1, 0, gating, 0});
      for (const int width : {1, 2, 8})
        for (int multiplier = 0; integers && multiplier < 2; ++multiplier)
          cases.push_back({form, TileDatapath::kMultiplyDequantize, width, multiplier, gating,
                           int(form + width + multiplier + gating) % 2});
    }
  }
  return cases;
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
  const Case& c = info.param;
  return std::string(forms()[c.form].name) + "_" + datapath_names()[int(c.datapath)] + "_trees_of_" +
         std::to_string(c.tree_width) + "_" + multiplier_names()[c.multiplier] + "_" + zero_gating_names()[c.gating] +
         "_" + accumulators_names()[c.accumulators];
}
void PrintTo(const Case& c, std::ostream* out) { *out << forms()[c.form].name; }

void expect_exact(const LayerTrace& layer, const ChipSpec& spec) {
  Chip chip("chip", spec, layer, 1000);
  check_fit(chip.spec(), layer, chip.program());
  chip.run();
  for (size_t o = 0; o < layer.operations.size(); ++o) {
    const OperationTrace& operation = layer.operations[o];
    ASSERT_EQ(chip.result().sums[o].size(), operation.sums.size());
    for (size_t i = 0; i < operation.sums.size(); ++i)
      ASSERT_EQ(std::memcmp(&chip.result().sums[o][i], &operation.sums[i], sizeof(float)), 0)
          << operation.name << " " << i << ": " << chip.result().sums[o][i] << ", " << operation.sums[i];
    EXPECT_EQ(chip.result().outputs[o], std::vector<int>(operation.expected.begin(), operation.expected.end()));
  }
}

class ChipDequantizeExact : public testing::TestWithParam<Case> {};

TEST_P(ChipDequantizeExact, SumsAreTheReferences) {
  const Case& c = GetParam();
  std::mt19937 random(unsigned(c.form * 1000 + c.tree_width * 10 + c.multiplier * 3 + c.gating));
  const Form& form = forms()[c.form];
  MacShape shape;
  shape.tokens = 4;
  shape.symmetric = form.symmetric;
  shape.inputs = {{40, form.groups}, {40, form.groups}};
  shape.operations = {{0, 10}, {0, 7}, {1, 9}};
  shape.seed = random();
  const LayerTrace layer =
      make_mac_layer(random_mac_trace(shape),
                     c.datapath == TileDatapath::kDequantizeMultiply ? Dequantized::kOperands : Dequantized::kSums);
  ChipSpec spec = dequantizing_chip(
      c.datapath, {c.tree_width, Multiplier(c.multiplier), ZeroGating(c.gating), Accumulators(c.accumulators), 24}, 3,
      2);
  if (random() % 2) spec.memory_nodes.push_back({2, 1, kEast});
  spec.token_batch = 1 + int(random() % 3);
  if (!layer.inputs[0].in_order) spec.mapping.input_split = 1 + int(random() % 3);
  spec.synapse_array.weight_bytes = 2 * spec.synapse_array.row_bytes() * (random() % 2 ? 12 : 256);
  share_banks(int(random() % 5), &spec.synapse_array);
  spec.dequantizer = {1 + int(random() % 8), 1 + int(random() % 5)};
  expect_exact(layer, spec);
}

INSTANTIATE_TEST_SUITE_P(Layers, ChipDequantizeExact, testing::ValuesIn(all_cases()), name_of_case);

MacShape two_groups() {
  MacShape shape;
  shape.inputs = {{40, {{20, 4, 4}, {20, 4, 4}}}};
  shape.operations = {{0, 8}};
  return shape;
}

TEST(ChipDequantizeConfig, InputsOfSeveralGroupsAreNotSplit) {
  const LayerTrace layer = make_mac_layer(random_mac_trace(two_groups()), Dequantized::kSums);
  ChipSpec spec = dequantizing_chip(TileDatapath::kMultiplyDequantize, tiny_chip().mac_array, 2, 1);
  spec.mapping.input_split = 2;
  EXPECT_EQ(user_error_of([&] { Chip("chip", spec, layer, 1000); }),
            "mapping.input_split: 2 parts would change the order in which the binary32 sums of input 'i0' are added; "
            "set it to 1");
}

TEST(ChipDequantizeMappingUnit, AutomaticMappingKeepsSeveralGroupsOnOneTile) {
  const LayerTrace layer = make_mac_layer(random_mac_trace(two_groups()), Dequantized::kSums);
  ChipSpec spec = dequantizing_chip(TileDatapath::kMultiplyDequantize, tiny_chip().mac_array, 3, 2);
  spec.mapping.automatic = true;
  Chip chip("chip", spec, layer, 1000);
  EXPECT_EQ(chip.program().phases[0].parts.size(), 1u);
}

// 20 inputs of 4-bit codes, at most 7, and weights of at most 8: 1120 in 12 bits.
TEST(ChipDequantizeConfig, AccumulatorsMustHoldTheLargestSum) {
  auto trace = std::make_shared<MacTrace>(*random_mac_trace(two_groups()));
  const std::vector<int8_t> weights(40 * 8, -8);
  trace->operations[0].weights = weights.data();
  const LayerTrace layer = make_mac_layer(trace, Dequantized::kSums);
  EXPECT_EQ(accumulator_needs(layer.inputs[0], layer.operations[0]), 12);
}

// One group of 40 inputs; weights of -1, 0 and 1, or of -1 and 1, lie packed as on a spiking chip.
class ChipDequantizePacked : public testing::TestWithParam<bool> {};

TEST_P(ChipDequantizePacked, FewBitsAreFewBytesAndTheSameSums) {
  const bool ternary = GetParam();
  MacShape shape;
  shape.tokens = 3;
  shape.inputs = {{40, {{40, 4, 2}}}};
  shape.operations = {{0, 8}};
  auto trace = std::make_shared<MacTrace>(*random_mac_trace(shape));
  std::vector<int8_t> weights(40 * 8);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = ternary ? int8_t(i % 3) - 1 : i * i % 7 < 3 ? 1 : -1;
  trace->operations[0].weights = weights.data();
  trace->operations[0].expected = run_mac_reference(*trace, trace->operations[0]);
  const LayerTrace layer = make_mac_layer(trace, Dequantized::kSums);
  EXPECT_EQ(layer.weight_kind, ternary ? WeightKind::kTernary : WeightKind::kBinary);
  const ChipSpec spec = dequantizing_chip(TileDatapath::kMultiplyDequantize, tiny_chip().mac_array, 2, 1);
  EXPECT_EQ(spec.for_weights(layer.weight_kind).synapse_array.row_bytes(), ternary ? 2 : 1);  // 8 lanes
  expect_exact(layer, spec);
}

INSTANTIATE_TEST_SUITE_P(Kinds, ChipDequantizePacked, testing::Bool(),
                         [](const auto& info) { return info.param ? "ternary" : "binary"; });

}  // namespace
}  // namespace spikeloom
