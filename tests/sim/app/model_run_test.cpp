// Workloads of several layers as a user meets them: what is kept, what is refused, what adds up.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <sstream>

#include "tests/support/small_export.h"

namespace spikeloom {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct Outcome {
  int status;
  std::string out, err;
};

class ModelRun : public testing::Test {
 protected:
  // The program, in the test's folder.
  Outcome spikeloom(const std::string& words) const {
    const std::string command = "cd " + folder_.file("") + " && " SPIKELOOM_BINARY " " + words + " 2>err";
    FILE* pipe = popen(command.c_str(), "r");
    Outcome outcome{0, "", ""};
    std::array<char, 4096> buffer;
    while (const size_t got = fread(buffer.data(), 1, buffer.size(), pipe)) outcome.out.append(buffer.data(), got);
    outcome.status = WEXITSTATUS(pclose(pipe));
    outcome.err = read(folder_.file("err"));
    return outcome;
  }
  Outcome run(const std::string& more) const { return spikeloom("run model.yaml --no-figures " + more); }

  // Starts a run into results `name` and sends `signal` once `layers` of its layers are there. Returns its status.
  int interrupt(const std::string& name, int layers, int signal) const {
    const std::string output = folder_.file(name);
    const pid_t child = fork();
    if (child == 0) {
      if (!freopen(folder_.file("err").c_str(), "w", stderr) || !freopen("/dev/null", "w", stdout)) _exit(9);
      execl(SPIKELOOM_BINARY, "spikeloom", "run", folder_.file("model.yaml").c_str(), "--no-figures", "--jobs", "2",
            "-o", output.c_str(), nullptr);
      _exit(9);
    }
    const auto done = [&] {
      int count = 0;
      if (fs::exists(output + "/layers"))
        for (const auto& entry : fs::directory_iterator(output + "/layers"))
          count += entry.is_directory() && entry.path().extension().empty();
      return count;
    };
    int status = 0;
    while (done() < layers && waitpid(child, &status, WNOHANG) == 0) usleep(1000);
    kill(child, signal);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  static std::string read(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  json report(const std::string& name) const { return json::parse(read(folder_.file(name + "/report.json"))); }
  // Every file below a folder, by its path in it.
  std::map<std::string, std::string> tree(const std::string& name) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.file(name)))
      if (entry.is_regular_file()) files[fs::relative(entry.path(), folder_.file(name)).string()] = read(entry.path());
    return files;
  }
  std::string written(const SmallExport& small, const std::string& layers = "all") const {
    return small_model_experiment(folder_, small.write(folder_), layers);
  }

  TempFolder folder_;
};

using ModelRunExact = ModelRun;
using ModelRunConfig = ModelRun;
using ModelRunEnergy = ModelRun;

TEST_F(ModelRunExact, ResultsDoNotDependOnHowManyLayersRunSideBySide) {
  written({});
  ASSERT_EQ(run("-o one --jobs 1").status, 0);
  ASSERT_EQ(run("-o three --jobs 3").status, 0);
  const auto one = tree("one");
  EXPECT_EQ(one.size(), 3u + 3 * 6);  // report, energy, resolved; and of each layer counts, windows and layer.json, too
  EXPECT_EQ(one, tree("three"));
}

TEST_F(ModelRunExact, ALayerGivesWhatItGivesAlone) {
  written({});
  ASSERT_EQ(run("-o all").status, 0);
  for (const char* layer : {"layer00", "layer01", "layer02"}) {
    const std::string of_layer = std::string("all/layers/") + layer;
    ASSERT_EQ(spikeloom("run " + of_layer + "/resolved.yaml --no-figures -o " + layer).status, 0);
    for (const char* file : {"/report.json", "/energy.csv", "/counts.csv", "/windows.csv", "/resolved.yaml"})
      EXPECT_EQ(read(folder_.file(of_layer + file)), read(folder_.file(layer + std::string(file)))) << layer << file;
  }
}

TEST_F(ModelRunExact, ResolvedFileRepeatsTheRunByteForByte) {
  written({}, "[2, 0]");
  ASSERT_EQ(run("-o first --set workload.tokens=1 --set chip.payload=bitmap").status, 0);
  ASSERT_EQ(spikeloom("run first/resolved.yaml --no-figures -o again").status, 0);
  EXPECT_EQ(tree("first"), tree("again"));
  EXPECT_EQ(report("again")["model"]["layers"], json({0, 2}));
}

TEST_F(ModelRunExact, KilledRunIsResumedAndGivesTheSameBytes) {
  SmallExport small;
  small.layers = small.layers_of_model = 16;
  written(small);
  ASSERT_EQ(run("-o whole").status, 0);
  for (const int layers : {0, 1, 5, 11}) {
    const std::string name = "killed" + std::to_string(layers);
    EXPECT_EQ(interrupt(name, layers, SIGKILL), 128 + SIGKILL);
    EXPECT_FALSE(fs::exists(folder_.file(name + "/report.json")));
    const Outcome resumed = run("-o " + name);
    EXPECT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_EQ(resumed.out.find("there already") != std::string::npos, layers > 0) << resumed.out;
    EXPECT_EQ(tree(name), tree("whole")) << layers;
  }
}

TEST_F(ModelRunExact, CtrlCEndsTheRunWithOneLineAndItIsResumed) {
  SmallExport small;
  small.layers = small.layers_of_model = 16;
  written(small);
  ASSERT_EQ(run("-o whole").status, 0);
  EXPECT_EQ(interrupt("stopped", 3, SIGINT), 130);
  const std::string said = read(folder_.file("err"));
  EXPECT_EQ(said.rfind("spikeloom: stopped: ", 0), 0u) << said;
  EXPECT_NE(said.find("of 16 layers are done in "), std::string::npos) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  ASSERT_EQ(run("-o stopped").status, 0);
  EXPECT_EQ(tree("stopped"), tree("whole"));
}

TEST_F(ModelRunExact, ALayerWhoseFilesWereChangedRunsAgain) {
  written({});
  ASSERT_EQ(run("-o out").status, 0);
  const auto whole = tree("out");
  folder_.write("out/layers/layer01/energy.csv", "block,event,group,count,unit_pj,energy_pj\n");
  fs::remove(folder_.file("out/layers/layer02/layer.json"));
  const Outcome again = run("-o out");
  EXPECT_EQ(again.status, 0);
  EXPECT_NE(again.out.find("1 layer was there already"), std::string::npos) << again.out;
  EXPECT_EQ(tree("out"), whole);
}

TEST_F(ModelRunExact, OutputsThatDifferAreReportedWithTheirLayer) {
  SmallExport small;
  small.edit = [](int layer, TracePair& pair) {
    if (layer == 1) ++pair.activations.tensors["q.expected"].values[3];  // of token 1: -128 becomes -127
  };
  written(small);
  const Outcome outcome = run("-o out");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.err, "outputs differ from the trace: layer 1: q token 1 output 1: chip -128, expected -127\n");
  EXPECT_NE(outcome.out.find("layer 1: 1 of 10 output integers differ from the reference\n"), std::string::npos);
  EXPECT_EQ(report("out")["exact"]["outputs"], 30);
  EXPECT_EQ(report("out")["exact"]["equal"], 29);
}

TEST_F(ModelRunEnergy, TotalsAreTheSumsOfTheLayers) {
  written({});
  ASSERT_EQ(run("-o out").status, 0);
  const json whole = report("out");
  double pj = 0, dram = 0;
  uint64_t cycles = 0, fill = 0, outputs = 0;
  for (const char* layer : {"layer00", "layer01", "layer02"}) {
    const json one = json::parse(read(folder_.file(std::string("out/layers/") + layer + "/report.json")));
    pj += one["energy"]["total_pj"].get<double>();
    dram += one["energy"]["groups_pj"]["dram"].get<double>();
    cycles += one["time"]["cycles"].get<uint64_t>();
    fill += one["time"]["fill_cycles"].get<uint64_t>();
    outputs += one["exact"]["outputs"].get<uint64_t>();
  }
  EXPECT_DOUBLE_EQ(whole["energy"]["total_pj"], pj);
  EXPECT_DOUBLE_EQ(whole["energy"]["groups_pj"]["dram"], dram);
  EXPECT_DOUBLE_EQ(whole["energy"]["per_token_pj"], pj / 2);
  EXPECT_EQ(whole["time"]["cycles"], cycles);
  EXPECT_EQ(whole["time"]["fill_cycles"], fill);
  EXPECT_GT(fill, 0u);
  EXPECT_LT(fill, cycles);
  EXPECT_EQ(whole["exact"]["outputs"], outputs);
  EXPECT_DOUBLE_EQ(whole["time"]["tokens_per_second"], 2 / (cycles / 500e6));  // two tokens, 500 MHz
  double rows = 0;
  std::stringstream csv(read(folder_.file("out/energy.csv")));
  std::string line;
  std::getline(csv, line);
  while (std::getline(csv, line)) rows += std::atof(line.substr(line.rfind(',') + 1).c_str());
  EXPECT_NEAR(rows, pj, 1e-6 * pj);
}

TEST_F(ModelRunEnergy, SharesAreOfAllCycles) {
  SmallExport small;
  small.edit = [](int layer, TracePair& pair) {  // in layer 1, no spike of `b`
    if (layer == 1) std::fill_n(pair.activations.tensors["b.codes"].values.begin(), 18, 0);
  };
  written(small);
  run("-o out");  // q's outputs differ in layer 1
  const json whole = report("out");
  double busy = 0;
  for (const json& layer : whole["layers"])
    busy += layer["synapse_array_busy"].get<double>() * layer["cycles"].get<double>();
  EXPECT_NEAR(whole["figures"]["synapse_array_busy"], busy / whole["time"]["cycles"].get<double>(), 1e-12);
}

// Rates of both encoders change by less than 0.1 in the second block of 4 steps and in all later ones
// (models/spiking_lm/settling.py): a model stops there, but not before the steps that it takes at least.
TEST_F(ModelRunExact, AModelEndsEarlyButNotBeforeItsLeastSteps) {
  const std::string project = SPIKELOOM_SOURCE_DIR;
  const auto steps_run = [&](const std::string& name, const std::string& least) {
    std::ofstream(folder_.file("model.yaml"))
        << "experiment: {name: exit, chip: " << project << "/configs/chips/spiking_lm.yaml, energy: " << project
        << "/configs/energy/22nm.yaml, window_cycles: 1000, overrides: {chip.step_blocks.steps: 4, "
        << "chip.step_blocks.settled_below: 0.1, chip.step_blocks.state_bytes: 16384}}\n"
        << "workload: {model: " << project << "/traces/spiking-lm/ternary, case: sentence, layers: all, "
        << "operations: all, tokens: all" << least << "}\n";
    const Outcome outcome = run("-o " + name);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return report(name)["steps"]["run"].get<int>();
  };
  EXPECT_EQ(steps_run("first", ""), 8);
  EXPECT_EQ(steps_run("later", ", least_steps: 9"), 12);
}

TEST_F(ModelRunConfig, TheReportSaysWhatIsNotInIt) {
  SmallExport small;
  small.layers_of_model = 30;
  written(small, "0,2");
  const Outcome outcome = run("-o out --set workload.tokens=1");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  for (const char* text : {"small, layers 0,2 (2 of 30), prefill2: 1 token, code signed",
                           "embedding, the last normalization, the language model's head and sampling",
                           "the other 28 of the model's 30 layers", "SYNTHETIC DATA"})
    EXPECT_NE(outcome.out.find(text), std::string::npos) << text << "\n" << outcome.out;
}

TEST_F(ModelRunConfig, TablesOfLayersLineUp) {
  SmallExport small;
  small.layers = small.layers_of_model = 11;
  written(small);
  std::stringstream text(run("-o out").out);
  std::vector<std::string> table;
  for (std::string line; std::getline(text, line);)
    if (line.rfind("layer ", 0) == 0 || (!table.empty() && table.size() < 13)) table.push_back(line);
  ASSERT_EQ(table.size(), 13u);
  EXPECT_EQ(table[11].substr(0, 6), "   10 ");
  EXPECT_EQ(table[12].substr(0, 6), "total ");
  for (const std::string& line : table) EXPECT_EQ(line.size(), table[0].size()) << line;
}

TEST_F(ModelRunConfig, AFolderGrowsByLayersAndKeepsThoseItHas) {
  written({});
  ASSERT_EQ(run("-o out --set workload.layers=1").status, 0);
  const Outcome more = run("-o out");
  EXPECT_EQ(more.status, 0);
  EXPECT_NE(more.out.find("Simulated 2 layers in "), std::string::npos) << more.out;
  ASSERT_EQ(run("-o whole").status, 0);
  EXPECT_EQ(tree("out"), tree("whole"));
  const Outcome fewer = run("-o out --set workload.layers=0-1");
  EXPECT_EQ(fewer.status, 2);
  EXPECT_EQ(fewer.err,
            "spikeloom: out: holds layer 2, which this experiment leaves out; choose another folder with -o, "
            "or begin anew with --fresh\n");
}

TEST_F(ModelRunConfig, AnotherExperimentInTheFolderIsRefusedWithWhatDiffers) {
  written({});
  ASSERT_EQ(run("-o out").status, 0);
  const auto before = tree("out");
  const auto refused = [&](const std::string& more) {
    const Outcome outcome = run("-o out " + more);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(tree("out"), before);
    return outcome.err;
  };
  const std::string remedy = "; choose another folder with -o, or begin anew with --fresh\n";
  EXPECT_EQ(refused("--set chip.tile.lanes=96"),
            "spikeloom: out: layer 0 there is of another experiment: chip.tile.lanes is 48 there, 96 here" + remedy);
  EXPECT_EQ(refused("--set workload.tokens=1"),
            "spikeloom: out: layer 0 there is of another experiment: workload.tokens is all there, 1 here" + remedy);
  SmallExport changed;
  changed.edit = [](int layer, TracePair& pair) { pair.activations.description["text"]["excerpt"] = "x"; };
  changed.write(folder_, "other");
  for (const char* name : {"layer00.prefill2.safetensors", "layer01.prefill2.safetensors",
                           "layer02.prefill2.safetensors", "manifest.json"})
    fs::copy_file(folder_.file(std::string("other/") + name), folder_.file(std::string("export/") + name),
                  fs::copy_options::overwrite_existing);
  EXPECT_EQ(refused(""),
            "spikeloom: out: layer 0 there is of another experiment: its activations file has been exported "
            "anew since" +
                remedy);
  EXPECT_EQ(run("-o out --fresh --set chip.tile.lanes=96").status, 0);
  EXPECT_EQ(report("out")["model"]["excerpt"], "x");
}

TEST_F(ModelRunConfig, ResultsOfOneLayerAndOfSeveralNeverMix) {
  written({});
  ASSERT_EQ(run("-o several").status, 0);
  const std::string one = "run several/layers/layer00/resolved.yaml --no-figures -o ";
  ASSERT_EQ(spikeloom(one + "single").status, 0);
  EXPECT_EQ(run("-o single").err,
            "spikeloom: single: holds the results of a run of one layer; choose another folder "
            "with -o, or begin anew with --fresh\n");
  EXPECT_FALSE(fs::exists(folder_.file("single/layers")));
  EXPECT_EQ(spikeloom(one + "several").err,
            "spikeloom: several: holds the results of a run of several layers; choose another folder with -o\n");
  EXPECT_EQ(run("-o single --fresh").status, 0);
  EXPECT_EQ(tree("single"), tree("several"));
}

TEST_F(ModelRunConfig, ALayerThatDoesNotFitIsFoundBeforeAnyRuns) {
  SmallExport small;
  small.edit = [](int layer, TracePair& pair) {
    if (layer == 2) pair.activations.tensors["p.theta"].values[0] = 1 << 24;  // 25 bits; the chip has 24
  };
  written(small);
  const std::string message = ": layer 2: " SPIKELOOM_SOURCE_DIR "/configs/chips/smollm2.yaml:";
  for (const std::string& words : {std::string("run model.yaml -o out"), std::string("check model.yaml")}) {
    const Outcome outcome = spikeloom(words);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("threshold_bits: 24 is too small for 'p', which needs 25"), std::string::npos);
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
  EXPECT_FALSE(fs::exists(folder_.file("out")));
}

TEST_F(ModelRunConfig, CheckSaysWhatEveryLayerNeeds) {
  written({});
  const Outcome outcome = spikeloom("check model.yaml");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out.rfind("model.yaml: ok\n  layer 0    needs slopes of ", 0), 0u) << outcome.out;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 4);
  EXPECT_EQ(spikeloom("describe model.yaml").status, 0);
}

TEST_F(ModelRunConfig, AnUnwritableFolderOrFullDiskGivesOneLine) {
  written({});
  folder_.write("file", "");
  EXPECT_EQ(run("-o file/inside").err,
            "spikeloom: file/inside: cannot write results there; choose another folder with -o\n");
  // No file may grow beyond 2 KiB: a layer's report cannot be written, as on a full disk.
  const std::string limited = "trap '' XFSZ; ulimit -f 4; cd " + folder_.file("") +
                              " && " SPIKELOOM_BINARY " run model.yaml --no-figures --jobs 1 -o out 2>err";
  EXPECT_EQ(WEXITSTATUS(std::system(("bash -c \"" + limited + "\"").c_str())), 2);
  EXPECT_EQ(read(folder_.file("err")),
            "spikeloom: layer 0: out/layers/layer00.part/energy.csv.part: cannot be written "
            "(disk full?)\nspikeloom: 0 of 3 layers are done in out; the same command goes on "
            "from there\n");
  EXPECT_EQ(run("-o out").status, 0);
}

TEST_F(ModelRunConfig, OptionsThatCannotHelpAreRefused) {
  written({});
  const char* const mistakes[] = {"--jobs 0", "--timeline", "--traffic", "--vcd tile_0_0"};
  for (const char* more : mistakes) {
    const Outcome outcome = run(more);
    EXPECT_EQ(outcome.status, 2) << more;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
  ASSERT_EQ(run("-o out").status, 0);
  for (const char* more : {" --jobs 2", " --fresh"})
    EXPECT_EQ(spikeloom("run out/layers/layer00/resolved.yaml -o one" + std::string(more)).status, 2) << more;
}

}  // namespace
}  // namespace spikeloom
