// A measurement of a network alone, as its file describes it: sections noc, network and traffic; and memory_nodes,
// where recorded traffic has them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hw/noc/network_spec.h"
#include "hw/noc/traffic/traffic_spec.h"
#include "sim/base/recorded_traffic.h"

namespace spikeloom {

struct NocExperiment {
  std::string name;
  NetworkSpec network;
  TrafficSpec traffic;
  std::vector<EdgeNode> memory_nodes;               // with recorded traffic only, as is the next
  std::shared_ptr<const RecordedTraffic> recorded;  // null: synthetic traffic
  std::string resolved;                             // the same in one file, overrides included

  // Whether a file has a section `noc`. Throws UserError when it is neither a network nor an experiment.
  static bool describes(const std::string& file);
  // `overrides`: path=value; `rates`, as --rates has them, stand for traffic.rates. Throws UserError.
  static NocExperiment load(const std::string& file, const std::vector<std::string>& overrides,
                            const std::optional<std::string>& rates = {});

 private:
  void read_recording(ConfigNode& root);
};

}  // namespace spikeloom
