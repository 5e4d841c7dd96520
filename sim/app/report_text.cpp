// The report for a terminal: tables that line up, units next to numbers.

#include <algorithm>
#include <numeric>
#include <regex>

#include "sim/app/number_text.h"
#include "sim/app/report.h"

namespace spikeloom {

namespace {

std::string header(const Report& report) {
  std::string text;
  if (report.synthetic)
    text += "SYNTHETIC DATA: codes and weights are random; every number below is about synthetic data.\n";
  text += format("Layer %d of %s, %d %s, code %s\n", report.layer, report.model.c_str(), report.tokens,
                 report.tokens == 1 ? "token" : "tokens", report.code.c_str());
  text += "  text       " + report.text_source + "\n";
  text += format("  chip       %s: %dx%d tiles, %.0f MHz, %s, %s, token_batch %d\n", report.chip.c_str(), report.width,
                 report.height, report.clock_mhz, report.payload.c_str(),
                 (report.multiplies ? report.datapath + " (" + report.arithmetic + ")" : report.arithmetic).c_str(),
                 report.token_batch);
  text += "  technology " + report.technology + "\n";
  if (report.dequantizes) text += attention_line();
  text += "\n";
  return text;
}

// All memory nodes together.
std::string dram_line(const Report& report) {
  DramReport all;
  Cycle busy = 0, idle = 0;
  for (const DramReport& dram : report.drams) {
    all.bytes_read += dram.bytes_read;
    all.bytes_written += dram.bytes_written;
    all.stats.read_bursts += dram.stats.read_bursts;
    all.stats.write_bursts += dram.stats.write_bursts;
    all.stats.row_hits += dram.stats.row_hits;
    all.stats.row_misses += dram.stats.row_misses;
    all.stats.row_conflicts += dram.stats.row_conflicts;
    all.stats.refreshes += dram.stats.refreshes;
    busy += dram.activity->cycles(ActivityState::kBusy);
    idle += dram.activity->cycles(ActivityState::kIdle);
  }
  const double cycles = double(report.cycles) * double(report.drams.size());
  return format(
      "DRAM         %.0f of %.0f MB/s; rows %.1f %% hit, %.1f %% closed, %.1f %% other; %s refreshes; data in %.1f %% "
      "of cycles, %.1f %% stalled\n",
      double(all.bytes_read + all.bytes_written) / report.time_us(), report.dram_peak_mb_s * report.drams.size(),
      100 * all.share(all.stats.row_hits), 100 * all.share(all.stats.row_misses),
      100 * all.share(all.stats.row_conflicts), grouped(all.stats.refreshes).c_str(), 100 * busy / cycles,
      100 * (cycles - busy - idle) / cycles);
}

std::string area_and_energy(const Report& report) {
  const BlockArea area = report.area();
  return format("Area         %.3f mm2: SRAM %.3f, registers %.3f, adders and multipliers %.3f; without wires, DRAM\n",
                area.total(), area.sram, area.registers, area.adders) +
         format("Energy       %s in all, %s per token\n\n", trimmed(energy(report.bill.total_pj)).c_str(),
                trimmed(energy(report.pj_per_token())).c_str());
}

std::string figures(const Report& report) {
  std::string text;
  const bool equal = report.outputs == report.outputs_equal;
  if (report.outputs == 0)
    text += "Outputs      none: the vector unit's values come from the trace\n";
  else
    text += "Outputs      " + grouped(report.outputs_equal) + " of " + grouped(report.outputs) +
            (equal ? " " + report.compared + "\n" : " EQUAL; first difference: " + report.first_difference + "\n");
  text += format("Cycles       %s (%.1f us at %.0f MHz; %s tokens/s through this layer)\n",
                 grouped(report.cycles).c_str(), report.time_us(), report.clock_mhz,
                 grouped(uint64_t(std::llround(report.tokens / report.time_us() * 1e6))).c_str());
  text += format(
      "Utilisation  %.1f %% of lane cycles %s a weight; %s arrays are busy %.1f %%; DRAM at %.1f %% of its peak\n",
      100 * report.lane_utilisation, report.multiplies ? "multiply" : "add", report.multiplies ? "MAC" : "synapse",
      100 * report.array_busy, 100 * report.dram_utilisation);
  if (report.synapses == 0) return text + dram_line(report) + area_and_energy(report);  // of the vector unit alone
  text +=
      format(report.multiplies ? "Products     %.3f per synapse and token; %.1f %% of codes are not 0\n"
                               : "Spikes       %.3f per synapse and token; %.1f %% of inputs x time steps carry one\n",
             report.spikes_per_synapse(), 100 * report.spike_density());
  text += format("Weights      %.3f SRAM reads per use; %s rows added, %.2f MB read from DRAM\n",
                 report.weight_reads_per_use(), grouped(report.rows_added).c_str(), report.dram_bytes / 1e6);
  text += packing_line(report.weight_bits);
  if (report.step_run.asked > 0) text += settling_line(steps_json(report.step_run));
  text += dram_line(report) + bank_waits_line(report.bank_waits, report.halves, report.weight_bank_waits);
  text += cache_line(double(report.cache_sram_bytes), double(report.cache_dram_bytes));
  return text + area_and_energy(report);
}

std::string names_of(const PhaseReport& phase) {
  std::string names;
  for (const auto& name : phase.operations) names += (names.empty() ? "" : ",") + name;
  return names;
}

// What keeps phases of spikes more than 20 % below their lowest bound.
std::string gaps(const Report& report) {
  static constexpr std::array<const char*, kResourceNames.size()> kBounds = {
      "lanes", "weight SRAM", "the mesh", "SRAM of keys and values", "encoders", "DRAM"};
  static constexpr std::array<const char*, kGapNames.size()> kCauses = {
      "have no work",          "wait for spikes", "wait for weights", "wait for a free membrane set",
      "wait for their output", "take step marks"};
  static constexpr std::array<const char*, kGapNames.size()> kMultiplyingCauses = {
      "have no work",          "wait for codes",
      "wait for weights",      "wait for a free set of sums",
      "wait for their output", "read further rows, or add sums up"};
  const auto& causes = report.multiplies ? kMultiplyingCauses : kCauses;
  std::string text;
  for (const PhaseReport& phase : report.phases) {
    if (!phase.vector_kind.empty() || !phase.roofline.has_gap()) continue;
    const Gap gap = phase.roofline.largest_gap();
    text += format("%s: %.0f %% of the bound by %s; tiles %s %.0f %% of their time\n", names_of(phase).c_str(),
                   100 * phase.roofline.reached(), kBounds[phase.roofline.lowest()], causes[size_t(gap)],
                   100 * phase.roofline.gap_share(gap));
  }
  return text.empty() ? text : text + "\n";
}

// Cycles and energy of the phases that belong to something, and their shares; nothing where there are none.
template <typename Belongs>
std::string sum_row(const Report& report, const char* name, Belongs belongs) {
  Cycle cycles = 0;
  double pj = 0;
  for (const PhaseReport& phase : report.phases) {
    if (!belongs(phase)) continue;
    cycles += phase.end - phase.begin;
    pj += std::accumulate(phase.groups.begin(), phase.groups.end(), 0.0);
  }
  if (cycles == 0) return "";
  return format("%-18s %6s %12s %13s   %.1f %% of cycles, %.1f %% of energy\n", name, "", grouped(cycles).c_str(),
                energy(pj).c_str(), 100.0 * double(cycles) / double(report.cycles), 100 * pj / report.bill.total_pj);
}

std::string phase_table(const Report& report) {
  std::string text = format("%-18s %6s %12s %13s %14s\n", "operations", "passes", "cycles", "energy*",
                            report.multiplies ? "not 0" : "code spikes");
  for (const PhaseReport& phase : report.phases) {
    const double pj = std::accumulate(phase.groups.begin(), phase.groups.end(), 0.0);
    const bool spikes = phase.vector_kind.empty();
    text += format("%-18s %6s %12s %13s %14s\n", names_of(phase).c_str(),
                   spikes ? std::to_string(phase.passes).c_str() : "-", grouped(phase.end - phase.begin).c_str(),
                   energy(pj).c_str(), spikes ? grouped(phase.spikes).c_str() : "-");
  }
  const auto vector_unit = [](const PhaseReport& phase) { return !phase.vector_kind.empty(); };
  const auto attention = [](const PhaseReport& phase) {
    return std::any_of(phase.operations.begin(), phase.operations.end(),
                       [](const std::string& name) { return name == "scores" || name == "mix"; });
  };
  text += sum_row(report, "of it vector unit", vector_unit) + sum_row(report, "of it scores, mix", attention);
  return text + operations_note();
}

// A text with the whole numbers in it grouped.
std::string with_grouped(const std::string& text) {
  static const std::regex number("[0-9]{4,}");
  std::string result;
  std::sregex_iterator at(text.begin(), text.end(), number), end;
  size_t from = 0;
  for (; at != end; ++at) {
    result += text.substr(from, size_t(at->position()) - from) + grouped(std::stoull(at->str()));
    from = size_t(at->position() + at->length());
  }
  return result + text.substr(from);
}

// Why phases of spikes were mapped as they were: each choice, and the operations that share it.
std::string mapping(const Report& report) {
  std::string text;
  for (const auto part : {&PhaseChoice::split, &PhaseChoice::placement, &PhaseChoice::side}) {
    std::vector<std::pair<std::string, std::string>> choices;  // and the operations
    for (const PhaseReport& phase : report.phases) {
      const std::string& choice = phase.mapping.*part;
      if (choice.empty()) continue;
      const auto same = [&](const auto& other) { return other.first == choice; };
      const auto found = std::find_if(choices.begin(), choices.end(), same);
      if (found == choices.end())
        choices.emplace_back(choice, names_of(phase));
      else
        found->second += "; " + names_of(phase);
    }
    for (const auto& [choice, operations] : choices)
      text += "  " + choice + (choices.size() == 1 ? "" : ": " + operations) + "\n";
  }
  for (const PhaseReport& phase : report.phases)
    if (phase.mapping.weighed) text += "  " + names_of(phase) + ": " + with_grouped(phase.mapping.cost) + "\n";
  return text.empty() ? text : "Mapping\n" + text + "\n";
}

std::string recordings(const Report& report) {
  std::string text;
  for (const RecordedFile& file : report.recordings) {
    text += file.name + ": " + format("%.2f MB, ", file.bytes / 1e6);
    if (file.first == file.end)
      text += "no cycle (the run has cycles 0 to " + grouped(report.cycles - 1) + ")";
    else
      text += "cycles " + grouped(file.first) + " to " + grouped(file.end - 1);
    if (file.full) text += "; full: nothing is recorded from cycle " + grouped(file.end) + " on (--record-limit)";
    text += "\n";
  }
  return text.empty() ? text : "\n" + text;
}

}  // namespace

std::string settling_line(const nlohmann::ordered_json& steps) {
  if (steps["changes"].empty()) return "";
  return format("Steps        %d of %d: rates %s; when last checked they changed by %.4f spikes a step\n",
                steps["run"].get<int>(), steps["asked"].get<int>(),
                steps["settled"].get<bool>() ? "had settled" : "had not settled",
                steps["changes"].back().get<double>());
}

std::string operations_note() {
  return "* weights count with the operations that use them, whenever they are loaded; leakage and background by "
         "time, DRAM's refreshes\n  and open rows with what uses it next; operations without passes are the vector "
         "unit's\n\n";
}

std::string packing_line(const WeightBits& bits) {
  const double weights = double(bits.rows_of_weights);
  return format("Packing      %.2f bits a weight and row: %.2f packed, %.2f in flits and DRAM, %.2f in SRAM rows\n",
                bits.needed / weights, bits.packed / weights, bits.in_flits / weights, bits.in_sram / weights);
}

std::string cache_line(double sram_bytes, double dram_bytes) {
  if (sram_bytes + dram_bytes == 0) return "";
  return format("Keys, values %.1f kB in SRAM, %.1f kB in DRAM\n", sram_bytes / 1e3, dram_bytes / 1e3);
}

std::string bank_waits_line(uint64_t cycles, const std::string& halves, uint64_t weight_cycles) {
  const std::string text = "Buffers      global buffers wait " + grouped(cycles) + " cycles for a bank";
  const bool shared = halves == halves_names()[int(Halves::kSharedBanks)];
  return text + (shared ? "; weight rows that come, " + grouped(weight_cycles) + "\n" : "\n");
}

std::string attention_line() {
  return "  attention  not in the trace: its matrix products are neither simulated nor charged\n";
}

std::string group_table(const GroupEnergies& groups, double background_pj, double total_pj) {
  std::string text = format("%-26s %13s %8s\n", "energy group", "energy", "share");
  const auto row = [total_pj](const char* name, double pj) {
    return format("%-26s %13s %7.2f%%\n", name, energy(pj).c_str(), 100 * pj / total_pj);
  };
  for (size_t i = 0; i < groups.size(); ++i) {
    text += groups[i] > 0 ? row(kEnergyGroupNames[i], groups[i])
                          : format("%-26s %13s %8s\n", kEnergyGroupNames[i], "-", "-");
    if (EnergyGroup(i) == EnergyGroup::kDram && background_pj > 0)
      text += row("  of it background power", background_pj);
  }
  return text + row("total", total_pj) + "\n";
}

std::string report_text(const Report& report) {
  std::string text = header(report) + figures(report) +
                     group_table(report.bill.groups, background_pj(report.bill), report.bill.total_pj) +
                     phase_table(report) + gaps(report) + mapping(report);
  text += "Not charged\n";
  for (const std::string& item : not_charged(report)) text += "  - " + item + "\n";
  return text + recordings(report);
}

}  // namespace spikeloom
