// The committed traces: `expected` was written by the independent Python implementation (models/integer_reference.py).

#include <gtest/gtest.h>

#include "models/integer_reference.h"

namespace spikeloom {
namespace {

using MethodAndCode = std::tuple<std::string, int>;

class RealTraceExact : public testing::TestWithParam<MethodAndCode> {};

TEST_P(RealTraceExact, SevenOperationsEqualThePythonReference) {
  const auto& [method, index] = GetParam();
  const LayerTrace layer = LayerTrace::open(std::string(SPIKELOOM_SOURCE_DIR "/traces/smollm2-135m/") + method +
                                            "/layer15.prefill32.safetensors");
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
                         testing::Combine(testing::Values("spikequant", "spikequant-improved"),
                                          testing::Values(0, 1, 2)),
                         [](const testing::TestParamInfo<MethodAndCode>& info) {
                           return std::string(std::get<0>(info.param) == "spikequant" ? "paper" : "improved") + "_" +
                                  spike_code_names()[std::get<1>(info.param)];
                         });

}  // namespace
}  // namespace spikeloom
