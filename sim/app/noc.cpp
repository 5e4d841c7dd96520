// `spikeloom noc`

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "hw/noc/traffic/traffic_network.h"
#include "sim/app/commands.h"
#include "sim/app/noc_replay.h"
#include "sim/app/number_text.h"
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
"4 H + 9 cycles over H hops": H links between routers, none between nodes of one router.

examples
  spikeloom noc configs/networks/mesh_8x8.yaml
  spikeloom noc configs/networks/mesh_8x8.yaml --set network.router.speculative=true --rates 0.05,0.1,0.2
  spikeloom noc configs/networks/torus_8x8.yaml --set traffic.pattern=transpose -o results/transpose
  spikeloom noc configs/networks/mesh_8x8.yaml --set traffic.pattern=hotspot --set traffic.injection=bursty --set traffic.rates=[0.05,0.1] -o results/hotspot
  spikeloom noc configs/networks/recorded_smollm2.yaml

exit status: 0 measured, 2 an error in what was asked for, 3 the network got stuck (a deadlock)
)";

// One measurement in a process of its own: SystemC elaborates once per process.
pid_t start_point(const NocExperiment& experiment, double rate, uint64_t seed, int* read_end) {
  int ends[2];
  if (pipe(ends) != 0) throw UserError(std::string("no pipe for a measurement: ") + std::strerror(errno));
  std::cout.flush();
  const pid_t child = fork();
  if (child < 0) throw UserError(std::string("no process for a measurement: ") + std::strerror(errno));
  if (child == 0) {
    close(ends[0]);
    const LoadPoint point = TrafficNetwork(experiment.network, experiment.traffic, rate, seed).run();
    const nlohmann::json json = {{"rate", point.rate},
                                 {"accepted", point.accepted},
                                 {"latency", point.latency},
                                 {"largest_latency", point.largest_latency},
                                 {"packets", point.packets},
                                 {"saturated", point.saturated},
                                 {"flit_hops", point.flit_hops},
                                 {"stuck", point.stuck},
                                 {"seed", seed}};
    const std::string text = json.dump();
    const bool written = write(ends[1], text.data(), text.size()) == ssize_t(text.size());
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  *read_end = ends[0];
  return child;
}

nlohmann::json finish_point(pid_t child, int read_end) {
  std::string text;
  char buffer[4096];
  for (ssize_t got; (got = read(read_end, buffer, sizeof buffer)) > 0;) text.append(buffer, size_t(got));
  close(read_end);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw std::runtime_error("a measurement ended before its time (out of memory?)");
  return nlohmann::json::parse(text);
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
  const bool at_least = experiment.network.router.switch_cycles > 1 && traffic.packet_flits > 1;
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

// Measures every rate with every seed and hands each rate's points on as soon as all are there.
void measure(const NocExperiment& experiment, Progress* progress,
             const std::function<void(const nlohmann::json& points)>& take_rate) {
  std::vector<std::pair<double, uint64_t>> todo;
  for (const double rate : experiment.traffic.rates)
    for (int seed = 1; seed <= experiment.traffic.seeds; ++seed) todo.emplace_back(rate, uint64_t(seed));
  const size_t workers = std::max(1u, std::thread::hardware_concurrency());
  nlohmann::json points = nlohmann::json::array();
  std::deque<std::pair<pid_t, int>> running;
  for (size_t next = 0, done = 0; done < todo.size();) {
    for (; next < todo.size() && running.size() < workers; ++next) {
      int read_end = -1;
      const pid_t child = start_point(experiment, todo[next].first, todo[next].second, &read_end);
      running.emplace_back(child, read_end);
    }
    points.push_back(finish_point(running.front().first, running.front().second));
    running.pop_front();
    progress->update(double(++done) / double(todo.size()));
    if (points.size() < size_t(experiment.traffic.seeds)) continue;
    progress->clear();
    take_rate(points);
    points.clear();
  }
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
    if (row.packets == 0) rates += format(rates.empty() ? "%g" : ", %g", row.rate);
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
