// An experiment: a chip, a technology and a workload, with overrides, read from config files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hw/chip/chip_spec.h"
#include "sim/app/model_workload.h"
#include "sim/base/config.h"
#include "sim/base/technology.h"
#include "sim/base/trace.h"

namespace spikeloom {

struct Experiment {
  std::string name;
  Cycle window_cycles = 1000;
  ChipSpec chip;
  Technology technology;
  std::string trace_file;              // of a workload of one layer
  std::optional<ModelWorkload> model;  // of a workload of several
  bool all_operations = true, all_tokens = true;
  std::vector<std::string> operations;
  int tokens = 0;
  int steps = 0;         // of recorded spikes; 0: all
  int least_steps = 0;   // of recorded spikes, before a layer of a model may end early
  ConfigNode config;     // everything that was read
  std::string resolved;  // YAML text: everything that was read, to run the same experiment again

  // Reads an experiment file, brings in the files that it and its chip name, and applies `overrides` ("path=value",
  // from the command line). Throws UserError.
  static Experiment load(const std::string& file, const std::vector<std::string>& overrides);
  // The experiment of one of the model's layers, as if its workload named that trace.
  Experiment of_layer(int layer) const;
  // Opens the trace and keeps the chosen operations and tokens. Throws UserError.
  LayerTrace open_trace() const;
};

// A value that the command line or `overrides` replaces: where that was written, and what a relative path in it refers
// to.
struct Override {
  std::string path, value, place, folder;
};
// Brings in the DRAM device that section `chip` of `root` names by its file, and applies the overrides of the chip (and
// whatever else lies below root).
void complete_chip(ConfigNode& root, const std::vector<Override>& overrides);

}  // namespace spikeloom
