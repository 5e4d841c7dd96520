// `spikeloom price` as a user meets it.

#include <map>

#include "tests/support/cli.h"

namespace spikeloom {
namespace {

TEST_F(CliConfig, PricesAreATableOrForScriptsJson) {
  const Outcome table = spikeloom("price configs/experiments/demo.yaml");
  EXPECT_NE(table.text.find("tile.synapse_array             12"), std::string::npos) << table.text;
  const json priced = json::parse(spikeloom("price configs/experiments/demo.yaml --json").text);
  char total[32];
  std::snprintf(total, sizeof total, "%.4f\n", double(priced["area_mm2"]["total"]));
  EXPECT_NE(table.text.find(total), std::string::npos) << table.text;
}

// Another technology and longer links change no count: priced anew, a run's counts cost what a run of that costs.
TEST_F(CliConfig, CountsArePricedAsARunWouldPriceThem) {
  const std::string other = std::string(kQuick) + " --set experiment.energy=configs/energy/45nm.yaml" +
                            " --set chip.network.link_length_mm=2";
  ASSERT_EQ(spikeloom(run("there", kQuick)).status, 0);
  ASSERT_EQ(spikeloom(run("here", other)).status, 0);
  EXPECT_EQ(read("there/counts.csv"), read("here/counts.csv"));
  const Outcome outcome =
      spikeloom("price configs/experiments/demo.yaml --json " + other + " --counts " + folder_ + "/there");
  ASSERT_EQ(outcome.status, 0) << outcome.text;
  const json energy = json::parse(outcome.text)["energy"], report = json::parse(read("here/report.json"));
  EXPECT_EQ(energy["total_pj"], report["energy"]["total_pj"]);
  EXPECT_EQ(energy["groups_pj"], report["energy"]["groups_pj"]);
  EXPECT_EQ(energy["cycles"], report["time"]["cycles"]);
}

// A run of the demo with kQuick in `made`, and what `spikeloom price` says of its counts.
class StoredCountsConfig : public CliConfig {
 protected:
  void SetUp() override {
    CliConfig::SetUp();
    ASSERT_EQ(spikeloom(run("made", kQuick)).status, 0);
    made_ = folder_ + "/made";
  }
  std::string priced(const std::string& more = "") {
    const Outcome outcome = spikeloom("price configs/experiments/demo.yaml --json --counts " + made_ + " " + more +
                                      " " + std::string(kQuick));
    return outcome.status == 0 ? "ok" : outcome.text;
  }
  std::string priced_with(const std::string& counts) {
    std::ofstream(made_ + "/counts.csv") << counts;
    return priced();
  }
  std::string made_;
};

// Every energy is a count times a price, so that each event's energy is that of the run's own energy.csv.
TEST_F(StoredCountsConfig, EventsCostWhatTheRunSaysTheyCost) {
  ASSERT_EQ(priced(), "ok");
  const json energy = json::parse(
      spikeloom("price configs/experiments/demo.yaml --json --counts " + made_ + " " + kQuick).text)["energy"];
  std::map<std::string, double> events;
  std::stringstream rows(read("made/energy.csv"));
  std::string line, block, event;
  for (std::getline(rows, line); std::getline(rows, line);) {
    std::stringstream row(line);
    std::getline(row, block, ',');
    std::getline(row, event, ',');
    events[event] += std::stod(line.substr(line.rfind(',') + 1));
  }
  ASSERT_EQ(energy["events_pj"].size(), events.size());
  for (const auto& [name, pj] : events) EXPECT_NEAR(energy["events_pj"][name].get<double>(), pj, 1e-8 * pj) << name;
}

TEST_F(StoredCountsConfig, CountsThatAreNotThisExperimentsAreRefused) {
  const std::string other = "spikeloom: " + made_ + ": its counts are of another experiment: ",
                    remedy = "; simulate this one with `spikeloom run`\n";
  EXPECT_EQ(priced("--set chip.payload=packed_codes"),
            other + "chip.payload is address_events there, packed_codes here" + remedy);
  EXPECT_EQ(priced("--set chip.mapping.placement=near_memory"),
            other + "chip.mapping.placement is snake there, near_memory here" + remedy);
  EXPECT_EQ(priced("--set chip.network.buffer_flits=7"),
            other + "chip.network.buffer_flits is 6 there, 7 here" + remedy);
  const std::string trace = SPIKELOOM_SOURCE_DIR "/traces/smollm2-135m/spikequant/layer15.prefill32.safetensors";
  EXPECT_EQ(priced("--set workload.trace=" + trace),
            "spikeloom: " + made_ + ": its counts are of another trace than " + trace + remedy);
}

TEST_F(StoredCountsConfig, CountsThatAreNotWholeAreRefused) {
  const std::string file = made_ + "/counts.csv", whole = read("made/counts.csv");
  const std::string said = "spikeloom: " + file, anew = "; `spikeloom run -o FOLDER` writes it anew\n";
  std::vector<std::string> lines;
  std::stringstream stream(whole);
  for (std::string line; std::getline(stream, line);) lines.push_back(line + "\n");
  const auto without = [&](size_t from, size_t to) {
    std::string text;
    for (size_t i = 0; i < lines.size(); ++i)
      if (i < from || i >= to) text += lines[i];
    return text;
  };
  const size_t rows = lines.size();
  const std::string last = std::to_string(rows), after = std::to_string(rows + 1);
  EXPECT_EQ(priced_with(without(rows - 1, rows)),
            said + ": ends without the total of its counts: rows are missing" + anew);
  EXPECT_NE(priced_with(without(9, 10)).find(" in its last row: rows are missing or changed" + anew),
            std::string::npos);
  EXPECT_NE(priced_with(without(2, rows - 1)).find(said + ": its counts add up to "), std::string::npos);
  EXPECT_EQ(priced_with(without(1, 2)), said + ":2: the row of the run's cycles must come first" + anew);
  EXPECT_EQ(priced_with(whole + lines[5]), said + ":" + after + ": a row after the total, which comes last" + anew);
  const auto counter_of = [](const std::string& line) { return line.substr(0, line.find(',')); };
  EXPECT_EQ(priced_with(without(3, rows) + lines[2] + without(0, 3)),
            said + ":4: counter " + counter_of(lines[2]) + " is there twice" + anew);
  EXPECT_EQ(priced_with(lines[0] + lines[1] + lines[3] + lines[2]),
            said + ":4: counter " + counter_of(lines[2]) + " is out of order" + anew);
  EXPECT_EQ(priced_with("a\n"), said + ":1: the columns must be counter,block,event,count\n");
  EXPECT_EQ(priced_with(lines[0] + "1,b\n"), said + ":2: not 4 columns\n");
  EXPECT_EQ(priced_with(lines[0] + "1,b,e,-3\n"), said + ":2: '-3' is not a whole number\n");
  EXPECT_EQ(priced_with(lines[0]), said + ": has no row of the run's cycles" + anew);
  EXPECT_EQ(priced_with(whole), "ok");
}

TEST_F(StoredCountsConfig, CountsAloneDoNotSayWhatWasCounted) {
  const std::string whole_folder =
      ": not there, so that nothing says what was counted; name the whole folder that `spikeloom run -o FOLDER` "
      "wrote\n";
  for (const char* name : {"resolved.yaml", "report.json"}) {
    const std::string file = made_ + "/" + name;
    fs::rename(file, file + ".away");
    EXPECT_EQ(priced(), "spikeloom: " + file + whole_folder);
    fs::rename(file + ".away", file);
  }
  fs::create_directories(folder_ + "/model/layers");
  EXPECT_EQ(spikeloom("price configs/experiments/demo.yaml --counts " + folder_ + "/model").text,
            "spikeloom: " + folder_ + "/model: holds several layers; name the folder of one, as " + folder_ +
                "/model/layers/layer00\n");
  ASSERT_EQ(spikeloom(run("longer", "--set workload.tokens=3")).status, 0);
  EXPECT_EQ(priced_with(read("longer/counts.csv")),
            "spikeloom: " + made_ +
                ": counts.csv and report.json there are of different runs; `spikeloom run -o FOLDER` "
                "writes both anew\n");
}

}  // namespace
}  // namespace spikeloom
