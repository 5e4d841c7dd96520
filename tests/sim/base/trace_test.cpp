#include "sim/base/trace.h"

#include <gtest/gtest.h>

#include "tests/support/trace_files.h"
#include "tests/support/user_error.h"

namespace spikeloom {
namespace {

const std::string kTraces = SPIKELOOM_SOURCE_DIR "/traces/smollm2-135m/";

// traces/README.md, table of the committed trace: operation, reads, K, N.
struct Row {
  const char *operation, *input;
  int K, N;
};
const Row kRows[] = {{"q", "attention_input", 576, 576}, {"k", "attention_input", 576, 192},
                     {"v", "attention_input", 576, 192}, {"o", "attention_output", 576, 576},
                     {"gate", "mlp_input", 576, 1536},   {"up", "mlp_input", 576, 1536},
                     {"down", "mlp_hidden", 1536, 576}};

class CommittedTraceUnit : public testing::TestWithParam<const char*> {
 protected:
  LayerTrace layer_ = LayerTrace::open(kTraces + GetParam() + "/layer15.prefill32.safetensors");
};

TEST_P(CommittedTraceUnit, HoldsTheSevenOperationsOfTheReadme) {
  EXPECT_FALSE(layer_.synthetic);
  EXPECT_EQ(layer_.layer, 15);
  EXPECT_EQ(layer_.tokens, 32);
  EXPECT_EQ(layer_.output_bits, 16);
  ASSERT_EQ(layer_.operations.size(), std::size(kRows));
  for (size_t i = 0; i < std::size(kRows); ++i) {
    const OperationTrace& operation = layer_.operations[i];
    EXPECT_EQ(operation.name, kRows[i].operation);
    EXPECT_EQ(layer_.inputs[operation.input].name, kRows[i].input);
    EXPECT_EQ(layer_.inputs[operation.input].size, kRows[i].K);
    EXPECT_EQ(operation.outputs, kRows[i].N);
    EXPECT_EQ(operation.expected.size(), size_t(32) * kRows[i].N);
  }
}

TEST_P(CommittedTraceUnit, SalientSharesAreThoseThatTheExporterWrote) {
  for (size_t i = 0; i < layer_.inputs.size(); ++i) {
    const InputTrace& input = layer_.inputs[i];
    int salient = 0;
    for (int m = 0; m < layer_.tokens; ++m)
      for (int k = 0; k < input.size; ++k) salient += input.salient(m, k);
    EXPECT_NEAR(double(salient) / (layer_.tokens * input.size), input.salient_share, 1e-12) << input.name;
  }
}

TEST_P(CommittedTraceUnit, InitialMembranesAreMinusZTimesTheColumnSums) {
  for (const OperationTrace& operation : layer_.operations) {
    const InputTrace& input = layer_.inputs[operation.input];
    for (int n = 0; n < operation.outputs; n += 37) {
      int64_t sum = 0;
      for (int k = 0; k < input.size; ++k) {
        const int nibble = operation.nibble(k, n);
        sum += !input.is_wide(k) && nibble > 7 ? nibble - 16 : nibble;
      }
      for (size_t i = 0; i < input.wide.size(); ++i) {
        const int nibble = operation.nibble(input.size + static_cast<int>(i), n);
        sum += 16 * (nibble > 7 ? nibble - 16 : nibble);
      }
      EXPECT_EQ(operation.v0[n], -input.z * sum);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layer15, CommittedTraceUnit, testing::Values("spikequant", "spikequant-improved"),
                         [](const auto& info) { return std::string(info.index == 0 ? "paper" : "improved"); });

class SmallTraceUnit : public testing::Test {
 protected:
  TempFolder folder_;
  LayerTrace layer_ = LayerTrace::open(small_trace().write(folder_));
};

TEST_F(SmallTraceUnit, EveryTensorIsReadAsWritten) {
  const InputTrace& a = layer_.inputs[0];
  EXPECT_TRUE(layer_.synthetic);
  EXPECT_EQ(a.groups(), 2);
  EXPECT_EQ(a.wide, (std::vector<int>{1}));
  EXPECT_EQ(a.wide_rank, (std::vector<int>{-1, 0, -1, -1}));
  EXPECT_EQ(a.code_at(0, 1), 21);
  EXPECT_EQ(a.code_at(1, 3), 9);
  EXPECT_TRUE(a.salient(0, 2));
  EXPECT_FALSE(a.salient(0, 1));
  EXPECT_EQ(a.e, (std::vector<int64_t>{0, -1}));
  EXPECT_EQ(a.E, (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(a.E7, (std::vector<int64_t>{2, 0}));
  EXPECT_EQ(a.g, (std::vector<int64_t>{0, 1, 2, 0}));
  EXPECT_TRUE(layer_.inputs[1].salient(1, 8));
  const OperationTrace& p = layer_.operations[0];
  EXPECT_EQ(p.nibble(1, 2), 15);
  EXPECT_EQ(p.nibble(4, 1), 15);  // hi = -1
  EXPECT_EQ(p.h_at(1, 0), 3);
  EXPECT_EQ(layer_.operations[1].h_at(0, 1), 0);
  EXPECT_EQ(p.theta, (std::vector<int64_t>{1024, 1500, 2048}));
  EXPECT_EQ(p.expected, (std::vector<int64_t>{126, -23, -43, -8, 4, 16}));
  EXPECT_EQ(layer_.operations[1].gamma, -1);
}

TEST_F(SmallTraceUnit, SelectKeepsTraceOrderAndTheFirstTokens) {
  layer_.select({"q", "p"}, 1);
  ASSERT_EQ(layer_.operations.size(), 2u);
  EXPECT_EQ(layer_.operations[0].name, "p");
  EXPECT_EQ(layer_.tokens, 1);
  layer_.select({"q"}, 1);
  ASSERT_EQ(layer_.operations.size(), 1u);
  EXPECT_EQ(layer_.operations[0].name, "q");
}

TEST_F(SmallTraceUnit, SelectRefusesWhatTheTraceDoesNotHave) {
  EXPECT_EQ(user_error_of([&] {
              layer_.select({"p", "r"}, 1);
            }),
            layer_.file + ": has no operation 'r' (it has: p, q)");
  EXPECT_EQ(user_error_of([&] { layer_.select({"p"}, 3); }), layer_.file + ": has 2 tokens, 3 asked for");
}

}  // namespace
}  // namespace spikeloom
