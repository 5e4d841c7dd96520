// Every file of tests/bad_configs gives the message on its first line, after `# expect: `.
// {file} stands for the file's path, {project} for the project's folder.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "hw/chip/chip.h"
#include "sim/app/bill.h"
#include "sim/app/experiment.h"
#include "sim/app/noc_experiment.h"
#include "tests/support/temp_folder.h"
#include "tests/support/user_error.h"

namespace spikeloom {
namespace {

const std::string kProject = SPIKELOOM_SOURCE_DIR;
const std::string kDemo = kProject + "/configs/experiments/demo.yaml";

// What `spikeloom check` does with an experiment.
void check(const std::string& file) {
  if (NocExperiment::describes(file)) {
    NocExperiment::load(file, {});
    return;
  }
  const Experiment experiment = Experiment::load(file, {});
  const LayerTrace layer = experiment.open_trace();
  Chip chip("chip", experiment.chip, layer, experiment.window_cycles);
  check_fit(chip.spec(), layer, chip.program());
  check_prices(chip, experiment.technology);
}

std::vector<std::string> bad_configs() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kProject + "/tests/bad_configs"))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

class BadFileConfig : public testing::TestWithParam<std::string> {};

TEST_P(BadFileConfig, GivesTheMessageOnItsFirstLine) {
  const std::string file = kProject + "/tests/bad_configs/" + GetParam() + ".yaml", mark = "# expect: ";
  std::string expected;
  std::ifstream stream(file);
  std::getline(stream, expected);
  ASSERT_EQ(expected.substr(0, mark.size()), mark);
  expected = fill_in(fill_in(expected.substr(mark.size()), "file", file), "project", kProject);
  EXPECT_EQ(user_error_of([&] { check(file); }), expected);
}

INSTANTIATE_TEST_SUITE_P(Files, BadFileConfig, testing::ValuesIn(bad_configs()),
                         [](const testing::TestParamInfo<std::string>& info) { return info.param; });

TEST(ExperimentConfig, DemoIsRight) {
  EXPECT_EQ(user_error_of([] { check(kDemo); }), "(no error)");
}

TEST(ExperimentConfig, CommandLineHasTheLastWord) {
  const TempFolder folder;
  const std::string file = folder.write("x.yaml", "experiment:\n  name: x\n  chip: " + kProject +
                                                      "/configs/chips/smollm2.yaml\n  energy: " + kProject +
                                                      "/configs/energy/22nm.yaml\n  workload: " + kProject +
                                                      "/configs/workloads/smollm2_layer15.yaml\n  window_cycles: 10\n" +
                                                      "  overrides: {chip.tile.lanes: 64, chip.tile.token_batch: 2}\n");
  EXPECT_EQ(Experiment::load(file, {}).chip.synapse_array.lanes, 64);
  const Experiment changed = Experiment::load(file, {"chip.tile.lanes=96", "experiment.name=y"});
  EXPECT_EQ(changed.chip.synapse_array.lanes, 96);
  EXPECT_EQ(changed.chip.token_batch, 2);
  EXPECT_EQ(changed.name, "y");
}

TEST(ExperimentConfig, OperationsAreAListOrNamesWithCommas) {
  const std::string file = SPIKELOOM_SOURCE_DIR "/configs/experiments/demo.yaml";
  EXPECT_EQ(Experiment::load(file, {"workload.operations=q,down"}).operations, (std::vector<std::string>{"q", "down"}));
}

TEST(ExperimentConfig, OverrideOfTheExperimentBringsInAnotherFile) {
  const Experiment other = Experiment::load(kDemo, {"experiment.energy=" + kProject + "/configs/energy/45nm.yaml"});
  EXPECT_EQ(other.technology.name(), "45nm");
}

TEST(ExperimentConfig, BadCommandLineOverridesNameThemselves) {
  const auto message = [](const std::string& assignment) {
    return user_error_of([&] { Experiment::load(kDemo, {assignment}); });
  };
  EXPECT_EQ(message("lanes"), "--set lanes: expected path=value, for example chip.tile.lanes=64");
  EXPECT_EQ(message("=5"), "--set =5: expected path=value, for example chip.tile.lanes=64");
  EXPECT_EQ(message("chip.tile.lanes=x"),
            "--set chip.tile.lanes=x: chip.tile.lanes: 'x' is not a decimal integer (allowed: 2 to 4096)");
  EXPECT_EQ(message("lanes=4"),
            "--set lanes=4: lanes: no such key to override (known at the top level: experiment, chip, technology, "
            "workload)");
}

// A device of 8 banks x 16 rows x 2 KB holds 256 KB; half the layer's 3.5 million weights of 4 bits take 0.9 MB.
TEST(ExperimentConfig, DramThatIsTooSmallIsNamedWithTheOtherMemories) {
  const TempFolder folder;
  const Experiment small = Experiment::load(kDemo, {"chip.memory_node.dram.device.geometry.rows=16",
                                                    "chip.memory_node.dram.channels=1", "chip.encoder.main_bytes=256"});
  const std::string message = user_error_of([&] { check(folder.write("small.yaml", small.resolved)); });
  EXPECT_NE(message.find(": chip.memory_node.dram.channels: 1 is too small for 'the "), std::string::npos) << message;
  EXPECT_NE(message.find(" bytes of weights of memory node 0', which needs 4; set it to 4 or more; also "),
            std::string::npos)
      << message;
  EXPECT_NE(message.find(": chip.encoder.main_bytes: 256 is too small"), std::string::npos) << message;
}

// Two sets of a window's 768 codes of 4 bits, of each token: 2 x 768 x 4 / 8 bytes each, of a batch at most.
TEST(ExperimentConfig, EncodersHoldNoMoreTokensThanTheRunHas) {
  const TempFolder folder;
  const auto checked = [&folder](const std::string& tokens) {
    const Experiment of_tokens = Experiment::load(kDemo, {"chip.tile.token_batch=4", "chip.encoder.index_bytes=65536",
                                                          "chip.encoder.main_bytes=1536", "workload.tokens=" + tokens});
    return user_error_of([&] { check(folder.write("tokens.yaml", of_tokens.resolved)); });
  };
  EXPECT_EQ(checked("2"), "(no error)");
  EXPECT_NE(checked("3").find("1536 is too small for 'mlp_hidden', which needs 2304; set it to 2304 or more"),
            std::string::npos);
  EXPECT_NE(checked("8").find("1536 is too small for 'mlp_hidden', which needs 3072; set it to 3072 or more"),
            std::string::npos);
}

// A torus needs a dateline, as many channels on either side of it, and local ports: its routers have no edge.
TEST(ExperimentConfig, ATorusIsToldAllThatHasToChange) {
  const std::string message = user_error_of([] {
    Experiment::load(kDemo,
                     {"chip.network.topology=torus", "chip.network.dateline=false", "chip.network.routing=odd_even"});
  });
  size_t at = 0;
  for (const char* part : {"chip.network.dateline: ", "; also ", "chip.network.vcs_per_class: must be even", "; also ",
                           "chip.network.routing: odd_even can deadlock", "; also ",
                           "chip.memory_nodes.0.router: router [0, 1] has no free west port", "; also ",
                           "chip.memory_nodes.1.router: router [3, 1] has no free east port"}) {
    at = message.find(part, at);
    ASSERT_NE(at, std::string::npos) << part << " in " << message;
  }
  EXPECT_EQ(user_error_of([] {
              Experiment::load(kDemo, {"chip.network.topology=torus", "chip.network.vcs_per_class=2",
                                       "chip.memory_nodes.0.port=local", "chip.memory_nodes.1.port=local"});
            }),
            "(no error)");
}

TEST(ExperimentConfig, ResolvedFileGivesTheSameExperiment) {
  const TempFolder folder;
  const Experiment first = Experiment::load(kDemo, {"chip.tile.token_batch=4", "workload.tokens=3"});
  const std::string file = folder.write("resolved.yaml", first.resolved);
  const Experiment again = Experiment::load(file, {});
  EXPECT_EQ(again.resolved, first.resolved);
  EXPECT_EQ(again.chip.token_batch, 4);
  EXPECT_EQ(again.tokens, 3);
  EXPECT_EQ(again.trace_file, first.trace_file);
}

}  // namespace
}  // namespace spikeloom
