// What a command leaves in its folder, and what it finds there.
#include "sim/app/results_folder.h"

#include <map>

#include "tests/support/cli.h"

namespace spikeloom {
namespace {

class FolderConfig : public CliConfig {};

// The last CSV cannot be written: the folder has some files of the second run, none of the first, and no report that
// would vouch for them.
TEST_F(FolderConfig, AReportIsThereOnlyWhileAllFilesAreOfItsRun) {
  ASSERT_EQ(spikeloom(run("r", kQuick)).status, 0);
  fs::create_directories(folder_ + "/r/windows.csv.part/x");
  const Outcome outcome = spikeloom(run("r", "--set workload.tokens=3"));
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.text.find("windows.csv.part: cannot be written (disk full?)\n"), std::string::npos) << outcome.text;
  EXPECT_FALSE(fs::exists(folder_ + "/r/report.json"));
  const Outcome priced =
      spikeloom("price configs/experiments/demo.yaml " + std::string(kQuick) + " --counts " + folder_ + "/r");
  EXPECT_EQ(priced.status, 2);
  EXPECT_NE(priced.text.find("resolved.yaml: not there"), std::string::npos) << priced.text;
}

// Stopped by a signal, or by a file that may not grow: the results of the run before stay as they are, and nothing of
// this one is there.
TEST_F(FolderConfig, AStoppedRunLeavesTheResultsOfTheOneBefore) {
  ASSERT_EQ(spikeloom(run("r", std::string(kQuick) + " --vcd tile_0_0")).status, 0);
  const auto files = [this] {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::directory_iterator(folder_ + "/r"))
      all[entry.path().filename().string()] = read("r/" + entry.path().filename().string());
    return all;
  };
  const auto before = files();
  EXPECT_EQ(before.count("waves.vcd"), 1u);
  const std::string longer = " --vcd tile_0_0,tile_1_0,memory_0 --timeline --record-limit 4096 -q";
  for (const auto& [name, status] : {std::pair{"INT", 130}, {"TERM", 143}}) {
    const Outcome outcome =
        spikeloom("--version >/dev/null; { " SPIKELOOM_BINARY " " + run("r", longer) + " & pid=$!; while [ ! -s " +
                  folder_ + "/r/waves.vcd.part ]; do sleep 0.01; " + "done; kill -" + name + " $pid; wait $pid; }");
    EXPECT_EQ(outcome.status, status);
    EXPECT_EQ(outcome.text, "spikeloom: stopped\n");
    EXPECT_EQ(files(), before) << name;
  }
  const Outcome full = spikeloom("--version >/dev/null; ulimit -f 2000; " SPIKELOOM_BINARY " " + run("r", longer));
  EXPECT_EQ(full.status, 2);
  EXPECT_EQ(full.text, "spikeloom: " + folder_ + "/r/waves.vcd.part: cannot be written (disk full?)\n");
  EXPECT_EQ(files(), before);
}

// Files that may have 16 KB: windows.csv is longer.
TEST_F(FolderConfig, ARunThatCannotWriteItsResultsLeavesNoneOfTheOneBefore) {
  ASSERT_EQ(spikeloom(run("r", kQuick)).status, 0);
  const std::string before = read("r/energy.csv");
  const Outcome outcome = spikeloom("--version >/dev/null; ulimit -f 64; " SPIKELOOM_BINARY " " +
                                    run("r", "--set workload.tokens=3 --set experiment.window_cycles=10"));
  EXPECT_EQ(outcome.status, 2);
  for (const auto& entry : fs::directory_iterator(folder_ + "/r"))
    EXPECT_NE(entry.path().extension(), ".part") << entry.path();
  for (const char* file : {"report.json", "windows.csv", "resolved.yaml"})
    EXPECT_FALSE(fs::exists(folder_ + "/r/" + file)) << file;
  EXPECT_NE(read("r/energy.csv"), before);
}

TEST_F(FolderConfig, ResultsOfOtherCommandsAreNotWrittenInto) {
  for (const auto& [command, file] :
       {std::pair{"compare", "numbers.json"}, {"explore", "study.json"}, {"steps", "points.csv"}}) {
    const std::string folder = folder_ + "/" + command;
    fs::create_directory(folder);
    std::ofstream(folder + "/" + file) << "{}";
    const std::string expected =
        "spikeloom: " + folder + ": holds the results of `spikeloom " + command + "`; choose another folder with -o\n";
    EXPECT_EQ(spikeloom(run(command, kQuick)).text, expected);
    EXPECT_EQ(spikeloom("noc configs/networks/mesh_8x8.yaml --rates 0.1 -o " + folder).text, expected);
  }
}

TEST_F(FolderConfig, OneProgramAtATimeWritesIntoAFolder) {
  fs::create_directory(folder_ + "/r");
  const FolderLock held(folder_ + "/r");
  const Outcome outcome = spikeloom(run("r", kQuick));
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.text,
            "spikeloom: " + folder_ +
                "/r: another `spikeloom` is writing there; wait for it, or choose another folder with -o\n");
  EXPECT_EQ(fs::exists(folder_ + "/r/report.json"), false);
}

TEST_F(FolderConfig, ForeignFilesAreNotReplaced) {
  const auto refused = [this](const std::string& name, const std::string& file, const std::string& text,
                              const std::string& what) {
    const std::string folder = folder_ + "/" + name;
    fs::create_directory(folder);
    std::ofstream(folder + "/" + file) << text;
    const std::string words =
        file == "noc.json" ? "noc configs/networks/mesh_8x8.yaml --rates 0.1 -o " + folder : run(name, kQuick);
    const Outcome outcome = spikeloom(words);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.text, "spikeloom: " + folder + ": holds " + what + "; choose another folder with -o\n");
    EXPECT_EQ(read(name + "/" + file), text);
  };
  refused("mine", "report.json", "{\"my\": \"data\"}", "a report.json that `spikeloom run` has not written");
  refused("text", "report.json", "no JSON", "a report.json that `spikeloom run` has not written");
  refused("network", "noc.json", "{}", "a noc.json that `spikeloom noc` has not written");
  refused("export", "manifest.json", "{\"format\": \"spikeloom-export\"}", "an export of `spikeloom export`");
}

}  // namespace
}  // namespace spikeloom
