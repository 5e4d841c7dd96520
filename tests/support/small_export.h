// An exported folder of small layers, for workloads of several layers.
#pragma once

#include <functional>
#include <string>

#include "tests/support/trace_files.h"

namespace spikeloom {

struct SmallExport {
  int layers = 3;
  int layers_of_model = 3;
  std::function<void(int layer, TracePair&)> edit;     // before its files are written
  std::function<void(nlohmann::json&)> edit_manifest;  // before manifest.json is written

  // Writes the traces (small_trace(), case `prefill2`) and manifest.json into `folder`/`name`; returns that path.
  std::string write(const TempFolder& folder, const std::string& name = "export") const;
};

// Writes an experiment of the chip configs/chips/smollm2.yaml on all layers of an export; returns its path.
std::string small_model_experiment(const TempFolder& folder, const std::string& export_folder,
                                   const std::string& layers = "all");

}  // namespace spikeloom
