// The report of several layers for a terminal.

#include <map>

#include "sim/app/model_report.h"
#include "sim/app/number_text.h"
#include "sim/app/report.h"

namespace spikeloom {

namespace {

using json = nlohmann::ordered_json;

std::string counted(int64_t number, const std::string& what) {
  return grouped(uint64_t(number)) + " " + what + (number == 1 ? "" : "s");
}

std::string text_of(const json& node, const char* key) { return node[key].get<std::string>(); }
uint64_t count_of(const json& node, const char* key) { return node[key].get<uint64_t>(); }
double number_of(const json& node, const char* key) { return node[key].get<double>(); }
double percent_of(const json& node, const char* key) { return 100 * number_of(node, key); }

std::string which_layers(const json& model) {
  return layers_in_words(model["layers"].get<std::vector<int>>(), model["layers_of_model"]);
}

std::string arithmetic_text(const json& chip) {
  const std::string datapath = text_of(chip, "datapath"), arithmetic = text_of(chip, "arithmetic");
  return datapath == "accumulate_and_fire" ? arithmetic : datapath + " (" + arithmetic + ")";
}

std::string header(const json& report) {
  const json &model = report["model"], &chip = report["chip"];
  std::string text;
  if (report["synthetic"])
    text += "SYNTHETIC DATA: codes and weights are random; every number below is about synthetic data.\n";
  text += text_of(model, "name") + ", " + which_layers(model) + ", " + text_of(model, "case") + ": " +
          counted(model["tokens"], "token") + ", code " + text_of(model, "code") + "\n";
  text += "  text       " + text_of(model, "text") + "\n";
  text += format("  chip       %s: %dx%d tiles, %.0f MHz, %s, %s, token_batch %d\n", text_of(chip, "name").c_str(),
                 chip["width"].get<int>(), chip["height"].get<int>(), number_of(chip, "clock_mhz"),
                 text_of(chip, "payload").c_str(), arithmetic_text(chip).c_str(), chip["token_batch"].get<int>());
  text += "  technology " + text_of(report, "technology") + "\n";
  if (report["exact"].contains("compared")) text += attention_line();
  return text + "\n";
}

std::string duration(double us) {
  return us >= 1e6 ? format("%.3f s", us / 1e6) : us >= 1e3 ? format("%.3f ms", us / 1e3) : format("%.1f us", us);
}

std::string outputs_line(const json& exact) {
  const uint64_t outputs = exact["outputs"], equal = exact["equal"];
  return "Outputs      " + grouped(equal) + " of " + grouped(outputs) +
         (equal == outputs ? " " + exact.value("compared", "output integers equal the reference") + "\n"
                           : " EQUAL; first difference: " + text_of(exact, "first_difference") + "\n");
}

std::string time_lines(const json& report) {
  const json& time = report["time"];
  const uint64_t cycles = time["cycles"], fill = time["fill_cycles"];
  std::string text = format("Cycles       %s (%s at %.0f MHz), layer after layer\n", grouped(cycles).c_str(),
                            duration(time["us"]).c_str(), number_of(report["chip"], "clock_mhz"));
  text += format(
      "Fill         %s of them (%.2f %%): each layer's first operation with weights waits for its first row, since "
      "the\n"
      "             chip drains between layers, DRAM banks close, and nothing is loaded ahead\n",
      grouped(fill).c_str(), 100.0 * double(fill) / double(cycles));
  return text + format("Speed        %.1f tokens/s (%s in %s) through %s, and nothing else of the model\n",
                       number_of(time, "tokens_per_second"), counted(report["model"]["tokens"], "token").c_str(),
                       duration(time["us"]).c_str(), which_layers(report["model"]).c_str());
}

// All memory nodes together.
std::string dram_line(const json& report) {
  double mb_s = 0, peak = 0, bytes = 0, busy = 0, stalled = 0;
  std::map<std::string, double> shares;
  uint64_t refreshes = 0;
  for (const json& dram : report["drams"]) {
    const double of_node = number_of(dram, "bytes_read") + number_of(dram, "bytes_written");
    for (const char* key : {"row_hits", "row_misses", "row_conflicts"}) shares[key] += number_of(dram, key) * of_node;
    bytes += of_node;
    mb_s += number_of(dram, "mb_s");
    peak += number_of(dram, "peak_mb_s");
    busy += number_of(dram, "busy_cycles");
    stalled += number_of(dram, "stalled_cycles");
    refreshes += count_of(dram, "refreshes");
  }
  const double cycles = number_of(report["time"], "cycles") * double(report["drams"].size());
  return format(
      "DRAM         %.0f of %.0f MB/s; rows %.1f %% hit, %.1f %% closed, %.1f %% other; %s refreshes; data in "
      "%.1f %% of cycles, %.1f %% stalled\n",
      mb_s, peak, 100 * shares["row_hits"] / bytes, 100 * shares["row_misses"] / bytes,
      100 * shares["row_conflicts"] / bytes, grouped(refreshes).c_str(), 100 * busy / cycles, 100 * stalled / cycles);
}

std::string figure_lines(const json& report) {
  const json &figures = report["figures"], &energies = report["energy"];
  const bool multiplies = text_of(report["chip"], "datapath") != "accumulate_and_fire";
  std::string text = format(
      "Utilisation  %.1f %% of lane cycles %s a weight; %s arrays are busy %.1f %%; DRAM at %.1f %% of its peak\n",
      percent_of(figures, "lane_utilisation"), multiplies ? "multiply" : "add", multiplies ? "MAC" : "synapse",
      percent_of(figures, "synapse_array_busy"), percent_of(figures, "dram_utilisation"));
  text += format(multiplies ? "Products     %.3f per synapse and token; %.1f %% of codes are not 0\n"
                            : "Spikes       %.3f per synapse and token; %.1f %% of inputs x time steps carry one\n",
                 number_of(figures, "spikes_per_synapse"), percent_of(figures, "spike_density"));
  text += format("Weights      %.3f SRAM reads per use; %s rows added, %.2f MB read from DRAM\n",
                 number_of(figures, "weight_reads_per_use"), grouped(count_of(figures, "rows_added")).c_str(),
                 number_of(figures, "dram_bytes") / 1e6);
  text += packing_line({count_of(figures, "rows_of_weights"), number_of(figures, "needed_weight_bits"),
                        count_of(figures, "packed_weight_bits"), count_of(figures, "flit_weight_bits"),
                        count_of(figures, "sram_weight_bits")});
  if (report.contains("steps")) text += settling_line(report["steps"]);
  text += dram_line(report);
  text += bank_waits_line(count_of(figures, "global_buffer_bank_waits"), text_of(report["chip"], "weight_halves"),
                          count_of(figures, "weight_bank_waits"));
  return text + cache_line(number_of(figures, "cache_sram_bytes"), number_of(figures, "cache_dram_bytes")) +
         "Energy       " + trimmed(energy(energies["total_pj"])) + " in all, " +
         trimmed(energy(energies["per_token_pj"])) + " per token\n\n";
}

GroupEnergies groups_of(const json& groups_pj) {
  GroupEnergies groups{};
  for (size_t i = 0; i < groups.size(); ++i) groups[i] = groups_pj.value(kEnergyGroupNames[i], 0.0);
  return groups;
}

std::string phase_table(const json& report) {
  std::string text =
      format("%-18s %8s %14s %13s %8s %16s\n", "operations", "passes", "cycles", "energy*", "share", "code spikes");
  for (const json& phase : report["phases"]) {
    std::string names;
    for (const json& name : phase["operations"]) names += (names.empty() ? "" : ",") + name.get<std::string>();
    double pj = 0;
    for (const auto& [group, value] : phase["energy_pj"].items()) pj += value.get<double>();
    const bool spikes = text_of(phase, "vector_unit").empty();
    text +=
        format("%-18s %8s %14s %13s %7.2f%% %16s\n", names.c_str(),
               spikes ? grouped(count_of(phase, "passes")).c_str() : "-", grouped(count_of(phase, "cycles")).c_str(),
               energy(pj).c_str(), 100 * pj / number_of(report["energy"], "total_pj"),
               spikes ? grouped(count_of(phase, "input_spikes")).c_str() : "-");
  }
  return text + operations_note();
}

std::string layer_row(const std::string& name, uint64_t cycles, uint64_t fill, const json& shares, double dram_bytes,
                      double pj, double tokens) {
  return format("%5s %14s %10s %6.1f%% %6.1f%% %6.1f%% %9.2f %13s %13s\n", name.c_str(), grouped(cycles).c_str(),
                grouped(fill).c_str(), percent_of(shares, "lane_utilisation"), percent_of(shares, "synapse_array_busy"),
                percent_of(shares, "dram_utilisation"), dram_bytes / 1e6, energy(pj).c_str(),
                energy(pj / tokens).c_str());
}

std::string layer_table(const json& report) {
  std::string text = format("%5s %14s %10s %7s %7s %7s %9s %13s %13s\n", "layer", "cycles", "fill", "lanes", "arrays",
                            "DRAM", "DRAM MB", "energy", "per token");
  const double tokens = number_of(report["model"], "tokens");
  for (const json& layer : report["layers"])
    text += layer_row(std::to_string(layer["layer"].get<int>()), layer["cycles"], layer["fill_cycles"], layer,
                      layer["dram_bytes"], layer["total_pj"], tokens);
  const json& figures = report["figures"];
  return text +
         layer_row("total", report["time"]["cycles"], report["time"]["fill_cycles"], figures, figures["dram_bytes"],
                   report["energy"]["total_pj"], tokens) +
         "\n";
}

std::string differing_layers(const json& report) {
  std::string text;
  for (const json& layer : report["layers"])
    if (layer["equal"] != layer["outputs"])
      text += "layer " + std::to_string(layer["layer"].get<int>()) + ": " +
              grouped(count_of(layer, "outputs") - count_of(layer, "equal")) + " of " +
              grouped(count_of(layer, "outputs")) + " output integers differ from the reference\n";
  return text.empty() ? text : text + "\n";
}

}  // namespace

std::string model_report_text(const ModelReport& merged) {
  const json& report = merged.json;
  std::string text = header(report) + outputs_line(report["exact"]) + time_lines(report) + figure_lines(report);
  text += group_table(groups_of(report["energy"]["groups_pj"]), merged.background_pj, report["energy"]["total_pj"]);
  text += phase_table(report) + layer_table(report) + differing_layers(report) + "Not charged\n";
  for (const json& item : report["not_charged"]) text += "  - " + item.get<std::string>() + "\n";
  return text;
}

}  // namespace spikeloom
