// `spikeloom noc` as a user meets it.

#include <signal.h>

#include "tests/support/cli.h"

namespace spikeloom {
namespace {

const char* const kQuickNoc =
    "--no-figures --set traffic.warmup_cycles=0 --set traffic.measured_cycles=300 --set traffic.drain_cycles=2000";

TEST_F(CliConfig, ANetworkIsMeasuredAndItsResolvedFileRepeatsIt) {
  for (const char* name : {"mesh_8x8", "torus_8x8", "adaptive_8x8"}) {
    const std::string file = std::string("configs/networks/") + name + ".yaml";
    EXPECT_EQ(spikeloom("check " + file).status, 0);
    const std::string first = folder_ + "/" + name, again = first + "_again";
    ASSERT_EQ(spikeloom("noc " + file + " " + kQuickNoc + " --rates 0.02,0.05 -o " + first).status, 0);
    ASSERT_EQ(spikeloom("noc " + first + "/resolved.yaml --no-figures --rates 0.02,0.05 -o " + again).status, 0);
    EXPECT_EQ(read(std::string(name) + "/noc.csv"), read(std::string(name) + "_again/noc.csv"));
    const json rates = json::parse(read(std::string(name) + "/noc.json"))["rates"];
    ASSERT_EQ(rates.size(), 2u);
    EXPECT_GT(rates[0]["latency"], 5.0);
  }
}

// Other patterns and injections of a file have their sections ready.
TEST_F(CliConfig, HotspotsAndBurstsAreAskedForOnTheCommandLineAlone) {
  for (const char* name : {"mesh_8x8", "torus_8x8"}) {
    const Outcome outcome = spikeloom("noc configs/networks/" + std::string(name) + ".yaml " + kQuickNoc +
                                      " --set traffic.pattern=hotspot --set traffic.hotspot.nodes=[0,9] "
                                      "--set traffic.injection=bursty --set traffic.rates=[0.02] -o " +
                                      folder_ + "/" + name);
    EXPECT_EQ(outcome.status, 0) << outcome.text;
    EXPECT_NE(outcome.text.find("hotspot, bursty"), std::string::npos) << outcome.text;
    EXPECT_EQ(json::parse(read(std::string(name) + "/noc.json"))["rates"].size(), 1u);
  }
}

// Files of a run and of a network have other names, so that those of both would stay.
TEST_F(CliConfig, ARunAndANetworkDoNotShareAFolder) {
  const std::string network =
      "noc configs/networks/mesh_8x8.yaml " + std::string(kQuickNoc) + " --rates 0.02 -o " + folder_;
  const std::string remedy = "`; choose another folder with -o\n";
  ASSERT_EQ(spikeloom(network + "/net").status, 0);
  ASSERT_EQ(spikeloom(run("one", kQuick)).status, 0);
  fs::create_directories(folder_ + "/model/layers");
  for (const char* name : {"one", "model"}) {
    const Outcome outcome = spikeloom(network + "/" + name);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.text, "spikeloom: " + folder_ + "/" + name + ": holds the results of `spikeloom run" + remedy);
    EXPECT_FALSE(fs::exists(folder_ + "/" + name + "/noc.json"));
  }
  const Outcome outcome = spikeloom(run("net", kQuick));
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.text, "spikeloom: " + folder_ + "/net: holds the results of `spikeloom noc" + remedy);
  EXPECT_FALSE(fs::exists(folder_ + "/net/report.json"));
}

// The run's own counts of flits per link, added up, are the replay's flit-hops.
TEST_F(CliConfig, ARecordedRunIsReplayedOnItsNetwork) {
  ASSERT_EQ(spikeloom(run("made", "--set workload.tokens=1 --traffic")).status, 0);
  uint64_t hops = 0;
  const json report = json::parse(read("made/report.json"));
  for (const auto& [link, flits] : report["link_flits"].items()) hops += flits.get<uint64_t>();
  const Outcome outcome =
      spikeloom("noc configs/networks/recorded_smollm2.yaml --no-figures --set traffic.file=" + folder_ +
                "/made/traffic.safetensors -o " + folder_ + "/replayed");
  ASSERT_EQ(outcome.status, 0) << outcome.text;
  EXPECT_NE(outcome.text.find("Traffic      recorded: smollm2_4x3, layer 15 of "), std::string::npos) << outcome.text;
  const json replayed = json::parse(read("replayed/noc.json"));
  EXPECT_EQ(replayed["flit_hops"], hops);
  EXPECT_EQ(replayed["recorded_flit_hops"], hops);
  EXPECT_EQ(replayed["synthetic"], false);
  ASSERT_EQ(spikeloom("noc " + folder_ + "/replayed/resolved.yaml --no-figures -o " + folder_ + "/again").status, 0);
  EXPECT_EQ(read("replayed/noc.csv"), read("again/noc.csv"));
  EXPECT_EQ(spikeloom("noc configs/networks/recorded_smollm2.yaml --no-figures -o " + folder_ + "/committed").status,
            0);
}

TEST_F(CliConfig, ANetworkOfAnotherSizeThanTheRecordingIsRefused) {
  const Outcome outcome = spikeloom("check configs/networks/recorded_smollm2.yaml --set network.height=4");
  EXPECT_EQ(outcome.text,
            "spikeloom: configs/networks/recorded_smollm2.yaml:35:9: traffic.file: was recorded with 12 tiles and 2 "
            "memory node(s); this network has 16 and 2 (they must be the same)\n");
}

TEST_F(CliConfig, RowsArePrintedAsTheyAreMeasuredAndOneSeedHasNoDeviation) {
  const Outcome outcome = spikeloom("noc configs/networks/mesh_8x8.yaml " + std::string(kQuickNoc) +
                                    " --set traffic.seeds=1 --rates 0.02,0.05 -o " + folder_ + "/one");
  ASSERT_EQ(outcome.status, 0) << outcome.text;
  EXPECT_NE(outcome.text.find("SYNTHETIC: uniform"), std::string::npos);
  const size_t row = outcome.text.find("\n   0.0500"), results = outcome.text.find("\nResults ");
  ASSERT_NE(row, std::string::npos) << outcome.text;
  EXPECT_LT(row, results);
  EXPECT_NE(outcome.text.find(" - ", row), std::string::npos);
  const json rates = json::parse(read("one/noc.json"))["rates"];
  EXPECT_TRUE(rates[1]["deviation"].is_null());
}

// --rates stand for the file's rates, which need not be possible then; the error names the highest that is, 4 / 11 of a
// flit in packets of 4 where bursts begin with a chance of 0.01 and end with one of 0.1.
TEST_F(CliConfig, RatesOfTheCommandLineStandForThoseOfTheFile) {
  const std::string bursty = "noc configs/networks/mesh_8x8.yaml " + std::string(kQuickNoc) +
                             " --set traffic.injection=bursty --set traffic.burst.begins=0.01 "
                             "--set traffic.burst.ends=0.1 --set traffic.rates=[0.9] -o " +
                             folder_ + "/bursty";
  EXPECT_EQ(spikeloom(bursty).text,
            "spikeloom: --set traffic.rates=[0.9]: traffic.rates: 0.9 flits per cycle and node are more than bursts of "
            "this shape can carry: 0.363636 at most; raise traffic.burst.begins (0.01) or lower traffic.burst.ends "
            "(0.1)\n");
  EXPECT_EQ(spikeloom(bursty + " --rates 0.02,0.03").status, 0);
  EXPECT_EQ(spikeloom("noc " + folder_ + "/bursty/resolved.yaml --no-figures -o " + folder_ + "/again").status, 0);
  EXPECT_EQ(read("bursty/noc.csv"), read("again/noc.csv"));
  EXPECT_NE(spikeloom(bursty + " --rates 0.02,0.5").text.find("--rates 0.02,0.5: traffic.rates: 0.5 flits"),
            std::string::npos);
}

TEST_F(CliConfig, NothingIsMeasuredTwice) {
  const std::string mesh = "noc configs/networks/mesh_8x8.yaml -o " + folder_ + "/x";
  EXPECT_EQ(spikeloom(mesh + " --rates 0.1,0.2,0.10").text,
            "spikeloom: --rates 0.1,0.2,0.10: traffic.rates: 0.1 is there twice (name each once)\n");
  EXPECT_EQ(spikeloom(mesh + " --set traffic.pattern=hotspot --set traffic.hotspot.nodes=[5,7,5]").text,
            "spikeloom: --set traffic.hotspot.nodes=[5,7,5]: traffic.hotspot.nodes: 5 is there twice (name each "
            "once)\n");
}

// The first rate is measured at once, the second one takes long.
TEST_F(CliConfig, AStoppedMeasurementSaysSoAndWritesNothing) {
  const std::string command = "cd " SPIKELOOM_SOURCE_DIR " && echo $$ && exec " SPIKELOOM_BINARY
                              " noc configs/networks/mesh_8x8.yaml --no-figures --set traffic.seeds=1 --set "
                              "traffic.measured_cycles=10000000 --rates 0.000001,0.2 -o " +
                              folder_ + "/stopped 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 400> line;
  ASSERT_TRUE(fgets(line.data(), line.size(), pipe));
  const pid_t pid = pid_t(std::stol(line.data()));
  std::string text;
  while (text.find("\n   0.0000") == std::string::npos && fgets(line.data(), line.size(), pipe)) text += line.data();
  kill(pid, SIGTERM);
  std::string rest;
  while (fgets(line.data(), line.size(), pipe)) rest += line.data();
  EXPECT_EQ(WEXITSTATUS(pclose(pipe)), 128 + SIGTERM) << text << rest;
  EXPECT_EQ(rest, "spikeloom: stopped\n");
  EXPECT_FALSE(fs::exists(folder_ + "/stopped/noc.json"));
}

TEST_F(CliConfig, ARateWithoutAPacketHasNoLatency) {
  const Outcome outcome = spikeloom(
      "noc configs/networks/mesh_8x8.yaml --no-figures --set traffic.seeds=1 "
      "--set traffic.measured_cycles=1 --rates 0.000001 -o " +
      folder_ + "/short");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_NE(outcome.text.find("    no packet                               0\n"), std::string::npos) << outcome.text;
  EXPECT_NE(
      outcome.text.find("warning: no packet was measured at 1e-06: traffic.measured_cycles (1) or these rates are "
                        "too small\n"),
      std::string::npos)
      << outcome.text;
  EXPECT_TRUE(json::parse(read("short/noc.json"))["rates"][0]["latency"].is_null());
}

TEST_F(CliConfig, ShallowBuffersAreWarnedOf) {
  const Outcome outcome = spikeloom("check configs/networks/mesh_8x8.yaml --set network.buffer_flits=3");
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.text.substr(0, outcome.text.find('\n')),
            "warning: --set network.buffer_flits=3: network.buffer_flits: 3 flits are fewer than the 6 of the credit "
            "loop: one virtual channel reaches at most 50 % of a link's throughput (network.buffer_flits=6 reaches all "
            "of it)");
  const Outcome chip = spikeloom("check configs/experiments/demo.yaml --set chip.network.buffer_flits=3");
  EXPECT_NE(chip.text.find(": chip.network.buffer_flits: 3 flits "), std::string::npos) << chip.text;
  EXPECT_NE(chip.text.find("(chip.network.buffer_flits=6 reaches"), std::string::npos) << chip.text;
}

}  // namespace
}  // namespace spikeloom
