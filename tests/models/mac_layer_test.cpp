// Multiply-accumulate traces as layers: what codes and rows say are the trace's integers; sizes by hand.
#include "models/mac_layer.h"

#include <gtest/gtest.h>

#include "models/activation_code.h"
#include "models/mac_reference.h"
#include "tests/support/mac_files.h"
#include "tests/support/user_error.h"

namespace spikeloom {
namespace {

LayerTrace layer_of(const TracePair& pair) {
  const TempFolder folder;
  return open_mac_layer(pair.write(folder), Dequantized::kSums);
}

int signed_nibble(int nibble) { return nibble > 7 ? nibble - 16 : nibble; }

// The integer that an input's code stands for, before its zero point.
int code_value(const InputTrace& input, int m, int k) {
  const CodeFormat format = CodeFormat::of_window(input, k);
  const SpikeValues values = format.decode(uint8_t(input.code_at(m, k)), input.salient(m, k), input.two_digits(k));
  int a = 0;
  for (int i = 0; i < values.count; ++i)
    a += (values.value[i].negative ? -1 : 1) * values.value[i].magnitude << format.shift(values.value[i].slope, 0, 0);
  return a;
}

int weight_value(const InputTrace& input, const OperationTrace& operation, int k, int n) {
  const int low = operation.nibble(k, n);
  if (!input.is_wide(k)) return signed_nibble(low);
  return 16 * signed_nibble(operation.nibble(input.size + input.wide_rank[k], n)) + low;
}

class MacLayerUnit : public testing::TestWithParam<bool> {};

TEST_P(MacLayerUnit, CodesAndRowsSayTheTracesIntegers) {
  MacShape shape;
  shape.tokens = 3;
  shape.symmetric = GetParam();
  for (int bits = 2; bits <= (shape.symmetric ? 8 : 7); ++bits)
    shape.inputs.push_back({24, {{7, bits, 4}, {9, 3, bits}, {8, bits, 8}}});
  for (size_t i = 0; i < shape.inputs.size(); ++i) shape.operations.push_back({int(i), 5});
  const LayerTrace layer = make_mac_layer(random_mac_trace(shape), Dequantized::kSums);
  for (const OperationTrace& operation : layer.operations) {
    const InputTrace& input = layer.inputs[operation.input];
    for (int k = 0; k < input.size; ++k) {
      for (int m = 0; m < shape.tokens; ++m) ASSERT_EQ(code_value(input, m, k), input.mac->codes[m * input.size + k]);
      for (int n = 0; n < 5; ++n) ASSERT_EQ(weight_value(input, operation, k, n), operation.mac->weights[k * 5 + n]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Codes, MacLayerUnit, testing::Bool(), [](const testing::TestParamInfo<bool>& info) {
  return std::string(info.param ? "symmetric" : "with_zero_points");
});

// Groups of 2: 4 bits with zero points (q in 15 3 / 7 0 and so on), then 3 bits. A row's scale has 16 bits, its zero
// point 4 and 3. Column sums reach 2 x 8 and 2 x 4: 6 and 5 bits. Sums of |w| are 10 (output 1) and 4; 15 and 7 times
// that: 150 and 28, so 9 bits.
TEST(MacLayerSizesUnit, BitsOfTheSmallTraceByHand) {
  const LayerTrace layer = layer_of(small_mac_trace());
  const InputTrace& input = layer.inputs[0];
  EXPECT_EQ(input.groups(), 2);
  EXPECT_EQ(input.group_of(1), 0);
  EXPECT_EQ(input.group_of(2), 1);
  EXPECT_EQ(row_scale_bits(input, 0), 16 + 4);
  EXPECT_EQ(row_scale_bits(input, 1), 16 + 3);
  EXPECT_EQ(column_sum_bits(input, 0), 6);
  EXPECT_EQ(column_sum_bits(input, 1), 5);
  EXPECT_EQ(mac_parameter_bits(input), 16 + 6 + 16 + 5);
  EXPECT_EQ(column_sum(input, layer.operations[0], 0, 0), 7 - 1);
  EXPECT_EQ(column_sum(input, layer.operations[0], 1, 1), -4);
  EXPECT_EQ(accumulator_needs(input, layer.operations[0]), 9);
}

TEST(MacLayerSizesUnit, Binary16HasFourRowsOfNibblesAndNoScales) {
  const LayerTrace layer = layer_of(small_binary16_trace());
  const InputTrace& input = layer.inputs[0];
  EXPECT_FALSE(has_row_scales(input));
  EXPECT_EQ(mac_parameter_bits(input), 0);
  EXPECT_EQ(further_code_bits(input, 0, false), 12);
  const int first_weight[] = {0, 0, 0xc, 6};  // 0x6c00, lowest nibble first
  for (int plane = 0; plane < 4; ++plane) EXPECT_EQ(layer.operations[0].nibble(plane, 0), first_weight[plane]);
}

// y = 24.5 and -15.5 in binary16: 1.53125 x 2^4, -1.9375 x 2^3.
TEST(MacLayerSizesUnit, ExpectedOutputsAreBinary16) {
  const LayerTrace layer = layer_of(small_mac_trace());
  EXPECT_EQ(layer.operations[0].expected[0], 0x4e20);
  EXPECT_EQ(layer.operations[0].expected[1], 0xcbc0 - 0x10000);
}

// Softmax over 2 heads, 3 tokens from position 5 on: 2 x (6 + 7 + 8) scores.
TEST(MacLayerSizesUnit, ScoresAreThoseThatTokensSee) {
  MacShape shape;
  shape.tokens = 3;
  shape.inputs = {{4, {{4, 4, 4}}}};
  shape.operations = {{0, 2}};
  auto trace = std::make_shared<MacTrace>(*random_mac_trace(shape));
  trace->vector_unit = {{"softmax", VectorKind::kSoftmax, 2 * (6 + 7 + 8), 3 * 2}};
  EXPECT_EQ(make_mac_layer(trace, Dequantized::kSums).seen(1), 7);
  trace->vector_unit[0].elements = 41;
  trace->file = "x";
  EXPECT_EQ(user_error_of([&] { make_mac_layer(trace, Dequantized::kSums); }),
            "x: description: vector_unit 'softmax': 41 elements, but tokens and heads see 36");
}

// With layer norms the layer is an encoder's: each of 3 tokens sees 3 positions, in each of 2 heads.
TEST(MacLayerSizesUnit, TokensOfAnEncoderSeeEveryPosition) {
  MacShape shape;
  shape.tokens = 3;
  shape.inputs = {{4, {{4, 4, 4}}}};
  shape.operations = {{0, 2}};
  auto trace = std::make_shared<MacTrace>(*random_mac_trace(shape));
  trace->vector_unit = {{"softmax", VectorKind::kSoftmax, 3 * 3 * 2, 3 * 2}, {"norm", VectorKind::kLayerNorm, 12, 3}};
  EXPECT_FALSE(make_mac_layer(trace, Dequantized::kSums).vector_unit[0].causal());
  trace->vector_unit[0].elements = 2 * (1 + 2 + 3);  // what tokens of a decoder would see
  trace->file = "x";
  EXPECT_EQ(user_error_of([&] { make_mac_layer(trace, Dequantized::kSums); }),
            "x: description: vector_unit 'softmax': 12 elements, but tokens and heads see 18");
}

// One input, q = 3 at sx = 0.1, w = 7 at sw = 0.3. In binary16 0.3 is 1229 / 2^12 and 2.1 is 1075 / 2^9: the product is
// exact. In sums it would be fl(21 x fl(0.1 x 0.3)), 0.63.
TEST(OperandReferenceExact, OperandsAreRoundedToBinary16) {
  MacShape shape;
  shape.inputs = {{1, {{1, 4, 4}}}};
  shape.operations = {{0, 1}};
  auto trace = std::make_shared<MacTrace>(*random_mac_trace(shape));
  const int8_t code = 3, weight = 7;
  trace->inputs[0].codes = &code;
  trace->inputs[0].scales = {0.1f};
  trace->operations[0].weights = &weight;
  trace->operations[0].scales = {0.3f};
  EXPECT_EQ(run_operand_reference(*trace, trace->operations[0])[0], 1229.0f / 4096 * 1075 / 512);
  EXPECT_NEAR(run_mac_reference(*trace, trace->operations[0])[0], 0.63f, 1e-6);
}

}  // namespace
}  // namespace spikeloom
