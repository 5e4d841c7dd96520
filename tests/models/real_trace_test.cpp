// The committed traces: `expected` was written by the independent Python implementation (models/integer_reference.py).

#include <gtest/gtest.h>

#include "models/integer_reference.h"

namespace spikeloom {
namespace {

using TraceAndCode = std::tuple<std::string, int>;

class RealTraceExact : public testing::TestWithParam<TraceAndCode> {};

TEST_P(RealTraceExact, SevenOperationsEqualThePythonReference) {
  const auto& [file, index] = GetParam();
  const LayerTrace layer =
      LayerTrace::open(std::string(SPIKELOOM_SOURCE_DIR "/traces/smollm2-135m/layer15.") + file + ".safetensors");
  ASSERT_EQ(layer.operations.size(), 7u);
  for (const OperationTrace& operation : layer.operations) {
    const ReferenceResult result = run_reference(layer, operation, *make_spike_code(index), FiringPolicy::kRadix);
    ASSERT_EQ(result.outputs.size(), operation.expected.size());
    size_t different = 0;
    for (size_t i = 0; i < result.outputs.size(); ++i) different += result.outputs[i] != operation.expected[i];
    EXPECT_EQ(different, 0u) << operation.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Layer15, RealTraceExact,
                         testing::Combine(testing::Values("signed", "unsigned"), testing::Values(0, 1, 2)),
                         [](const testing::TestParamInfo<TraceAndCode>& info) {
                           return std::get<0>(info.param) + "_" + spike_code_names()[std::get<1>(info.param)];
                         });

// Figures of traces/README.md, as the Python exporter printed them.
TEST(RealTraceSpikesExact, TtfsSpikesPerTokenAreThoseOfTheExporter) {
  const LayerTrace layer = LayerTrace::open(SPIKELOOM_SOURCE_DIR "/traces/smollm2-135m/layer15.signed.safetensors");
  const double published[4] = {472.0, 446.7, 501.1, 1073.8};
  for (const OperationTrace& operation : layer.operations) {
    if (operation.name == "k" || operation.name == "v" || operation.name == "gate") continue;
    const auto result = run_reference(layer, operation, *make_spike_code(0), FiringPolicy::kRadix);
    EXPECT_NEAR(double(result.spikes) / layer.tokens, published[operation.input], 0.05) << operation.name;
  }
}

}  // namespace
}  // namespace spikeloom
