// The program as a user meets it: exit status, messages, files.

#include "tests/support/cli.h"

#include <sys/stat.h>

#include <cstdlib>

namespace spikeloom {
namespace {

TEST_F(CliConfig, HelpOfEveryCommandShowsExamples) {
  for (const char* command : {"run", "check", "price", "describe", "noc"}) {
    const Outcome outcome = spikeloom(std::string(command) + " --help");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_NE(outcome.text.find("examples"), std::string::npos) << command;
  }
  EXPECT_EQ(spikeloom("--help").status, 0);
}

TEST_F(CliConfig, MistakesGiveOneLineAndStatusTwo) {
  const char* const mistakes[] = {"fly",
                                  "run",
                                  "run missing.yaml",
                                  "run configs/experiments/demo.yaml --no-such-option",
                                  "check",
                                  "describe",
                                  "price",
                                  "price configs/experiments/demo.yaml --set chip.tile.lanes=0",
                                  "price configs/experiments/demo.yaml --counts configs",
                                  "price configs/experiments/smollm2_model.yaml",
                                  "run configs/experiments/memory.yaml",
                                  "run configs/experiments/demo.yaml --set nonsense",
                                  "noc",
                                  "noc configs/networks/mesh_8x8.yaml --rates 0.1,x",
                                  "noc configs/networks/mesh_8x8.yaml --rates ''",
                                  "noc configs/networks/mesh_8x8.yaml --set nonsense",
                                  "noc configs/experiments/demo.yaml",
                                  "run configs/experiments/demo.yaml --set chip.tile.lanes=0",
                                  "run configs/experiments/demo.yaml --set workload.tokens=99",
                                  "check configs/experiments/demo.yaml --set workload.operations=[q,z]",
                                  "run configs/experiments/demo.yaml --vcd tile_9_9",
                                  "run configs/experiments/demo.yaml --vcd router_0_0 --record-cycles 9",
                                  "run configs/experiments/demo.yaml --record-cycles 0:9",
                                  "run configs/experiments/demo.yaml --record-limit 3",
                                  "noc configs/networks/recorded_smollm2.yaml --rates 0.1",
                                  "noc configs/networks/recorded_smollm2.yaml --set network.height=4",
                                  "noc configs/networks/recorded_smollm2.yaml --set network.vcs_per_class=6",
                                  "noc configs/networks/recorded_smollm2.yaml --set network.link_bits=64"};
  for (const char* words : mistakes) {
    const Outcome outcome = spikeloom(words);
    EXPECT_EQ(outcome.status, 2) << words;
    EXPECT_EQ(std::count(outcome.text.begin(), outcome.text.end(), '\n'), 1) << words << ": " << outcome.text;
    EXPECT_EQ(outcome.text.rfind("spikeloom: ", 0), 0u) << outcome.text;
  }
}

// The file that a command is given, of another kind than it wants.
TEST_F(CliConfig, AnotherFileIsNamedAsWhatItIs) {
  const std::string trace = "traces/smollm2-135m/spikequant-improved/layer15.";
  const auto said = [](const std::string& words) {
    const Outcome outcome = spikeloom(words);
    EXPECT_EQ(outcome.status, 2) << words;
    return outcome.text;
  };
  for (const char* command : {"run", "price"}) {
    const auto of = [&](const std::string& file) { return said(std::string(command) + " " + file); };
    EXPECT_EQ(of("configs/chips/smollm2.yaml"),
              "spikeloom: configs/chips/smollm2.yaml:3:1: chip: this file is a chip, not an experiment (an experiment "
              "names it at experiment.chip)\n");
    EXPECT_EQ(of(trace + "prefill32.safetensors"), "spikeloom: " + trace +
                                                       "prefill32.safetensors: is a trace (an experiment names it at "
                                                       "workload.trace), not an experiment\n");
    EXPECT_EQ(of("configs"), "spikeloom: configs: is a folder, not an experiment\n");
    EXPECT_NE(of("README.md").find(" (a YAML file of an experiment is wanted here)\n"), std::string::npos);
    EXPECT_NE(of("configs/experiments/memory.yaml").find("this file is a study, not an experiment"), std::string::npos);
  }
  EXPECT_EQ(
      said("run traces/smollm2-135m/spikequant"),
      "spikeloom: traces/smollm2-135m/spikequant: is a folder, not an experiment (of an export: an experiment names "
      "it at workload.model)\n");
  EXPECT_EQ(said("noc traces/smollm2-135m/traffic/layer15.token1.safetensors"),
            "spikeloom: traces/smollm2-135m/traffic/layer15.token1.safetensors: is recorded traffic (a network "
            "names it at traffic.file), not a network\n");
  EXPECT_NE(said("check configs/energy/22nm.yaml").find("is a technology, not an experiment or a network"),
            std::string::npos);
  EXPECT_NE(said("describe configs/networks/mesh_8x8.yaml").find("is a network, not a chip or an experiment"),
            std::string::npos);
  const std::string weights = "spikeloom: " + trace +
                              "weights.safetensors: holds the weights of traces; name a file of "
                              "activations, which names it\n";
  EXPECT_EQ(said("check " + trace + "weights.safetensors"), weights);
  EXPECT_EQ(said("describe " + trace + "weights.safetensors"), weights);
  EXPECT_EQ(said("noc configs/networks/recorded_smollm2.yaml --set traffic.file=README.md"),
            "spikeloom: README.md: is not a safetensors file, as traces and recorded traffic are\n");
  EXPECT_EQ(said("check configs/experiments/demo.yaml --set workload.trace=configs/chips/smollm2.yaml"),
            "spikeloom: configs/chips/smollm2.yaml: is not a safetensors file, as traces and recorded traffic are\n");
  EXPECT_EQ(
      said("check configs/experiments/demo.yaml --set experiment.chip=configs/chips"),
      "spikeloom: --set experiment.chip=configs/chips: experiment.chip: 'configs/chips' is a folder, not a file\n");
}

TEST_F(CliConfig, AFifoIsNotWaitedFor) {
  const std::string fifo = folder_ + "/fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  for (const char* command : {"run", "check", "noc", "describe", "price"})
    EXPECT_EQ(spikeloom(std::string(command) + " " + fifo).text,
              "spikeloom: " + fifo + ": is a FIFO, not a regular file\n")
        << command;
}

TEST_F(CliConfig, NothingIsDoneBeforeAllIsAskedForRightly) {
  EXPECT_EQ(spikeloom("check configs/experiments/demo.yaml configs/networks/mesh_8x8.yaml").text,
            "spikeloom: check: one experiment or network at a time (any number of traces)\n");
  EXPECT_EQ(spikeloom("run configs/experiments/demo.yaml -o ''").text,
            "spikeloom: --output: has no value (see --help)\n");
  EXPECT_EQ(spikeloom("price configs/experiments/demo.yaml --counts ''").text,
            "spikeloom: --counts: has no value (see --help)\n");
  EXPECT_EQ(spikeloom("check configs/experiments/demo.yaml --set workload.operations=q,k,q").text,
            "spikeloom: --set workload.operations=q,k,q: workload.operations: 'q' is there twice (name each once)\n");
  for (const char* command : {"check", "describe"})
    EXPECT_EQ(spikeloom(std::string(command) + " x.safetensors --set chip.tile.lanes=4").text,
              "spikeloom: --set chip.tile.lanes=4: x.safetensors is no config (leave --set out)\n");
  EXPECT_EQ(spikeloom("check configs/experiments/demo.yaml --set technology.sram.table=configs").text,
            "spikeloom: configs: cannot read the SRAM table: is a folder, not a file\n");
  EXPECT_EQ(spikeloom("run ''").text, "spikeloom: a file's name is empty (see --help)\n");
}

TEST_F(CliConfig, ResultsOfAnotherConfigurationAreReplacedWithAWord) {
  const std::string said = folder_ + "/one: the results of 'demo' there are replaced: chip.payload is ";
  EXPECT_EQ(spikeloom(run("one", kQuick)).text.find(said), std::string::npos);
  EXPECT_EQ(spikeloom(run("one", kQuick)).text.find(said), std::string::npos);
  const std::string other = std::string(kQuick) + " --set chip.payload=bitmap";
  EXPECT_NE(spikeloom(run("one", other)).text.find(said + "address_events there, bitmap here\n"), std::string::npos);
}

TEST_F(CliConfig, TheReportSaysWhyEachOperationWasMappedAsItIs) {
  const Outcome outcome = spikeloom(run("one",
                                        "--set chip.mapping.policy=fixed --set chip.mapping.input_split=2 "
                                        "--set workload.tokens=1"));
  EXPECT_NE(outcome.text.find("\nMapping\n"
                              "  input split 2 (as configured): q,k,v; o; gate,up; down\n"
                              "  input split 1 (of causal scores): scores\n"
                              "  input split 1 (2 configured, the input has no more parts): mix\n"
                              "  placed snake (as configured)\n"
                              "  salient values by mask (as configured)\n"),
            std::string::npos)
      << outcome.text;
}

// Measured: at most 3.5 % slower, at best 6 % faster.
TEST_F(CliConfig, TheAutomaticMappingIsWithinATwentiethOfTheBestFixedSplit) {
  const auto cycles = [this](const std::string& job, const std::string& mapping) {
    EXPECT_EQ(spikeloom(run("one", job + mapping)).status, 0);
    return double(json::parse(read("one/report.json"))["time"]["cycles"]);
  };
  for (const std::string chip : {"smollm2", "large_8x8"})
    for (const std::string kind : {"prefill32", "decode128"}) {
      const std::string job = "--set experiment.chip=configs/chips/" + chip +
                              ".yaml --set workload.trace=traces/smollm2-135m/spikequant-improved/layer15." + kind +
                              ".safetensors";
      const double automatic = cycles(job, " --set chip.mapping.policy=auto --set chip.mapping.placement=auto");
      for (const char* split : {"1", "2", "4", "5"})
        EXPECT_LE(automatic, 1.05 * cycles(job, std::string(" --set chip.mapping.policy=fixed --set "
                                                            "chip.mapping.placement=snake --set "
                                                            "chip.mapping.input_split=") +
                                                    split))
            << chip << ", " << kind << " in " << split;
    }
}

// Python that cannot draw: one line, and the numbers stand.
TEST_F(CliConfig, FiguresThatFailGiveOneLineWithTheRemedy) {
  const std::string python = folder_ + "/python";
  std::ofstream(python) << "#!/bin/sh\necho \"$0: No module named spikeloom\" >&2\nexit 1\n";
  fs::permissions(python, fs::perms::owner_all);
  setenv("SPIKELOOM_PYTHON", python.c_str(), 1);
  const Outcome outcome = spikeloom(
      "noc configs/networks/mesh_8x8.yaml -q --rates 0.02 --set traffic.seeds=1 "
      "--set traffic.warmup_cycles=0 --set traffic.measured_cycles=300 -o " +
      folder_ + "/x");
  unsetenv("SPIKELOOM_PYTHON");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.text, "figures were not drawn: " + python + ": No module named spikeloom (run `make venv`); then " +
                              "`spikeloom plot " + folder_ + "/x` draws them\n");
  EXPECT_FALSE(read("x/noc.json").empty());
}

TEST_F(CliConfig, UnwritableFolderIsNoticedBeforeTheSimulation) {
  std::ofstream(folder_ + "/file") << "not a folder";
  const Outcome outcome = spikeloom(run("file/inside", ""));
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.text,
            "spikeloom: " + folder_ + "/file/inside: cannot write results there; choose another folder with -o\n");
}

TEST_F(CliConfig, NothingIsWrittenWhenTheInputIsBad) {
  EXPECT_EQ(spikeloom(run("bad", "--set chip.tile.neuron_array.membrane_bits=12")).status, 2);
  EXPECT_FALSE(fs::exists(folder_ + "/bad"));
}

TEST_F(CliConfig, TextThatIsNotUtf8IsRefusedBeforeTheSimulation) {
  for (const char* key : {"chip.name", "experiment.name", "workload.trace"}) {
    const std::string set = "--set " + std::string(key) + "=$(printf 'x\\377')";
    const std::string expected = "spikeloom: --set " + std::string(key) + "=x\xef\xbf\xbd: " + key +
                                 ": not UTF-8 (byte 0xff); write it in UTF-8\n";
    EXPECT_EQ(spikeloom("check configs/experiments/demo.yaml " + set).text, expected);
    const Outcome outcome = spikeloom(run("bad", set));
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.text, expected);
  }
  EXPECT_FALSE(fs::exists(folder_ + "/bad"));
}

TEST_F(CliConfig, ResolvedConfigurationRepeatsTheRunByteForByte) {
  ASSERT_EQ(spikeloom(run("first", std::string(kQuick) + " --set chip.payload=bitmap")).status, 0);
  ASSERT_EQ(spikeloom("run " + folder_ + "/first/resolved.yaml --no-figures -o " + folder_ + "/second").status, 0);
  for (const char* file : {"report.json", "energy.csv", "counts.csv", "windows.csv", "resolved.yaml"}) {
    EXPECT_FALSE(read(std::string("first/") + file).empty());
    EXPECT_EQ(read(std::string("first/") + file), read(std::string("second/") + file)) << file;
  }
}

TEST_F(CliConfig, CsvFilesAddUpToTheReportedTotalEvenInWindowsOfOneCycle) {
  ASSERT_EQ(spikeloom(run("one", "--set workload.tokens=1 --set experiment.window_cycles=1")).status, 0);
  const double total = json::parse(read("one/report.json"))["energy"]["total_pj"];
  for (const char* file : {"energy.csv", "windows.csv"}) {
    std::ifstream stream(folder_ + "/one/" + file);
    std::string line;
    std::getline(stream, line);
    double sum = 0;
    while (std::getline(stream, line)) sum += std::atof(line.substr(line.rfind(',') + 1).c_str());
    EXPECT_NEAR(sum, total, 1e-6 * total) << file;
  }
}

TEST_F(CliConfig, RecordingChangesNothingElse) {
  ASSERT_EQ(spikeloom(run("off", kQuick)).status, 0);
  ASSERT_EQ(spikeloom(run("on", std::string(kQuick) + " --timeline --traffic --vcd router_0_1,tile_0_0")).status, 0);
  for (const char* file : {"energy.csv", "windows.csv", "resolved.yaml"})
    EXPECT_EQ(read(std::string("off/") + file), read(std::string("on/") + file)) << file;
  json on = json::parse(read("on/report.json")), off = json::parse(read("off/report.json"));
  EXPECT_EQ(on["recordings"].size(), 3u);
  for (const json& recorded : on["recordings"]) {
    EXPECT_EQ(recorded["bytes"], read("on/" + recorded["file"].get<std::string>()).size());
    EXPECT_EQ(recorded["begin_cycle"], 0);
    EXPECT_EQ(recorded["end_cycle"], on["time"]["cycles"]);
    EXPECT_EQ(recorded["full"], false);
  }
  on.erase("recordings");
  EXPECT_EQ(on, off);
}

// A block that is chosen already, by itself or by the one that it is in, may be named again.
TEST_F(CliConfig, FilesOfAnEarlierRecordingGo) {
  const std::string blocks = " --vcd memory_0,memory_0,memory_0.dram";
  ASSERT_EQ(spikeloom(run("same", kQuick + (" --timeline --traffic" + blocks))).status, 0);
  const char* const files[] = {"timeline.perfetto-trace", "waves.vcd", "traffic.safetensors"};
  for (const char* file : files) EXPECT_TRUE(fs::exists(folder_ + "/same/" + file)) << file;
  ASSERT_EQ(spikeloom(run("same", kQuick)).status, 0);
  for (const char* file : files) EXPECT_FALSE(fs::exists(folder_ + "/same/" + file)) << file;
}

TEST_F(CliConfig, TrafficWithoutAPacketIsNotWritten) {
  const Outcome outcome = spikeloom(run("none", std::string(kQuick) + " -q --traffic --record-cycles 1000000:"));
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(
      outcome.text,
      "--traffic: no packet was injected in the recorded cycles; traffic.safetensors is not written (the run has " +
          std::to_string(json::parse(read("none/report.json"))["time"]["cycles"].get<int>()) + " cycles)\n");
  EXPECT_FALSE(fs::exists(folder_ + "/none/traffic.safetensors"));
  EXPECT_FALSE(json::parse(read("none/report.json")).contains("recordings"));
}

TEST_F(CliConfig, BlocksThatAreNotThereGiveNamesThatBeginAlike) {
  const auto said = [this](const std::string& block) { return spikeloom(run("x", "--vcd " + block)).text; };
  const std::string no = "spikeloom: --vcd: the chip has no block '";
  EXPECT_EQ(said("tile_9_9"), no + "tile_9_9' (similar: tile_0_0, tile_0_1, tile_0_2)\n");
  EXPECT_EQ(said("tile_0"), no + "tile_0' (similar: tile_0_0, tile_0_1, tile_0_2)\n");
  EXPECT_EQ(said("chip"), no + "chip' (there are, for example: memory_0, router_0_0, tile_0_0)\n");
}

TEST_F(CliConfig, FullFilesEndTheRecordingAndTheReportSaysWhere) {
  const Outcome outcome =
      spikeloom(run("full", std::string(kQuick) + " --set experiment.window_cycles=10 --record-limit 1 --timeline"
                                                  " --vcd tile_0_0,tile_1_0,memory_0,router_0_0,router_0_1"));
  ASSERT_EQ(outcome.status, 0) << outcome.text;
  for (const json& recorded : json::parse(read("full/report.json"))["recordings"]) {
    EXPECT_EQ(recorded["full"], true) << recorded;
    EXPECT_LE(recorded["bytes"], 1 << 20);
    EXPECT_GT(recorded["bytes"], 1 << 19);
  }
  EXPECT_NE(outcome.text.find("full: nothing is recorded from cycle "), std::string::npos) << outcome.text;
}

// q, k, v: 960 outputs, 20 whole groups of 48 lanes, of 576 inputs, 36 of them digit pairs, whose second row is a
// message of its own: 24 bytes in 2 flits of 16.
TEST_F(CliConfig, TheReportSaysWhatPackingAddsToWeights) {
  ASSERT_EQ(spikeloom(run("dense", "--set workload.operations=q,k,v --set workload.tokens=1")).status, 0);
  const json dense = json::parse(read("dense/report.json"))["figures"];
  EXPECT_EQ(dense["rows_of_weights"], 960 * (576 + 36));
  EXPECT_EQ(dense["needed_weight_bits"], 4 * 960 * (576 + 36));
  EXPECT_EQ(dense["packed_weight_bits"], 4 * 960 * (576 + 36));
  EXPECT_EQ(dense["sram_weight_bits"], 4 * 960 * (576 + 36));
  EXPECT_EQ(dense["flit_weight_bits"], 4 * 960 * (576 + 36) + 20 * 36 * 8 * 8);
}

// Groups of 32 ternary weights: 7 bytes of five, the last one with two.
TEST_F(CliConfig, FiveTernaryWeightsAByteLeaveAPartOfARowEmpty) {
  const Outcome outcome = spikeloom(
      "run configs/experiments/spiking_lm.yaml --no-figures --set "
      "chip.tile.synapse_array.ternary_weights=five_per_byte "
      "--set workload.steps=1 --set workload.operations=query -o " +
      folder_ + "/ternary");
  ASSERT_EQ(outcome.status, 0) << outcome.text;
  EXPECT_NE(outcome.text.find("Packing      1.58 bits a weight and row: 1.75 packed, 1.75 in flits and DRAM, 1.75 in "
                              "SRAM rows\n"),
            std::string::npos)
      << outcome.text;
}

// 3 of 6 tokens in 16 steps, when sums over values have been made: 2,304 / 2 of 24 bits a step, and the probabilities
// that they were made of, 432 / 2 of 9; for a token and step 384 running sums of queries, of up to 16 x 384 in 14 bits,
// and the spikes of 384 keys and values; the residual stream, 384 of 32 bits a token.
TEST_F(CliConfig, TheGlobalBufferHoldsWhatIsStillReadOfTheVectorUnitsResults) {
  const int steps = 16, tokens = 3;
  const int bytes = (steps * (1152 * 24 + 216 * 9) + tokens * steps * 384 * (14 + 1 + 1) + tokens * 384 * 32) / 8;
  const auto checked = [](int bytes) {
    return spikeloom("check configs/experiments/spiking_lm.yaml --set chip.memory_node.global_buffer.bytes=" +
                     std::to_string(bytes));
  };
  EXPECT_EQ(checked(bytes).status, 0) << checked(bytes).text;
  EXPECT_NE(checked(bytes - 16).text.find("which needs " + std::to_string(bytes)), std::string::npos)
      << checked(bytes - 16).text;
}

TEST_F(CliConfig, CheckRecomputesTheExpectationsOfATrace) {
  const Outcome outcome = spikeloom("check traces/smollm2-135m/spikequant/layer15.prefill32.safetensors");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.text.find("every expected output equals the integer reference"), std::string::npos);
}

// Every output of the real layer, on its first two tokens: seven linear operations, and attention of 9 heads of 64
// dimensions, whose tokens see one position and two.
struct Combination {
  const char *method, *spike_code, *payload;
};
class RealLayerExact : public CliConfig, public testing::WithParamInterface<Combination> {};

TEST_P(RealLayerExact, EveryOutputEqualsTheTrace) {
  const Combination& at = GetParam();
  const std::string sets = std::string(kQuick) + " --set workload.trace=traces/smollm2-135m/" + at.method +
                           "/layer15.prefill32.safetensors --set chip.spike_code=" + at.spike_code +
                           " --set chip.payload=" + at.payload +
                           " --set chip.encoder.index_bytes=65536 --set chip.encoder.main_bytes=4096";
  const Outcome outcome = spikeloom(run("exact", sets));
  EXPECT_EQ(outcome.status, 0) << outcome.text;
  const json exact = json::parse(read("exact/report.json"))["exact"];
  EXPECT_EQ(exact["outputs"], 2 * (576 + 192 + 192 + 576 + 1536 + 1536 + 576) + 9 * (1 + 2) + 2 * 9 * 64);
  EXPECT_EQ(exact["equal"], exact["outputs"]);
}

std::vector<Combination> combinations() {
  std::vector<Combination> all;
  for (const char* method : {"spikequant", "spikequant-improved"})
    for (const char* spike_code : {"ttfs", "count", "radix"})
      for (const char* payload : {"address_events", "bitmap", "packed_codes"})
        all.push_back({method, spike_code, payload});
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, RealLayerExact, testing::ValuesIn(combinations()),
                         [](const testing::TestParamInfo<Combination>& info) {
                           return std::string(std::string(info.param.method) == "spikequant" ? "paper_" : "improved_") +
                                  info.param.spike_code + "_" + info.param.payload;
                         });

// Both halves of a tile's weight SRAM in one bank: rows that come wait, and the chip for them; nothing else changes.
TEST_F(CliConfig, HalvesThatShareBanksTakeLongerToTheSameOutputs) {
  const std::string shared = " --set chip.tile.synapse_array.halves=shared_banks --set chip.tile.synapse_array.banks=";
  const Outcome own = spikeloom(run("own", kQuick)), one = spikeloom(run("one", kQuick + shared + "1"));
  ASSERT_EQ(one.status, 0) << one.text;
  const json with_own = json::parse(read("own/report.json")), with_one = json::parse(read("one/report.json"));
  EXPECT_EQ(with_one["exact"]["equal"], with_own["exact"]["outputs"]);
  EXPECT_EQ(with_own["figures"]["weight_bank_waits"], 0);
  EXPECT_GT(with_one["figures"]["weight_bank_waits"], 0);
  EXPECT_GT(with_one["time"]["cycles"], with_own["time"]["cycles"]);
  const auto stalled = [](const json& report) {
    uint64_t cycles = 0;
    for (const auto& [block, states] : report["activity_cycles"].items())
      if (block.find("synapse_array") != std::string::npos) cycles += states.value("stalled_weights", 0);
    return cycles;
  };
  EXPECT_GT(stalled(with_one), stalled(with_own));
  for (const char* figure : {"rows_read", "rows_added", "additions", "dram_bytes"})
    EXPECT_EQ(with_one["figures"][figure], with_own["figures"][figure]) << figure;
  EXPECT_EQ(own.text.find("weight rows that come"), std::string::npos);
  EXPECT_NE(one.text.find("cycles for a bank; weight rows that come, "), std::string::npos) << one.text;
  EXPECT_NE(spikeloom("describe configs/experiments/demo.yaml" + shared + "3").text.find("in 3 banks (shared_banks)"),
            std::string::npos);
}

class CliGolden : public CliConfig {};

// The demo's report is committed; a change needs a sentence in the commit that says why the new numbers are right.
TEST_F(CliGolden, DemoEqualsTheCommittedReport) {
  ASSERT_EQ(spikeloom(run("demo", "")).status, 0);
  const json now = json::parse(read("demo/report.json"));
  std::ifstream stream(SPIKELOOM_SOURCE_DIR "/tests/golden/demo.json");
  const json golden = json::parse(stream);
  EXPECT_EQ(now["exact"], golden["exact"]);
  EXPECT_EQ(now["time"]["cycles"], golden["time"]["cycles"]);
  for (const auto& [key, value] : golden["figures"].items())
    EXPECT_NEAR(now["figures"][key].get<double>(), value.get<double>(), 1e-9 * std::abs(value.get<double>())) << key;
  for (const auto& [group, value] : golden["energy"]["groups_pj"].items())
    EXPECT_NEAR(now["energy"]["groups_pj"][group].get<double>(), value.get<double>(), 1e-9 * value.get<double>())
        << group;
  EXPECT_EQ(now["phases"].size(), golden["phases"].size());
  for (size_t i = 0; i < golden["phases"].size(); ++i)
    EXPECT_EQ(now["phases"][i]["cycles"], golden["phases"][i]["cycles"]);
}

TEST_F(CliConfig, APathIsSetOnce) {
  const Outcome outcome = spikeloom(run("r", "--set chip.tile.lanes=48 --set chip.tile.lanes=24"));
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.text, "spikeloom: --set chip.tile.lanes=24: chip.tile.lanes is set twice (name each once)\n");
}

TEST_F(CliConfig, AFullStandardOutputIsAnError) {
  const std::string said = folder_ + "/said";
  const Outcome outcome = spikeloom("price configs/experiments/demo.yaml --json >/dev/full 2>" + said +
                                    "; status=$?; cat " + said + "; exit $status #");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.text, "spikeloom: standard output cannot be written (disk full?)\n");
}

// Of mix [tokens, 9 heads * 64] the value at [1, 240] is changed by one bit in a copy of the trace.
TEST_F(CliConfig, ADifferenceOfAttentionIsNamedByTokenAndOutput) {
  const std::string from = SPIKELOOM_SOURCE_DIR "/traces/smollm2-135m/spikequant-improved/", to = folder_ + "/copy";
  fs::create_directory(to);
  fs::copy(from, to);
  const std::string file = to + "/layer15.prefill32.safetensors";
  std::fstream trace(file, std::ios::in | std::ios::out | std::ios::binary);
  uint64_t length = 0;
  trace.read(reinterpret_cast<char*>(&length), 8);
  std::string head(length, 0);
  trace.read(head.data(), std::streamsize(length));
  const json tensor = json::parse(head)["mix.expected"];
  ASSERT_EQ(tensor["shape"], json({32, 576}));
  const size_t begin = tensor["data_offsets"][0], end = tensor["data_offsets"][1], bytes = (end - begin) / (32 * 576);
  const auto place = std::streamoff(8 + length + begin + (576 + 240) * bytes);
  trace.seekg(place);
  const char value = char(trace.get() ^ 1);
  trace.seekp(place);
  trace.put(value);
  trace.close();
  const Outcome outcome = spikeloom(run("r", std::string(kQuick) + " --set workload.trace=" + file));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.text.find("outputs differ from the trace: mix token 1 output 240: chip "), std::string::npos)
      << outcome.text;
}

}  // namespace
}  // namespace spikeloom
