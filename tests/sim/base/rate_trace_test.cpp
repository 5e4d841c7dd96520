// Small traces of recorded spikes are read as written; each thing broken in them gives one line that names file and
// tensor or key.

#include "sim/base/rate_trace.h"

#include <gtest/gtest.h>

#include "tests/support/bad_trace.h"
#include "tests/support/rate_files.h"

namespace spikeloom {
namespace {

TEST(SmallRateTraceUnit, EveryTensorIsReadAsWritten) {
  const TempFolder folder;
  const RateTrace trace = RateTrace::open(small_rate_trace().write(folder));
  EXPECT_EQ(trace.weight_kind, WeightKind::kTernary);
  EXPECT_EQ(trace.tokens, 2);
  EXPECT_EQ(trace.steps, 3);
  ASSERT_EQ(trace.operations.size(), 2u);
  const RateOperation& p = trace.operations[0];
  EXPECT_TRUE(p.fires);
  EXPECT_EQ(p.F, 10);
  EXPECT_EQ(p.weights, (std::vector<int8_t>{1, -1, 1, 0, -1, 1}));
  EXPECT_EQ(p.theta, (std::vector<int64_t>{1500, 1024}));
  EXPECT_EQ(p.bias, (std::vector<int64_t>{100, -24}));
  EXPECT_TRUE(trace.spike(p.spikes, 2, 1, 2, 1));
  EXPECT_FALSE(trace.spike(p.spikes, 2, 1, 0, 1));
  EXPECT_TRUE(trace.spike(trace.inputs[0].spikes, 3, 0, 0, 1));
  EXPECT_FALSE(trace.operations[1].fires);
  EXPECT_EQ(trace.operations[1].sums, (std::vector<int64_t>{2, 3, 5, 1, 2, 4}));
}

TEST(SmallRateTraceUnit, FormatsTellTheKindsApart) {
  const TempFolder folder;
  EXPECT_TRUE(RateTrace::recognizes(small_rate_trace().write(folder)));
  EXPECT_TRUE(RateTrace::recognizes(TracePair::weights_path(folder)));
  EXPECT_FALSE(RateTrace::recognizes(small_trace().write(folder)));
}

// Bits of a weight row or of a step's spikes, whole bytes.
Damage set_byte(const char* name, int index, int64_t value) { return set_value(name, index, value); }

const std::vector<BadTrace> kBad = {
    {"TraceOfCodes", set_key("/format", "spikeloom-activations"),
     "{activations}: description: format: 'spikeloom-activations' is unknown (allowed: spikeloom-rate-activations)"},
    {"WeightsOfCodes", set_weights_key("/format", "spikeloom-weights"),
     "{weights}: description: format: 'spikeloom-weights' is unknown (allowed: spikeloom-rate-weights)"},
    {"Version2", set_key("/version", 2), "{activations}: description: version: 2 is out of range (allowed: 1 to 1)"},
    {"NoSteps", set_key("/steps", 0), "{activations}: description: steps: 0 is out of range (allowed: 1 to 4096)"},
    {"OneStepMore", set_key("/steps", 4), "{activations}: tensor 'a.spikes': is U8 [2, 3, 1], expected U8 [2, 4, 1]"},
    {"UnknownQuantizer", set_weights_key("/quantizer", "fp16"),
     "{weights}: description: quantizer: 'fp16' is unknown (allowed: int4, ternary, binary)"},
    {"OtherBits", set_weights_key("/bits", 1), "{weights}: description: bits: must be 2 with quantizer 'ternary'"},
    {"MissingKey", erase_key("", "text"), "{activations}: description: missing key 'text'"},
    {"KeyOfCodes", set_key("/operations/0/gamma", 0), "{activations}: description: operations.0.gamma: unknown key"},
    {"FiresIsANumber", set_key("/operations/0/fires", 1),
     "{activations}: description: operations.0.fires: must be true or false"},
    {"SumWithFraction", set_key("/operations/1/F", 1),
     "{activations}: description: operations.1.F: 1 is out of range (allowed: 0 to 0)"},
    {"OtherSize", set_key("/inputs/0/size", 4),
     "{activations}: description: inputs.0.size: differs from the weights file"},
    {"NotTernary", set_byte("p.weights", 2, 0b0111 & ~1),  // -2 and 1
     "{weights}: tensor 'p.weights': weight -2 at row 2, output 0 is not ternary"},
    {"PaddingOfWeights", set_byte("p.weights", 1, 1 | 1 << 4),
     "{weights}: tensor 'p.weights': bits beyond the last value of row 1 must be 0"},
    {"PaddingOfSpikes", set_byte("a.spikes", 4, 0b1000),
     "{activations}: tensor 'a.spikes': bits beyond the last value of row 4 must be 0"},
    {"PaddingOfExpected", set_byte("p.expected", 0, 0b101),
     "{activations}: tensor 'p.expected': bits beyond the last value of row 0 must be 0"},
    {"ThresholdTooSmall", set_value("p.theta", 1, 1023),
     "{activations}: tensor 'p.theta': value 1023 at flat index 1 is out of range (allowed: 1024 to "
     "1099511627776)"},
    {"BiasMissing", erase_tensor("p.bias"), "{activations}: missing tensor 'p.bias' (expected I64 [2])"},
    {"SumsAreNarrow", [](TracePair& pair) { tensor(pair, "q.expected").dtype = "I16"; },
     "{activations}: tensor 'q.expected': is I16 [2, 3, 1], expected I32 [2, 3, 1]"},
    {"BiasOfSums",
     [](TracePair& pair) {
       pair.activations.tensors["q.bias"] = {"I64", {1}, {0}};
     },
     "{activations}: tensor 'q.bias' is not one that the description calls for"},
};

class BadRateTraceConfig : public testing::TestWithParam<BadTrace> {};

TEST_P(BadRateTraceConfig, GivesOneLine) {
  expect_refused(small_rate_trace(), GetParam(), [](const std::string& file) { RateTrace::open(file); });
}

INSTANTIATE_TEST_SUITE_P(Damage, BadRateTraceConfig, testing::ValuesIn(kBad), bad_trace_name);

}  // namespace
}  // namespace spikeloom
