// The report for scripts: report.json, energy.csv, windows.csv. Their columns and keys: sim/app/README.md.

#include <cstdio>

#include "sim/app/report.h"
#include "sim/app/results_folder.h"

namespace spikeloom {

namespace {

using json = nlohmann::ordered_json;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

json groups_json(const GroupEnergies& groups) {
  json object;
  for (size_t i = 0; i < groups.size(); ++i) object[kEnergyGroupNames[i]] = groups[i];
  return object;
}

json tile_cycles_json(const Roofline& roofline) {
  json object;
  for (size_t i = 0; i < kActivityNames.size(); ++i) object[kActivityNames[i]] = roofline.arrays.cycles[i];
  object["rows_added"] = roofline.arrays.rows_added;
  return object;
}

json roofline_json(const Roofline& roofline) {
  json bounds;
  for (size_t i = 0; i < kResourceNames.size(); ++i)
    bounds[kResourceNames[i]] = roofline.bound(i) > 0 ? json(roofline.bound(i)) : json();
  json object = {{"additions", roofline.additions},
                 {"rows_read", roofline.rows_read},
                 {"additions_per_cycle", roofline.achieved()},
                 {"bounds", bounds},
                 {"lowest_bound", kResourceNames[roofline.lowest()]},
                 {"reached", roofline.reached()},
                 {"busiest_link", roofline.busiest_link},
                 {"gap", nullptr}};
  const Gap gap = roofline.largest_gap();
  if (roofline.has_gap()) object["gap"] = {{"cause", kGapNames[size_t(gap)]}, {"share", roofline.gap_share(gap)}};
  return object;
}

json phases_json(const Report& report) {
  json list = json::array();
  for (const PhaseReport& phase : report.phases) {
    list.push_back({{"input", phase.input},
                    {"vector_unit", phase.vector_kind},
                    {"operations", phase.operations},
                    {"mapping", phase.mapping.text()},
                    {"side_format", phase.side_format},
                    {"passes", phase.passes},
                    {"begin_cycle", phase.begin},
                    {"end_cycle", phase.end},
                    {"cycles", phase.end - phase.begin},
                    {"input_spikes", phase.spikes},
                    {"energy_pj", groups_json(phase.groups)},
                    {"tile_cycles", tile_cycles_json(phase.roofline)}});
    if (phase.vector_kind.empty()) list.back()["roofline"] = roofline_json(phase.roofline);
  }
  return list;
}

json activity_json(const Report& report) {
  json object;
  for (const auto& [block, activity] : report.activities)
    for (size_t i = 0; i < kActivityNames.size(); ++i)
      object[block][kActivityNames[i]] = activity->cycles(ActivityState(i));
  return object;
}

json prices_json(const Report& report, const Technology& technology) {
  std::array<bool, kEnergyEvents.size()> used{};
  for (const BillLine& line : report.bill.lines)
    for (size_t i = 0; i < kEnergyEvents.size(); ++i) used[i] = used[i] || line.event == kEnergyEvents[i].name;
  json object;
  for (size_t i = 0; i < kEnergyEvents.size(); ++i)
    if (used[i])
      object[kEnergyEvents[i].name] = {{"counted", kEnergyEvents[i].counted},
                                       {"group", kEnergyGroupNames[size_t(kEnergyEvents[i].group)]},
                                       {"source", technology.source(kEnergyEvents[i].event)}};
  json leakage;
  for (const auto& [name, price] : technology.leakage()) leakage[name] = {{"nw", price.pj}, {"source", price.source}};
  leakage["sram"] = {{"source", technology.sram_source()}};
  object["static_power"] = leakage;
  return object;
}

json drams_json(const Report& report) {
  json list = json::array();
  for (const DramReport& dram : report.drams) {
    const DramStats& stats = dram.stats;
    const Activity& activity = *dram.activity;
    const Cycle busy = activity.cycles(ActivityState::kBusy), idle = activity.cycles(ActivityState::kIdle);
    list.push_back({{"block", dram.block},
                    {"bytes_read", dram.bytes_read},
                    {"bytes_written", dram.bytes_written},
                    {"mb_s", double(dram.bytes_read + dram.bytes_written) / report.time_us()},
                    {"peak_mb_s", report.dram_peak_mb_s},
                    {"row_hits", dram.share(stats.row_hits)},
                    {"row_misses", dram.share(stats.row_misses)},
                    {"row_conflicts", dram.share(stats.row_conflicts)},
                    {"activates", stats.activates},
                    {"refreshes", stats.refreshes},
                    {"busy_cycles", busy},
                    {"stalled_cycles", report.cycles - busy - idle},
                    {"idle_cycles", idle}});
  }
  return list;
}

json area_json(const Report& report, const Technology& technology) {
  const BlockArea sum = report.area();
  json blocks, sources;
  for (const BlockArea& block : report.areas)
    if (block.total() > 0) blocks[block.block] = block.total();
  for (const auto& [name, price] : technology.area()) sources[name] = {{"um2", price.pj}, {"source", price.source}};
  sources["sram"] = {{"source", technology.sram_source()}};
  return {{"total_mm2", sum.total()},     {"sram_mm2", sum.sram}, {"registers_mm2", sum.registers},
          {"arithmetic_mm2", sum.adders}, {"blocks_mm2", blocks}, {"sources", sources}};
}

json recordings_json(const Report& report) {
  json list = json::array();
  for (const RecordedFile& file : report.recordings)
    list.push_back({{"file", file.name},
                    {"begin_cycle", file.first},
                    {"end_cycle", file.end},
                    {"full", file.full},
                    {"bytes", file.bytes}});
  return list;
}

}  // namespace

json steps_json(const LayerTrace::StepRun& steps) {
  return {{"asked", steps.asked},
          {"run", steps.run},
          {"block", steps.block},
          {"settled", steps.settled},
          {"changes", steps.changes}};
}

nlohmann::ordered_json report_json(const Report& report, const Technology& technology, const LayerTrace& layer) {
  json root;
  root["format"] = "spikeloom-report";
  root["version"] = 1;
  root["experiment"] = report.experiment;
  root["synthetic"] = report.synthetic;
  root["trace"] = {
      {"file", report.trace_file}, {"sha256", report.trace_sha256}, {"weights_sha256", report.weights_sha256},
      {"model", report.model},     {"layer", report.layer},         {"tokens", report.tokens},
      {"code", report.code},       {"text", report.text_source},    {"excerpt", report.text_excerpt}};
  root["chip"] = {{"name", report.chip},
                  {"width", report.width},
                  {"height", report.height},
                  {"clock_mhz", report.clock_mhz},
                  {"payload", report.payload},
                  {"datapath", report.datapath},
                  {"spike_code", report.multiplies ? json(nullptr) : json(report.arithmetic)},
                  {"arithmetic", report.arithmetic},
                  {"weight_halves", report.halves},
                  {"token_batch", report.token_batch}};
  root["technology"] = report.technology;
  root["exact"] = {
      {"outputs", report.outputs}, {"equal", report.outputs_equal}, {"first_difference", report.first_difference}};
  if (report.dequantizes) root["exact"]["compared"] = report.compared;
  root["time"] = {{"cycles", report.cycles}, {"us", report.time_us()}, {"fill_cycles", report.fill_cycles}};
  if (report.step_run.asked > 0) root["steps"] = steps_json(report.step_run);
  root["figures"] = {{"lane_utilisation", report.lane_utilisation},
                     {"synapse_array_busy", report.array_busy},
                     {"dram_utilisation", report.dram_utilisation},
                     {"dram_bytes", report.dram_bytes},
                     {"global_buffer_bank_waits", report.bank_waits},
                     {"weight_bank_waits", report.weight_bank_waits},
                     {"cache_sram_bytes", report.cache_sram_bytes},
                     {"cache_dram_bytes", report.cache_dram_bytes},
                     {"weights", report.weights},
                     {"rows_of_weights", report.weight_bits.rows_of_weights},
                     {"needed_weight_bits", report.weight_bits.needed},
                     {"packed_weight_bits", report.weight_bits.packed},
                     {"flit_weight_bits", report.weight_bits.in_flits},
                     {"sram_weight_bits", report.weight_bits.in_sram},
                     {"synapses", report.synapses},
                     {"additions", report.additions},
                     {"input_spikes", report.input_spikes},
                     {"input_steps", report.input_steps},
                     {"spikes_sent", report.spikes_sent},
                     {"spikes_received", report.spikes_received},
                     {"rows_added", report.rows_added},
                     {"rows_read", report.rows_read},
                     {"spikes_per_synapse", report.spikes_per_synapse()},
                     {"spike_density", report.spike_density()},
                     {"weight_reads_per_use", report.weight_reads_per_use()},
                     {"largest_membrane", report.largest_membrane}};
  root["energy"] = {{"total_pj", report.bill.total_pj},
                    {"per_token_pj", report.pj_per_token()},
                    {"groups_pj", groups_json(report.bill.groups)}};
  root["area"] = area_json(report, technology);
  root["phases"] = phases_json(report);
  root["drams"] = drams_json(report);
  root["activity_cycles"] = activity_json(report);
  json links;
  for (const auto& [name, flits] : report.link_flits) links[name] = flits;
  root["link_flits"] = links;
  if (!report.recordings.empty()) root["recordings"] = recordings_json(report);
  root["not_charged"] = not_charged(report);
  json assumptions;
  for (const auto& [name, text] : layer.assumptions) assumptions[name] = text;
  root["assumptions"] = assumptions;
  root["prices"] = prices_json(report, technology);
  return root;
}

std::string energy_csv(const Report& report) {
  std::string text = "block,event,group,count,unit_pj,energy_pj\n";
  for (const BillLine& line : report.bill.lines)
    text += line.block + "," + line.event + "," + kEnergyGroupNames[size_t(line.group)] + "," +
            std::to_string(line.count) + "," + number(line.unit_pj) + "," + number(line.pj()) + "\n";
  return text;
}

std::string windows_csv(const Report& report) {
  std::string text = "window_begin_cycle,phase,block,event,group,count,energy_pj\n";
  for (const WindowLine& window : report.bill.windows) {
    const BillLine& line = report.bill.line(window);
    text += std::to_string(window.window_begin) + "," + std::to_string(window.phase) + "," + line.block + "," +
            line.event + "," + kEnergyGroupNames[size_t(line.group)] + "," + std::to_string(window.count) + "," +
            number(window.count * line.unit_pj) + "\n";
  }
  return text;
}

void write_results(const std::string& folder, const Experiment& experiment, const LayerTrace& layer,
                   const Report& report) {
  write_file(folder, "energy.csv", energy_csv(report));
  write_file(folder, "counts.csv", report.counts.csv());
  write_file(folder, "windows.csv", windows_csv(report));
  write_file(folder, "resolved.yaml", experiment.resolved);
  write_file(folder, "report.json", report_json(report, experiment.technology, layer).dump(1) + "\n");
}

}  // namespace spikeloom
