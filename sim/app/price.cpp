// `spikeloom price`

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "sim/app/bill.h"
#include "sim/app/commands.h"
#include "sim/app/experiment.h"

namespace spikeloom {

namespace {

using json = nlohmann::ordered_json;

const char* const kHelp = R"(usage: spikeloom price EXPERIMENT.yaml [--set path=value ...] [--counts FOLDER]

Prints as JSON, without simulating, what an experiment's chip takes: area and SRAM bytes; and what names the run: its
resolved configuration and the SHA-256 of its trace. Validates as `spikeloom check` does.

  --set path=value   change one value, by its path in the resolved configuration; may be repeated
  --counts FOLDER    also the energy of the counts in FOLDER/counts.csv, from a run that differs from this experiment
                     only in what changes no count: the technology, DRAM's currents, a link's length

examples
  spikeloom price configs/experiments/demo.yaml
  spikeloom price configs/experiments/demo.yaml --set experiment.energy=configs/energy/45nm.yaml --counts results/demo
)";

json area_json(const std::vector<BlockArea>& blocks) {
  const BlockArea sum = sum_of(blocks);
  return {{"sram", sum.sram}, {"registers", sum.registers}, {"adders", sum.adders}, {"total", sum.total()}};
}

uint64_t sram_bytes(const std::vector<BlockInventory>& blocks) {
  uint64_t bytes = 0;
  for (const BlockInventory& block : blocks)
    for (const auto& [macro, count] : block.srams) bytes += macro.bytes * uint64_t(count);
  return bytes;
}

json energy_json(const Bill& bill, Cycle cycles, int tokens) {
  json groups;
  for (size_t i = 0; i < bill.groups.size(); ++i) groups[kEnergyGroupNames[i]] = bill.groups[i];
  return {
      {"cycles", cycles}, {"total_pj", bill.total_pj}, {"per_token_pj", bill.total_pj / tokens}, {"groups_pj", groups}};
}

// What changes counts for certain, by its path and as text.
std::vector<std::pair<std::string, std::string>> what_counts(const Experiment& experiment) {
  const ChipSpec& chip = experiment.chip;
  std::string operations = experiment.all_operations ? "all" : "";
  for (const std::string& name : experiment.operations) operations += name + " ";
  return {{"workload.tokens", experiment.all_tokens ? "all" : std::to_string(experiment.tokens)},
          {"workload.operations", operations},
          {"chip.network.width", std::to_string(chip.network.width)},
          {"chip.network.height", std::to_string(chip.network.height)},
          {"chip.network.link_bits", std::to_string(chip.network.link_bits)},
          {"chip.tile.lanes", std::to_string(chip.synapse_array.lanes)},
          {"chip.tile.token_batch", std::to_string(chip.token_batch)},
          {"chip.tile.datapath", datapath_names()[int(chip.datapath)]},
          {chip.multiplies() ? "chip.tile.mac_array" : "chip.spike_code", chip.arithmetic()},
          {"chip.payload", payload_names()[int(chip.payload)]},
          {"chip.mapping.input_split", std::to_string(chip.mapping.input_split)},
          {"chip.mapping.placement", std::to_string(chip.mapping.placement)}};
}

// Counts of another experiment have no meaning here. A folder without its configuration is taken at its word.
void refuse_other_counts(const Experiment& experiment, const std::string& folder) {
  if (!std::filesystem::exists(folder + "/resolved.yaml")) return;
  const auto now = what_counts(experiment), then = what_counts(Experiment::load(folder + "/resolved.yaml", {}));
  for (size_t i = 0; i < now.size(); ++i)
    if (now[i] != then[i])
      throw UserError(folder + ": its counts are of " + then[i].first + " " + then[i].second + ", not " +
                      now[i].second + "; simulate this experiment with `spikeloom run`");
}

}  // namespace

int command_price(const std::vector<std::string>& words) {
  CommonOptions options;
  if (!parse_options(words, kHelp, "sc", &options)) return 0;
  if (options.files.size() != 1) throw UserError("price: expected one experiment file (see spikeloom price --help)");
  const Experiment experiment = Experiment::load(options.files[0], options.overrides);
  if (experiment.model)
    throw UserError(options.files[0] + ": price takes one layer; name one by workload.trace instead of a model");
  const LayerTrace layer = experiment.open_trace();
  Chip chip("chip", experiment.chip, layer, experiment.window_cycles);
  check_fit(chip.spec(), layer, chip.program());
  check_prices(chip, experiment.technology);
  json root = {{"format", "spikeloom-price"},
               {"version", 1},
               {"resolved", experiment.resolved},
               {"trace",
                {{"file", layer.file},
                 {"sha256", layer.sha256},
                 {"weights_sha256", layer.weights_sha256},
                 {"tokens", layer.tokens}}},
               {"synthetic", layer.synthetic},
               {"sram_bytes", sram_bytes(chip.blocks())},
               {"area_mm2", area_json(block_areas(chip.blocks(), experiment.technology))}};
  if (!options.counts.empty()) {
    const StoredCounts counts = StoredCounts::read(options.counts);
    refuse_other_counts(experiment, options.counts);
    root["energy"] = energy_json(price_counts(chip, experiment.technology, counts), counts.cycles, layer.tokens);
  }
  std::cout << root.dump(1) << std::endl;
  return 0;
}

}  // namespace spikeloom
