// A workload of several layers: chosen layers of an export, one of its cases.
#pragma once

#include <string>
#include <vector>

#include "sim/app/export_manifest.h"
#include "sim/base/config.h"

namespace spikeloom {

struct ModelWorkload {
  ExportManifest manifest;
  ExportCase chosen;
  std::vector<int> layers;  // ascending

  // Reads the keys `model`, `case` and `layers` of the section. Throws UserError.
  static ModelWorkload read(ConfigNode& workload);
  bool is_whole() const { return int(layers.size()) == manifest.model_layers; }
};

// Numbers and ranges, as "0-3,15": ascending, each once. Throws std::invalid_argument saying what is wrong.
std::vector<int> parse_layers(const std::string& text);
// The same, the other way round: "0-3,15".
std::string layers_text(const std::vector<int>& layers);
// "all 30 layers", "layers 0-3 (4 of 30)".
std::string layers_in_words(const std::vector<int>& layers, int layers_of_model);

}  // namespace spikeloom
