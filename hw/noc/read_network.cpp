#include "hw/noc/read_network.h"

namespace spikeloom {

namespace {

// Whether memory nodes belong there is for others to say: they are read from a copy.
NetworkSpec read_all(ConfigNode& owner) {
  const NetworkSpec spec = NetworkSpec::read(owner.section("network"));
  ConfigNode copy = owner;
  if (spec.shape == Shape::kTorus && owner.is_list("memory_nodes")) read_memory_nodes(copy, spec.topology());
  return spec;
}

bool is_about(const std::string& error, const ConfigNode& node, const std::string& key) {
  return error.find(": " + node.path_of(key) + ": ") != std::string::npos;
}

// Changes a torus as the error asks for; whether there is such a change.
bool mend(ConfigNode& owner, const std::string& error) {
  ConfigNode& network = owner.section("network");
  if (is_about(error, network, "dateline")) {
    network.put_scalar("dateline", "true");
  } else if (is_about(error, network, "vcs_per_class")) {
    network.put_scalar("vcs_per_class", "2");
  } else if (is_about(error, network, "routing")) {
    network.put_scalar("routing", "dimension_order");
  } else {
    for (ConfigNode& node : owner.items("memory_nodes"))
      if (is_about(error, node, "router")) {
        node.put_scalar("port", "local");
        return true;
      }
    return false;
  }
  return true;
}

// The error and those that a copy, changed as each asks for, still has.
std::string with_further(ConfigNode owner, std::string error) {
  std::string all = error;
  try {
    if (!owner.has_section("network") || owner.section("network").text("topology") != "torus") return all;
    while (mend(owner, error)) {
      try {
        read_all(owner);
        return all;
      } catch (const UserError& next) {
        if (next.what() == error) return all;
        error = next.what();
        all += "; also " + error;
      }
    }
  } catch (const UserError&) {  // a key that is missing: the first error stands
  }
  return all;
}

}  // namespace

NetworkSpec read_network(ConfigNode& owner) {
  try {
    return read_all(owner);
  } catch (const UserError& error) {
    throw UserError(with_further(owner, error.what()));
  }
}

}  // namespace spikeloom
