#include "sim/app/noc_experiment.h"

#include "sim/app/commands.h"

namespace spikeloom {

bool NocExperiment::describes(const std::string& file) { return ConfigNode::load(file).has("noc"); }

NocExperiment NocExperiment::load(const std::string& file, const std::vector<std::string>& overrides) {
  ConfigNode root = ConfigNode::load(file);
  for (const std::string& assignment : overrides) {
    const auto [path, value] = split_assignment(assignment, "network.vcs_per_class=2");
    root.override_value(path, value, "--set " + assignment, ".");
  }
  if (!root.has("noc") && root.has("experiment"))
    root.fail_at("experiment", "this file is an experiment, not a network (use `spikeloom run`)");
  NocExperiment experiment;
  ConfigNode& noc = root.section("noc");
  experiment.name = noc.text("name");
  check_results_name(noc, experiment.name);
  ConfigNode& network = root.section("network");
  experiment.network = NetworkSpec::read(network);
  const int routers = experiment.network.width * experiment.network.height;
  if (routers * experiment.network.concentration < 2) network.fail_at("width", "a network of one node has no traffic");
  experiment.traffic = TrafficSpec::read(root.section("traffic"), experiment.network.topology());
  root.finish();
  experiment.resolved =
      "# Resolved configuration: `spikeloom noc` on this file, with the same --rates if any, repeats the "
      "measurement.\n" +
      root.dump();
  return experiment;
}

}  // namespace spikeloom
