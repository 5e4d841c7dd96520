// Workloads of several layers: checked, and run, each layer in a process of its own.
#pragma once

#include <string>

#include "sim/app/commands.h"
#include "sim/app/experiment.h"

namespace spikeloom {

// Checks every layer's files and trace against the manifest and the chip, `jobs` side by side. Returns one line per
// layer: the registers that it needs. Throws UserError, which names the layer, for the first that is out of order;
// Interrupted.
std::string check_layers(const Experiment& experiment, int jobs);

// `run` of such an experiment. Returns the exit status. Throws UserError.
int run_layers(const Experiment& experiment, const CommonOptions& options);

}  // namespace spikeloom
