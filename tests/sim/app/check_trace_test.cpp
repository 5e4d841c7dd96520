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

class DatapathConfig : public TraceCommandConfig {
 protected:
  std::string message(const std::string& trace, const std::vector<std::string>& settings) {
    std::vector<std::string> words = {SPIKELOOM_SOURCE_DIR "/configs/experiments/demo.yaml", "--set",
                                      "workload.trace=" + trace};
    for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
    return user_error_of([&] { command_check(words); });
  }
  const std::vector<std::string> multiply_dequantize = {"chip.payload=packed_codes",
                                                        "chip.tile.datapath=multiply_dequantize"};
};

TEST_F(DatapathConfig, SpikingTilesRefuseATraceThatDequantizes) {
  const std::string file = small_mac_trace().write(folder_);
  EXPECT_EQ(message(file, {}),
            SPIKELOOM_SOURCE_DIR
                "/configs/chips/smollm2.yaml:77:15: chip.tile.datapath: 'accumulate_and_fire' cannot "
                "run " +
                file +
                ": a trace of a method that dequantizes (use multiply_dequantize, "
                "dequantize_multiply or float_multiply, as configs/experiments/atom.yaml and fp16.yaml do)");
}

TEST_F(DatapathConfig, TilesThatDequantizeRefuseATraceOfSpikes) {
  const std::string file = small_trace().write(folder_);
  EXPECT_EQ(message(file, multiply_dequantize),
            "--set chip.tile.datapath=multiply_dequantize: chip.tile.datapath: 'multiply_dequantize' cannot run " +
                file + ": a trace of spikes (use accumulate_and_fire or multiply_accumulate)");
}

TEST_F(DatapathConfig, IntegerTilesRefuseBinary16) {
  const std::string file = small_binary16_trace().write(folder_);
  EXPECT_EQ(message(file, multiply_dequantize),
            "--set chip.tile.datapath=multiply_dequantize: chip.tile.datapath: 'multiply_dequantize' cannot run " +
                file + ": its arithmetic is binary16 (use float_multiply)");
}

TEST_F(DatapathConfig, FloatTilesRefuseIntegers) {
  const std::string file = small_mac_trace().write(folder_);
  EXPECT_EQ(message(file, {"chip.payload=packed_codes", "chip.tile.datapath=float_multiply",
                           "chip.tile.mac_array.accumulators=shared"}),
            "--set chip.tile.datapath=float_multiply: chip.tile.datapath: 'float_multiply' cannot run " + file +
                ": its arithmetic is integer (use multiply_dequantize or dequantize_multiply)");
}

TEST_F(DatapathConfig, TilesThatDequantizeTakeTheirTrace) {
  EXPECT_EQ(message(small_mac_trace().write(folder_), multiply_dequantize), "(no error)");
}

// What `run` prints about a trace on the demo's chip.
class DequantizedRunExact : public TraceCommandConfig {
 protected:
  std::string report(const TracePair& trace, const std::vector<std::string>& settings) {
    std::vector<std::string> words = {SPIKELOOM_SOURCE_DIR "/configs/experiments/demo.yaml",
                                      "--no-figures",
                                      "-o",
                                      folder_.file("results"),
                                      "--set",
                                      "workload.trace=" + trace.write(folder_),
                                      "--set",
                                      "chip.payload=packed_codes"};
    for (const std::string& setting : settings) words.insert(words.end(), {"--set", "chip.tile." + setting});
    testing::internal::CaptureStdout();
    EXPECT_EQ(command_run(words), 0);
    std::fflush(stdout);
    return testing::internal::GetCapturedStdout();
  }
  const std::string no_attention =
      "  attention  not in the trace: its matrix products are neither simulated nor charged";
};

TEST_F(DequantizedRunExact, SumsAreComparedWithTheTrace) {
  expect_lines(report(small_mac_trace(), {"datapath=multiply_dequantize"}),
               {no_attention, "Outputs      4 of 4 outputs equal the trace bit for bit"});
}

TEST_F(DequantizedRunExact, Binary16IsComparedWithTheTrace) {
  expect_lines(report(small_binary16_trace(), {"datapath=float_multiply", "mac_array.accumulators=shared"}),
               {no_attention, "Outputs      2 of 2 outputs equal the trace bit for bit"});
}

TEST_F(DequantizedRunExact, DequantizedOperandsAreComparedWithAReferenceOfTheirOwn) {
  expect_lines(report(small_mac_trace(), {"datapath=dequantize_multiply", "mac_array.accumulators=shared"}),
               {no_attention, "Outputs      4 of 4 outputs equal the reference of dequantized operands bit for bit"});
}

}  // namespace
}  // namespace spikeloom
