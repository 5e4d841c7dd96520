// `check`, `describe` and `run` on traces with attention and on multiply-accumulate traces.

#include <gtest/gtest.h>

#include "sim/app/commands.h"
#include "tests/support/attention_files.h"
#include "tests/support/bad_trace.h"
#include "tests/support/mac_files.h"

namespace spikeloom {
namespace {

class TraceCommandConfig : public testing::Test {
 protected:
  // What the command prints.
  std::string output(int (*command)(const std::vector<std::string>&), const std::string& file) {
    testing::internal::CaptureStdout();
    const int status = command({file});
    std::fflush(stdout);
    const std::string text = testing::internal::GetCapturedStdout();
    EXPECT_EQ(status, 0);
    return text;
  }
  void expect_lines(const std::string& text, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) EXPECT_NE(text.find(line + "\n"), std::string::npos) << line << "\n" << text;
  }

  TempFolder folder_;
};

TEST_F(TraceCommandConfig, CheckSaysWhatItCompared) {
  const std::string file = small_attention_trace().write(folder_);
  EXPECT_EQ(output(command_check, file),
            file + ": ok, every expected output equals the integer reference (2 operations, scores, mix)\n");
  const std::string mac = small_mac_trace().write(folder_);
  EXPECT_EQ(output(command_check, mac),
            mac + ": ok, every expected output equals the multiply-accumulate reference (1 operation, integer)\n");
  const std::string real = small_binary16_trace().write(folder_);
  EXPECT_EQ(output(command_check, real),
            real + ": ok, every expected output equals the multiply-accumulate reference (1 operation, binary16)\n");
}

TEST_F(TraceCommandConfig, DescribeShowsAttentionAndTheVectorUnitsWork) {
  // Queries: 2 of 8 salient, 6 not 0. Probabilities: 10 seen, 2 salient, 8 not 0.
  expect_lines(
      output(command_describe, small_attention_trace().write(folder_)),
      {"  attention: 2 heads of 2 dimensions, 1 of keys and values; context 3, tokens at 1 to 2",
       "  queries               signed 25.00%     1      0     75.0%",
       "  probabilities       unsigned 20.00%     2      0     80.0%",
       "  values have exponents of 0 to 3 above their head's", "  scores     F 7, gamma -1, outputs of 8 bits",
       "  mix        F 4, gamma 2, outputs of 10 bits", "  attention_norm     rms_norm                8         2",
       "  probabilities      softmax                10         4"});
}

TEST_F(TraceCommandConfig, DescribeShowsTheGroupsOfMultiplyAccumulateTraces) {
  expect_lines(
      output(command_describe, small_mac_trace().write(folder_)),
      {"  layer 0 of small, 2 tokens, multiply-accumulate, integer; SYNTHETIC",
       "  a                       4  2x4x4 2x3x3, zero points", "  p          a                         2          8"});
}

// What `check` must say of one expected value that is wrong.
void expect_check(const TracePair& good, const BadTrace& bad) {
  expect_refused(good, bad, [](const std::string& file) { command_check({file}); });
}

TEST_F(TraceCommandConfig, CheckNamesTheFirstOutputThatDiffers) {
  expect_check(small_attention_trace(), {"Operation", set_value("q.expected", 3, -127),
                                         "{activations}: tensor 'q.expected': token 1, output 1 is -127, the integer "
                                         "reference gives -128"});
  expect_check(small_attention_trace(), {"Scores", set_value("scores.expected", 10, 6),
                                         "{activations}: tensor 'scores.expected': token 1, head 1, position 1 is 6, "
                                         "the integer reference gives 5"});
  expect_check(small_attention_trace(), {"Mix", set_value("mix.expected", 6, 0),
                                         "{activations}: tensor 'mix.expected': token 1, output 2 is 0, the integer "
                                         "reference gives 1"});
  expect_check(small_mac_trace(), {"Mac", set_value("p.expected", 1, float_bits(-15.5000010f)),
                                   "{activations}: tensor 'p.expected': token 0, output 1 is -15.500001, the "
                                   "multiply-accumulate reference gives -15.5"});
  expect_check(small_binary16_trace(), {"MinusZero", set_value("p.expected", 0, 0x80000000),
                                        "{activations}: tensor 'p.expected': token 0, output 0 is -0, the "
                                        "multiply-accumulate reference gives 0"});
}

// An initial membrane of 2^40 with F = 30: 2^70.
TEST_F(TraceCommandConfig, CheckRefusesResiduesThatItCannotCompute) {
  TracePair pair = small_trace();
  activations(pair)["code"] = "unsigned";
  activations(pair)["inputs"][0]["digits"] = activations(pair)["inputs"][0]["has_g"] = false;
  tensor(pair, "a.codes").values.assign(8, 0);
  erase_tensor("a.E7")(pair);
  erase_tensor("a.g")(pair);
  set_key("/operations/0/F", 30)(pair);
  expect_check(pair, {"Residue", set_value("p.v0", 1, int64_t{1} << 40),
                      "{activations}: operation 'p' may need residues of more than 63 bits"});
}

TEST_F(TraceCommandConfig, RunHasNoDatapathForMultiplyAccumulateTraces) {
  const std::string file = small_mac_trace().write(folder_);
  EXPECT_EQ(
      user_error_of([&] {
        command_run({SPIKELOOM_SOURCE_DIR "/configs/experiments/demo.yaml", "--set", "workload.trace=" + file, "-o",
                     folder_.file("results")});
      }),
      file + ": is a multiply-accumulate trace ('spikeloom-mac-activations'): this version has no datapath for it");
}

}  // namespace
}  // namespace spikeloom
