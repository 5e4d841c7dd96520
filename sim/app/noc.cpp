// `spikeloom noc`

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "hw/noc/traffic/traffic_network.h"
#include "sim/app/commands.h"
#include "sim/app/noc_experiment.h"
#include "sim/app/progress.h"
#include "sim/app/results_folder.h"
#include "sim/base/error.h"

namespace spikeloom {

namespace {

const char* const kHelp = R"(usage: spikeloom noc NETWORK.yaml [--rates R,R,...] [--set path=value ...] [-o FOLDER]

Measures a network alone: packets of synthetic traffic are offered at several rates; latency and accepted traffic are
printed and written to FOLDER (default: results/<noc.name>) as noc.json, noc.csv and a figure. Latency is from a
packet's generation to the arrival of its tail, waiting at the source included. Measurements run in parallel, one
process each.

  --rates R,R,...    offered flits per cycle and node, instead of traffic.rates
  --set path=value   change one value of the file: network.vcs_per_class=4
  -o, --output       the results folder
  --no-figures       do not draw the figure
  -q, --quiet        print nothing but errors

A rate is saturated when less than four fifths of what was offered arrived, or packets were left after the drain.
"4 H + 9 cycles over H hops": H links between routers, none between nodes of one router.

examples
  spikeloom noc configs/networks/mesh_8x8.yaml
  spikeloom noc configs/networks/mesh_8x8.yaml --set network.router.speculative=true --rates 0.05,0.1,0.2
  spikeloom noc configs/networks/torus_8x8.yaml --set traffic.pattern=transpose -o results/transpose

exit status: 0 measured, 1 the network got stuck, 2 an error in what was asked for
)";

std::vector<double> parse_rates(const std::string& text) {
  std::vector<double> rates;
  for (size_t at = 0; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    char* end = nullptr;
    const std::string word = text.substr(at, comma - at);
    const double rate = std::strtod(word.c_str(), &end);
    if (word.empty() || *end != '\0' || !(rate > 0 && rate <= 1))
      throw UserError("--rates " + text + ": '" + word + "' is not a rate (allowed: above 0, up to 1)");
    rates.push_back(rate);
    at = comma + 1;
  }
  return rates;
}

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

nlohmann::json measure(const NocExperiment& experiment) {
  std::vector<std::pair<double, uint64_t>> points;
  for (const double rate : experiment.traffic.rates)
    for (int seed = 1; seed <= experiment.traffic.seeds; ++seed) points.emplace_back(rate, uint64_t(seed));
  const size_t workers = std::max(1u, std::thread::hardware_concurrency());
  Progress progress("measuring");
  nlohmann::json results = nlohmann::json::array();
  std::vector<std::pair<pid_t, int>> running;
  for (size_t next = 0, done = 0; done < points.size();) {
    while (next < points.size() && running.size() < workers) {
      int read_end = -1;
      const pid_t child = start_point(experiment, points[next].first, points[next].second, &read_end);
      running.emplace_back(child, read_end);
      ++next;
    }
    results.push_back(finish_point(running.front().first, running.front().second));
    running.erase(running.begin());
    progress.update(double(++done) / double(points.size()));
  }
  return results;
}

// Mean and standard deviation over the seeds of one rate.
struct Row {
  double rate = 0, accepted = 0, latency = 0, spread = 0;
  uint64_t largest = 0, packets = 0;
  bool saturated = false;
};

std::vector<Row> rows_of(const nlohmann::json& results, const std::vector<double>& rates) {
  std::vector<Row> rows;
  for (const double rate : rates) {
    Row row;
    row.rate = rate;
    double count = 0, squares = 0;
    for (const auto& point : results) {
      if (point["rate"] != rate) continue;
      ++count;
      const double latency = point["latency"];
      row.latency += latency;
      squares += latency * latency;
      row.accepted += double(point["accepted"]);
      row.largest = std::max(row.largest, uint64_t(point["largest_latency"]));
      row.packets += uint64_t(point["packets"]);
      row.saturated = row.saturated || point["saturated"];
    }
    row.latency /= count;
    row.accepted /= count;
    row.spread = count > 1 ? std::sqrt(std::max(0.0, (squares - count * row.latency * row.latency) / (count - 1))) : 0;
    rows.push_back(row);
  }
  return rows;
}

void print(const NocExperiment& experiment, const std::vector<Row>& rows) {
  const NetworkSpec& network = experiment.network;
  std::printf("Network      %s, %s, %d virtual channel(s) of %d flits\n", network.topology().name().c_str(),
              routing_names()[network.routing].c_str(), network.vcs_per_class, network.buffer_flits);
  std::printf("Traffic      %s, %s, packets of %d flit(s); %d seed(s) of %d + %d cycles\n",
              pattern_names()[int(experiment.traffic.pattern)].c_str(),
              experiment.traffic.bursty ? "bursty" : "bernoulli", experiment.traffic.packet_flits,
              experiment.traffic.seeds, experiment.traffic.warmup_cycles, experiment.traffic.measured_cycles);
  std::printf("Alone        a packet takes %d H + %d cycles over H hops\n\n", network.hop_cycles(),
              network.latency_alone(0, experiment.traffic.packet_flits));
  std::printf("%9s %9s %12s %8s %9s %12s\n", "offered", "accepted", "latency", "+-", "largest", "packets");
  for (const Row& row : rows)
    if (row.saturated)
      std::printf("%9.4f %9.4f %12s %8s %9s %12llu\n", row.rate, row.accepted, "saturated", "", "",
                  static_cast<unsigned long long>(row.packets));
    else
      std::printf("%9.4f %9.4f %12.2f %8.2f %9llu %12llu\n", row.rate, row.accepted, row.latency, row.spread,
                  static_cast<unsigned long long>(row.largest), static_cast<unsigned long long>(row.packets));
  std::printf(
      "\noffered, accepted: flits per cycle and node; latency: cycles, mean of all seeds; +-: their deviation\n");
}

std::string csv(const std::vector<Row>& rows) {
  std::string text = "offered,accepted,latency,deviation,largest,packets,saturated\n";
  char line[200];
  for (const Row& row : rows) {
    char latency[64] = ",,";
    if (!row.saturated)
      std::snprintf(latency, sizeof latency, "%.6g,%.6g,%llu", row.latency, row.spread,
                    static_cast<unsigned long long>(row.largest));
    std::snprintf(line, sizeof line, "%.6g,%.6g,%s,%llu,%d\n", row.rate, row.accepted, latency,
                  static_cast<unsigned long long>(row.packets), int(row.saturated));
    text += line;
  }
  return text;
}

nlohmann::json summary(const NocExperiment& experiment, const nlohmann::json& results, const std::vector<Row>& rows) {
  nlohmann::json json = {{"name", experiment.name},
                         {"network", experiment.network.topology().name()},
                         {"pattern", pattern_names()[int(experiment.traffic.pattern)]},
                         {"packet_flits", experiment.traffic.packet_flits},
                         {"synthetic", true},
                         {"points", results},
                         {"rates", nlohmann::json::array()}};
  for (const Row& row : rows)
    json["rates"].push_back({{"offered", row.rate},
                             {"accepted", row.accepted},
                             {"latency", row.saturated ? nlohmann::json() : nlohmann::json(row.latency)},
                             {"deviation", row.spread},
                             {"saturated", row.saturated}});
  return json;
}

}  // namespace

int command_noc(const std::vector<std::string>& words) {
  CommonOptions options;
  if (!parse_options(words, kHelp, "osqnl", &options)) return 0;
  if (options.files.size() != 1) throw UserError("noc: expected one network file (see spikeloom noc --help)");
  NocExperiment experiment = NocExperiment::load(options.files[0], options.overrides);
  if (!options.rates.empty()) {
    experiment.traffic.rates = parse_rates(options.rates);
    experiment.resolved = "# Measured with --rates " + options.rates + "\n" + experiment.resolved;
  }
  warn(experiment.network);
  const std::string folder = options.output.empty() ? "results/" + experiment.name : options.output;
  prepare_folder(folder);
  const nlohmann::json results = measure(experiment);
  for (const auto& point : results) {
    if (point["stuck"] == "") continue;
    std::cerr << "the network is stuck: nothing has arrived for long; " << std::string(point["stuck"]) << "\n";
    return 1;
  }
  const std::vector<Row> rows = rows_of(results, experiment.traffic.rates);
  remove_figures(folder);
  write_file(folder, "noc.json", summary(experiment, results, rows).dump(1) + "\n");
  write_file(folder, "noc.csv", csv(rows));
  write_file(folder, "resolved.yaml", experiment.resolved);
  const bool drawn = !options.no_figures && draw_figures(folder);
  if (options.quiet) return 0;
  print(experiment, rows);
  std::cout << "\nResults      " << folder << "/{noc.json, noc.csv, resolved.yaml" << (drawn ? ", latency.png}" : "}")
            << "\n";
  return 0;
}

}  // namespace spikeloom
