#include "sim/app/noc_experiment.h"

#include <filesystem>

#include "hw/noc/read_network.h"
#include "sim/app/commands.h"
#include "sim/app/wanted_file.h"

namespace spikeloom {

namespace {

// As if the file had them.
void take_rates(ConfigNode& root, const std::string& rates) {
  if (!root.section("traffic").has("rates"))
    throw UserError("--rates: " + root.file() + " has no traffic.rates: recorded traffic has rates of its own (leave " +
                    "--rates out)");
  const std::string place = "--rates " + rates;
  const bool has_gap = ("," + rates + ",").find(",,") != std::string::npos;
  if (has_gap || rates.find_first_not_of("0123456789+-.eE,") != std::string::npos)
    throw UserError(place + ": expected rates of 1e-06 to 1, for example --rates 0.05,0.1");
  root.override_value("traffic.rates", "[" + rates + "]", place, ".");
}

}  // namespace

bool NocExperiment::describes(const std::string& file) { return load_wanted(file, {"experiment", "noc"}).has("noc"); }

NocExperiment NocExperiment::load(const std::string& file, const std::vector<std::string>& overrides,
                                  const std::optional<std::string>& rates) {
  ConfigNode root = load_wanted(file, {"noc"});
  for (const std::string& assignment : overrides) {
    const auto [path, value] = split_assignment(assignment, "network.vcs_per_class=2");
    root.override_value(path, value, "--set " + assignment, ".");
  }
  if (rates) take_rates(root, *rates);
  NocExperiment experiment;
  ConfigNode& noc = root.section("noc");
  experiment.name = noc.name("name");
  check_results_name(noc, experiment.name);
  ConfigNode& network = root.section("network");
  experiment.network = read_network(root);
  const int routers = experiment.network.width * experiment.network.height;
  if (routers * experiment.network.concentration < 2) network.fail_at("width", "a network of one node has no traffic");
  experiment.traffic = TrafficSpec::read(root.section("traffic"), experiment.network.topology());
  if (experiment.traffic.pattern == Pattern::kRecorded)
    experiment.read_recording(root);
  else
    check_channels(network, experiment.network, 1);
  root.finish();
  ConfigNode flat = root;
  if (experiment.recorded)
    flat.section("traffic").put_scalar("file",
                                       std::filesystem::absolute(experiment.traffic.file).lexically_normal().string());
  experiment.resolved =
      "# Resolved configuration: `spikeloom noc` on this file repeats the measurement.\n" + flat.dump();
  return experiment;
}

// The nodes must be the recorded ones, whatever is between them.
void NocExperiment::read_recording(ConfigNode& root) {
  ConfigNode& section = root.section("traffic");
  require_file(section, "file", traffic.file, " (`spikeloom run` with --traffic writes one)");
  recorded = std::make_shared<RecordedTraffic>(RecordedTraffic::read(traffic.file));
  const int tiles = network.topology().tiles(), memories = int(root.items("memory_nodes").size());
  if (tiles != recorded->tiles || memories != recorded->memory_nodes)
    section.fail_at("file", "was recorded with " + std::to_string(recorded->tiles) + " tiles and " +
                                std::to_string(recorded->memory_nodes) + " memory node(s); this network has " +
                                std::to_string(tiles) + " and " + std::to_string(memories) +
                                " (they must be the same)");
  memory_nodes = read_memory_nodes(root, network.topology());
  ConfigNode& links = root.section("network");
  if (network.link_bits != recorded->link_bits)
    links.fail_at("link_bits", "must be " + std::to_string(recorded->link_bits) + ", as wide as the recorded flits");
  check_channels(links, network, int(recorded->classes.size()));
}

}  // namespace spikeloom
