// `spikeloom price`

#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/app/bill.h"
#include "sim/app/commands.h"
#include "sim/app/experiment.h"
#include "sim/app/layers_folder.h"
#include "sim/app/number_text.h"
#include "sim/app/report.h"
#include "sim/app/results_folder.h"

namespace spikeloom {

namespace {

using json = nlohmann::ordered_json;

const char* const kHelp = R"(usage: spikeloom price EXPERIMENT.yaml [--set path=value ...] [--counts FOLDER] [--json]

Prints, without simulating, what an experiment's chip takes: area per kind of block and SRAM bytes. Validates as
`spikeloom check` does.

  --set path=value   change one value, by its path in the resolved configuration; may be repeated
  --counts FOLDER    also the energy of the counts in FOLDER, which `spikeloom run` has written: of a run that differs
                     from this experiment only in what changes no count: the technology, DRAM's currents, a link's
                     length, names, sizes of the global buffer and of an encoder's memories
  --json             for scripts: one JSON object, with the resolved configuration and the SHA-256 of the trace

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

// Stored counts in an experiment's prices.
struct Priced {
  Bill bill;
  Cycle cycles;
  int tokens;
};

json energy_json(const Priced& priced) {
  const Bill& bill = priced.bill;
  json groups;
  for (size_t i = 0; i < bill.groups.size(); ++i) groups[kEnergyGroupNames[i]] = bill.groups[i];
  std::map<std::string, double> events;
  for (const BillLine& line : bill.lines) events[line.event] += line.pj();
  return {{"cycles", priced.cycles},
          {"total_pj", bill.total_pj},
          {"per_token_pj", bill.total_pj / priced.tokens},
          {"groups_pj", groups},
          {"events_pj", events}};
}

json price_json(const Experiment& experiment, const LayerTrace& layer, const Chip& chip,
                const std::optional<Priced>& energy) {
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
  if (energy) root["energy"] = energy_json(*energy);
  return root;
}

// "tile_3_0.synapse_array" is a tile.synapse_array, "memory_1.encoder_0" a memory.encoder.
std::string kind_of(const std::string& block) {
  std::string kind;
  for (size_t i = 0; i < block.size(); ++i) {
    const bool number = std::isdigit(static_cast<unsigned char>(block[i]));
    const bool before_number = block[i] == '_' && i + 1 < block.size() && std::isdigit(uint8_t(block[i + 1]));
    if (!number && !before_number) kind += block[i];
  }
  return kind.rfind("chip.", 0) == 0 ? kind.substr(5) : kind;
}

std::string area_row(const std::string& name, const std::string& count, const BlockArea& area) {
  return format("%-26s %6s %10.4f %10.4f %10.4f %10.4f\n", name.c_str(), count.c_str(), area.sram, area.registers,
                area.adders, area.total());
}

// mm2 of all blocks of a kind together.
std::string area_table(const std::vector<BlockArea>& blocks) {
  std::map<std::string, std::vector<BlockArea>> kinds;
  for (const BlockArea& block : blocks)
    if (block.total() > 0) kinds[kind_of(block.block)].push_back(block);
  std::string text =
      format("%-26s %6s %10s %10s %10s %10s\n", "area, mm2", "blocks", "SRAM", "registers", "adders*", "total");
  for (const auto& [kind, members] : kinds) text += area_row(kind, std::to_string(members.size()), sum_of(members));
  return text + area_row("total", "", sum_of(blocks)) + "* and multipliers; without wires, DRAM\n";
}

std::string price_text(const Experiment& experiment, const Chip& chip, const std::optional<Priced>& energy) {
  std::string text =
      format("Chip         %s, technology %s\n", chip.spec().name.c_str(), experiment.technology.name().c_str()) +
      "SRAM         " + grouped(sram_bytes(chip.blocks())) + " bytes\n\n" +
      area_table(block_areas(chip.blocks(), experiment.technology));
  if (!energy) return text;
  const Bill& bill = energy->bill;
  text += format("\nCycles       %s, as counted\nEnergy       %s in all, %s per token\n\n",
                 grouped(energy->cycles).c_str(), trimmed(spikeloom::energy(bill.total_pj)).c_str(),
                 trimmed(spikeloom::energy(bill.total_pj / energy->tokens)).c_str());
  return text + group_table(bill.groups, background_pj(bill), bill.total_pj);
}

// Values that cycles and counts do not depend on, as sim/store/simulation.py has them; and where the trace lies, whose
// content counts.
const std::vector<std::string> kPriceOnly = {"experiment",
                                             "technology",
                                             "chip.name",
                                             "chip.network.link_length_mm",
                                             "chip.memory_node.global_buffer.bytes",
                                             "chip.memory_node.dram.device.currents",
                                             "chip.encoder.main_bytes",
                                             "chip.encoder.side_bytes",
                                             "chip.encoder.index_bytes",
                                             "workload.trace"};

// What a run left beside its counts. Throws UserError when it is not there.
std::string beside_counts(const std::string& folder, const char* name) {
  const std::string file = folder + "/" + name;
  if (!std::filesystem::is_regular_file(file))
    throw UserError(file +
                    ": not there, so that nothing says what was counted; name the whole folder that `spikeloom " +
                    "run -o FOLDER` wrote");
  return file;
}

json counted_report(const std::string& folder) {
  const std::string file = beside_counts(folder, "report.json");
  std::ifstream stream(file);
  const json report = json::parse(stream, nullptr, false);
  if (!report.is_object() || report.value("format", "") != "spikeloom-report")
    throw UserError(file + ": is not the report of a run of one layer; `spikeloom run -o FOLDER` writes it anew");
  return report;
}

// Counts of another experiment, trace or run have no meaning here.
void refuse_other_counts(const Experiment& experiment, const LayerTrace& layer, const StoredCounts& counts,
                         const std::string& folder) {
  const std::string difference =
      first_difference(beside_counts(folder, "resolved.yaml"), experiment.resolved, kPriceOnly);
  if (!difference.empty())
    throw UserError(folder + ": its counts are of another experiment: " + difference +
                    "; simulate this one with `spikeloom run`");
  const json report = counted_report(folder);
  const json trace = report.value("trace", json::object());
  if (trace.value("sha256", "") != layer.sha256 || trace.value("weights_sha256", "") != layer.weights_sha256)
    throw UserError(folder + ": its counts are of another trace than " + layer.file +
                    "; simulate this one with `spikeloom run`");
  if (report.value("time", json::object()).value("cycles", Cycle{0}) != counts.cycles)
    throw UserError(folder + ": counts.csv and report.json there are of different runs; `spikeloom run -o FOLDER` " +
                    "writes both anew");
}

}  // namespace

int command_price(const std::vector<std::string>& words) {
  CommonOptions options;
  if (!parse_options(words, kHelp, "scj", &options)) return 0;
  if (options.files.size() != 1) throw UserError("price: expected one experiment file (see spikeloom price --help)");
  const Experiment experiment = Experiment::load(options.files[0], options.overrides);
  if (experiment.model)
    throw UserError(options.files[0] +
                    ": price takes one layer: the experiment of layers/layerNN/resolved.yaml in its results");
  const LayerTrace layer = experiment.open_trace();
  Chip chip("chip", experiment.chip, layer, experiment.window_cycles);
  check_fit(chip.spec(), layer, chip.program());
  check_prices(chip, experiment.technology);
  std::optional<Priced> energy;
  if (!options.counts.empty()) {
    if (LayersFolder::is_used(options.counts))
      throw UserError(options.counts + ": holds several layers; name the folder of one, as " + options.counts +
                      "/layers/layer00");
    const StoredCounts counts = StoredCounts::read(options.counts);
    refuse_other_counts(experiment, layer, counts, options.counts);
    energy = Priced{price_counts(chip, experiment.technology, counts), counts.cycles, layer.tokens};
  }
  if (options.json)
    std::cout << price_json(experiment, layer, chip, energy).dump(1) << std::endl;
  else
    std::cout << price_text(experiment, chip, energy) << std::flush;
  return 0;
}

}  // namespace spikeloom
