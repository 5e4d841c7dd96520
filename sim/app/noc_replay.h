// Replaying recorded traffic, for `spikeloom noc`.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "hw/noc/traffic/replay_network.h"
#include "sim/app/noc_experiment.h"

namespace spikeloom {

// Replays the recording on the network, with a progress line. SystemC elaborates once per process.
Replay replay(const NocExperiment& experiment);
std::string replay_text(const NocExperiment& experiment, const Replay& replay);
// One row per class, then all.
std::string replay_csv(const Replay& replay);
// What noc.json says besides the network.
nlohmann::json replay_json(const NocExperiment& experiment, const Replay& replay);

}  // namespace spikeloom
