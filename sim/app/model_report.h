// The report of a run over several layers, made from what the finished layers wrote.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/app/experiment.h"

namespace spikeloom {

struct ModelReport {
  nlohmann::ordered_json json;  // report.json; its keys are documented in sim/app/README.md
  std::string energy_csv;       // one row per block, event and price, over all layers
  double background_pj = 0;     // of DRAM

  uint64_t outputs() const { return json["exact"]["outputs"]; }
  uint64_t outputs_equal() const { return json["exact"]["equal"]; }
};

// Sums up `folders`, those of the experiment's layers in order. Throws std::logic_error when the total, the layers, the
// groups, the phases and the rows of energy.csv do not add up to one another, or a block's cycles to all cycles (a
// bug).
ModelReport merge_layers(const Experiment& experiment, const std::vector<std::string>& folders);

// The tables for a terminal.
std::string model_report_text(const ModelReport& report);

}  // namespace spikeloom
