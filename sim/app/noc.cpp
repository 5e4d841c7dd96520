// `spikeloom noc`

#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "hw/noc/traffic/traffic_network.h"
#include "sim/app/commands.h"
#include "sim/app/noc_replay.h"
#include "sim/app/number_text.h"
#include "sim/app/process_pool.h"
#include "sim/app/progress.h"
#include "sim/app/results_folder.h"
#include "sim/base/error.h"

namespace spikeloom {

namespace {

const char* const kHelp = R"(usage: spikeloom noc NETWORK.yaml [--rates R,R,...] [--set path=value ...] [-o FOLDER]

Measures a network alone: packets of synthetic traffic are offered at several rates; latency and accepted traffic are
printed and written to FOLDER (default: results/<noc.name>) as noc.json, noc.csv and a figure. Latency is from a
packet's generation to the arrival of its tail, waiting at the source included. Measurements run in parallel, one
process each; a rate is printed as soon as its seeds are done.
With traffic.pattern: recorded, the packets are those of a run (`spikeloom run --traffic`), replayed in an open loop:
every flit is offered in its recorded cycle, or when those of its class before it have left the source. Latency is from
a packet's recorded cycle to the arrival of its tail at the last of its nodes, per class of messages.

  --rates R,R,...    offered flits per cycle and node, instead of traffic.rates
  --set path=value   change one value of the file: network.vcs_per_class=4; or a list: traffic.hotspot.nodes=[0,9]
  -o, --output       the results folder
  --no-figures       do not draw the figure
  -q, --quiet        print nothing but errors

A rate is saturated when arrivals fell behind what was offered while it was measured, by more than 2 % and than what
flows through the network in three times its longest latency without load; or when packets were left after the drain,
whose end is looked for every 1,024 cycles.
"4 H + 9 cycles over H hops": H links between routers, none between nodes of one router. A node may be its own
destination (uniform, hotspot, the diagonal of transpose), over no link, as BookSim 2 counts it.

examples
  spikeloom noc configs/networks/mesh_8x8.yaml
  spikeloom noc configs/networks/mesh_8x8.yaml --set network.router.speculative=true --rates 0.05,0.1,0.2
  spikeloom noc configs/networks/torus_8x8.yaml --set traffic.pattern=transpose -o results/transpose
  spikeloom noc configs/networks/mesh_8x8.yaml --set traffic.pattern=hotspot --set traffic.injection=bursty --set traffic.rates=[0.05,0.1] -o results/hotspot
  spikeloom noc configs/networks/recorded_smollm2.yaml

exit status: 0 measured, 2 an error in what was asked for, 3 the network got stuck (a deadlock)
)";

nlohmann::json measured_point(const NocExperiment& experiment, double rate, uint64_t seed) {
  const LoadPoint point = TrafficNetwork(experiment.network, experiment.traffic, rate, seed).run();
  return {{"rate", point.rate},
          {"accepted", point.accepted},
          {"latency", point.latency},
          {"largest_latency", point.largest_latency},
          {"packets", point.packets},
          {"saturated", point.saturated},
          {"flit_hops", point.flit_hops},
          {"stuck", point.stuck},
          {"seed", seed}};
}

// Mean and standard deviation over the seeds of one rate. Those of latency: over the seeds that measured a packet.
struct Row {
  double rate = 0, accepted = 0, latency = 0;
  std::optional<double> spread;  // of several seeds
  uint64_t largest = 0, packets = 0;
  bool saturated = false;
  bool has_latency() const { return !saturated && packets > 0; }
};

// `points`: those of one rate.
Row row_of(const nlohmann::json& points) {
  Row row;
  row.rate = points[0]["rate"];
  double sum = 0, squares = 0, count = 0;
  for (const auto& point : points) {
    const double latency = point["latency"], measured = point["packets"] > 0 ? 1 : 0;
    count += measured;
    sum += measured * latency;
    squares += measured * latency * latency;
    row.accepted += double(point["accepted"]) / double(points.size());
    row.largest = std::max(row.largest, uint64_t(point["largest_latency"]));
    row.packets += uint64_t(point["packets"]);
    row.saturated = row.saturated || point["saturated"];
  }
  if (count > 0) row.latency = sum / count;
  if (count > 1) row.spread = std::sqrt(std::max(0.0, (squares - count * row.latency * row.latency) / (count - 1)));
  return row;
}

void print_head(const NocExperiment& experiment) {
  const TrafficSpec& traffic = experiment.traffic;
  std::printf("Network      %s\n", experiment.network.text().c_str());
  std::printf("Traffic      SYNTHETIC: %s, %s, packets of %d flit(s); %d seed(s) of %d + %d cycles\n",
              pattern_names()[int(traffic.pattern)].c_str(), traffic.bursty ? "bursty" : "bernoulli",
              traffic.packet_flits, traffic.seeds, traffic.warmup_cycles, traffic.measured_cycles);
  const NetworkSpec& network = experiment.network;
  const bool at_least = traffic.packet_flits > 1 &&
                        (network.router.switch_cycles > 1 || network.buffer_flits < network.round_trip_flits());
  std::printf("Alone        a packet takes %s%d H + %d cycles over H hops\n\n", at_least ? "at least " : "",
              experiment.network.hop_cycles(), experiment.network.latency_alone(0, traffic.packet_flits));
  std::printf("%9s %9s %12s %8s %9s %12s\n", "offered", "accepted", "latency", "+-", "largest", "packets");
  std::fflush(stdout);
}

void print_row(const Row& row) {
  const auto packets = static_cast<unsigned long long>(row.packets);
  char spread[32] = "-";
  if (row.spread) std::snprintf(spread, sizeof spread, "%.2f", *row.spread);
  if (!row.has_latency())
    std::printf("%9.4f %9.4f %12s %8s %9s %12llu\n", row.rate, row.accepted, row.saturated ? "saturated" : "no packet",
                "", "", packets);
  else
    std::printf("%9.4f %9.4f %12.2f %8s %9llu %12llu\n", row.rate, row.accepted, row.latency, spread,
                static_cast<unsigned long long>(row.largest), packets);
  std::fflush(stdout);
}

// Measures every rate with every seed and hands each rate's points on, in the order of the rates, as soon as all are
// there.
void measure(const NocExperiment& experiment, Progress* progress,
             const std::function<void(const nlohmann::json& points)>& take_rate) {
  const std::vector<double>& rates = experiment.traffic.rates;
  const int seeds = experiment.traffic.seeds;
  std::vector<nlohmann::json> points(rates.size() * size_t(seeds));
  size_t done = 0, taken = 0;
  Pieces pieces;
  pieces.count = int(points.size());
  pieces.work = [&](int piece, const std::function<void(double)>&) {
    return measured_point(experiment, rates[size_t(piece / seeds)], uint64_t(1 + piece % seeds)).dump();
  };
  pieces.progressed = [](int, double) {};
  pieces.ended = [&](const PieceResult& result) {
    if (result.status != 0) throw std::runtime_error("a measurement failed: " + result.text);
    points[size_t(result.piece)] = nlohmann::json::parse(result.text);
    progress->update(double(++done) / double(points.size()));
    const auto is_there = [](const nlohmann::json& point) { return !point.is_null(); };
    for (auto first = points.begin() + long(taken) * seeds;
         first != points.end() && std::all_of(first, first + seeds, is_there); first += seeds, ++taken) {
      progress->clear();
      take_rate(nlohmann::json(std::vector<nlohmann::json>(first, first + seeds)));
    }
  };
  run_in_processes(pieces, processors());
}

std::string csv(const std::vector<Row>& rows) {
  std::string text = "offered,accepted,latency,deviation,largest,packets,saturated\n";
  char line[200];
  for (const Row& row : rows) {
    char latency[64] = ",,", spread[32] = "";
    if (row.spread) std::snprintf(spread, sizeof spread, "%.6g", *row.spread);
    if (row.has_latency())
      std::snprintf(latency, sizeof latency, "%.6g,%s,%llu", row.latency, spread,
                    static_cast<unsigned long long>(row.largest));
    std::snprintf(line, sizeof line, "%.6g,%.6g,%s,%llu,%d\n", row.rate, row.accepted, latency,
                  static_cast<unsigned long long>(row.packets), int(row.saturated));
    text += line;
  }
  return text;
}

// What noc.json says of every measurement.
nlohmann::json head_json(const NocExperiment& experiment) {
  const NetworkSpec& network = experiment.network;
  return {{"name", experiment.name},
          {"network", network.topology().name()},
          {"routing", routing_names()[network.routing]},
          {"vcs_per_class", network.vcs_per_class},
          {"buffer_flits", network.buffer_flits},
          {"pattern", pattern_names()[int(experiment.traffic.pattern)]}};
}

nlohmann::json rates_json(const std::vector<Row>& rows) {
  nlohmann::json rates = nlohmann::json::array();
  for (const Row& row : rows)
    rates.push_back({{"offered", row.rate},
                     {"accepted", row.accepted},
                     {"latency", row.has_latency() ? nlohmann::json(row.latency) : nlohmann::json()},
                     {"deviation", row.spread ? nlohmann::json(*row.spread) : nlohmann::json()},
                     {"saturated", row.saturated}});
  return rates;
}

void warn_of_no_packet(const NocExperiment& experiment, const std::vector<Row>& rows) {
  std::string rates;
  for (const Row& row : rows)
    if (row.packets == 0 && !row.saturated) rates += format(rates.empty() ? "%g" : ", %g", row.rate);
  if (!rates.empty())
    std::cerr << "warning: no packet was measured at " << rates << ": traffic.measured_cycles ("
              << experiment.traffic.measured_cycles << ") or these rates are too small\n";
}

int report_stuck(const std::string& oldest) {
  std::cerr << "the network is stuck: nothing has arrived for long; " << oldest << "\n";
  return 3;
}

void write_results(const std::string& folder, const NocExperiment& experiment, const nlohmann::json& json,
                   const std::string& csv, const CommonOptions& options) {
  for (const char* file : {"noc.json", "noc.csv", "resolved.yaml"}) remove_file(folder, file);
  remove_figures(folder);
  write_file(folder, "noc.csv", csv);
  write_file(folder, "resolved.yaml", experiment.resolved);
  write_file(folder, "noc.json", json.dump(1) + "\n");
  const bool drawn = !options.no_figures && draw_figures(folder);
  if (!options.quiet)
    std::cout << "\nResults      " << folder << "/{noc.json, noc.csv, resolved.yaml" << (drawn ? ", latency.png}" : "}")
              << "\n";
}

int measure_synthetic(const NocExperiment& experiment, const std::string& folder, const CommonOptions& options) {
  if (!options.quiet) print_head(experiment);
  std::vector<Row> rows;
  std::string stuck;
  nlohmann::json all = nlohmann::json::array();
  {
    Progress progress("measuring");
    measure(experiment, &progress, [&](const nlohmann::json& points) {
      for (const auto& point : points) {
        if (stuck.empty()) stuck = point["stuck"];
        all.push_back(point);
      }
      rows.push_back(row_of(points));
      if (!options.quiet && stuck.empty()) print_row(rows.back());
    });
  }
  if (!stuck.empty()) return report_stuck(stuck);
  warn_of_no_packet(experiment, rows);
  if (!options.quiet)
    std::cout
        << "\noffered, accepted: flits per cycle and node; latency: cycles, mean of all seeds; +-: their deviation\n";
  nlohmann::json json = head_json(experiment);
  json["packet_flits"] = experiment.traffic.packet_flits;
  json["synthetic"] = true;
  json["points"] = all;
  json["rates"] = rates_json(rows);
  write_results(folder, experiment, json, csv(rows), options);
  return 0;
}

int measure_recorded(const NocExperiment& experiment, const std::string& folder, const CommonOptions& options) {
  const Replay result = replay(experiment);
  if (!result.stuck.empty()) return report_stuck(result.stuck);
  if (!options.quiet) std::cout << replay_text(experiment, result);
  nlohmann::json json = head_json(experiment);
  json.update(replay_json(experiment, result));
  write_results(folder, experiment, json, replay_csv(result), options);
  return 0;
}

}  // namespace

int command_noc(const std::vector<std::string>& words) {
  CommonOptions options;
  if (!parse_options(words, kHelp, "osqnl", &options)) return 0;
  if (options.files.size() != 1) throw UserError("noc: expected one network file (see spikeloom noc --help)");
  const NocExperiment experiment = NocExperiment::load(options.files[0], options.overrides, options.rates);
  warn(experiment.network);
  const std::string folder = options.output.empty() ? "results/" + experiment.name : options.output;
  refuse_results_of_others("noc", folder);
  prepare_folder(folder);
  const FolderLock lock(folder);
  if (!options.quiet) say_what_is_replaced(folder, experiment.resolved);
  return experiment.recorded ? measure_recorded(experiment, folder, options)
                             : measure_synthetic(experiment, folder, options);
}

}  // namespace spikeloom
