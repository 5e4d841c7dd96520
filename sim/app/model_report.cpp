#include "sim/app/model_report.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <tuple>

#include "sim/app/number_text.h"

namespace spikeloom {

namespace {

using json = nlohmann::ordered_json;
namespace fs = std::filesystem;

std::ifstream open_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw UserError(file.string() + ": cannot be read");
  return stream;
}

// Adds the numbers of an object to those of another, at every depth; keys that are only in one are kept.
void add_numbers(const json& from, json* to) {
  for (const auto& [key, value] : from.items()) {
    json& sum = (*to)[key];
    if (value.is_object())
      add_numbers(value, &sum);
    else if (sum.is_null())
      sum = value;
    else if (value.is_number_float())
      sum = sum.get<double>() + value.get<double>();
    else
      sum = sum.get<uint64_t>() + value.get<uint64_t>();
  }
}

double sum_of(const json& numbers) {
  double sum = 0;
  for (const auto& [key, value] : numbers.items()) sum += value.get<double>();
  return sum;
}

double sum_of(const std::vector<json>& layers, const char* section, const char* key) {
  double sum = 0;
  for (const json& layer : layers) sum += layer[section][key].get<double>();
  return sum;
}

uint64_t count_of(const std::vector<json>& layers, const char* section, const char* key) {
  uint64_t sum = 0;
  for (const json& layer : layers) sum += layer[section][key].get<uint64_t>();
  return sum;
}

// Of all cycles, when each layer gives the share of its own.
double share_of_cycles(const std::vector<json>& layers, const char* key) {
  double sum = 0, cycles = 0;
  for (const json& layer : layers) {
    sum += layer["figures"][key].get<double>() * layer["time"]["cycles"].get<double>();
    cycles += layer["time"]["cycles"].get<double>();
  }
  return sum / cycles;
}

json model_json(const ModelWorkload& model, const json& first) {
  const json& trace = first["trace"];
  return {{"name", model.manifest.model},
          {"method", model.manifest.method},
          {"folder", std::filesystem::absolute(model.manifest.folder).lexically_normal().string()},
          {"case", model.chosen.name},
          {"first_token", model.chosen.first},
          {"context", model.chosen.context},
          {"tokens", trace["tokens"]},
          {"layers", model.layers},
          {"layers_of_model", model.manifest.model_layers},
          {"code", trace["code"]},
          {"text", trace["text"]},
          {"excerpt", trace["excerpt"]}};
}

json exact_json(const ModelWorkload& model, const std::vector<json>& layers) {
  std::string difference;
  for (size_t i = 0; i < layers.size() && difference.empty(); ++i) {
    const std::string text = layers[i]["exact"]["first_difference"];
    if (!text.empty()) difference = "layer " + std::to_string(model.layers[i]) + ": " + text;
  }
  json exact = {{"outputs", count_of(layers, "exact", "outputs")},
                {"equal", count_of(layers, "exact", "equal")},
                {"first_difference", difference}};
  if (layers[0]["exact"].contains("compared")) exact["compared"] = layers[0]["exact"]["compared"];
  return exact;
}

json time_json(const std::vector<json>& layers) {
  const uint64_t cycles = count_of(layers, "time", "cycles");
  const double us = double(cycles) / layers[0]["chip"]["clock_mhz"].get<double>();
  return {{"cycles", cycles},
          {"us", us},
          {"fill_cycles", count_of(layers, "time", "fill_cycles")},
          {"tokens_per_second", layers[0]["trace"]["tokens"].get<double>() / us * 1e6}};
}

// Of recorded spikes. The change of a block is that of the layer where it is largest.
json steps_json(const std::vector<json>& layers) {
  json steps = layers[0]["steps"];
  for (const json& layer : layers)
    for (size_t block = 0; block < steps["changes"].size(); ++block) {
      const double change = layer["steps"]["changes"][block];
      if (change > steps["changes"][block].get<double>()) steps["changes"][block] = change;
    }
  return steps;
}

json figures_json(const std::vector<json>& layers) {
  json figures;
  for (const char* key : {"lane_utilisation", "synapse_array_busy", "dram_utilisation"})
    figures[key] = share_of_cycles(layers, key);
  for (const char* key : {"dram_bytes", "global_buffer_bank_waits", "weight_bank_waits", "cache_sram_bytes",
                          "cache_dram_bytes", "weights", "rows_of_weights", "needed_weight_bits", "packed_weight_bits",
                          "flit_weight_bits", "sram_weight_bits", "synapses", "additions", "input_spikes",
                          "input_steps", "spikes_sent", "spikes_received", "rows_added", "rows_read"}) {
    json numbers = json::object();
    for (const json& layer : layers) add_numbers(json::object({{key, layer["figures"][key]}}), &numbers);
    figures[key] = numbers[key];
  }
  const auto ratio = [&figures](const char* of, const char* to) {
    const double divisor = figures[to].get<double>();
    return divisor > 0 ? figures[of].get<double>() / divisor : 0;
  };
  figures["spikes_per_synapse"] = ratio("additions", "synapses");
  figures["spike_density"] = ratio("input_spikes", "input_steps");
  figures["weight_reads_per_use"] = ratio("rows_read", "rows_added");
  int64_t largest = 0;
  for (const json& layer : layers) largest = std::max(largest, layer["figures"]["largest_membrane"].get<int64_t>());
  figures["largest_membrane"] = largest;
  return figures;
}

json energy_json(const std::vector<json>& layers) {
  const double total = sum_of(layers, "energy", "total_pj");
  json groups;
  for (const json& layer : layers) add_numbers(layer["energy"]["groups_pj"], &groups);
  return {
      {"total_pj", total}, {"per_token_pj", total / layers[0]["trace"]["tokens"].get<double>()}, {"groups_pj", groups}};
}

// Phases of the same operations, of all layers together.
json phases_json(const std::vector<json>& layers) {
  json list = json::array();
  for (const json& layer : layers)
    for (const json& phase : layer["phases"]) {
      const auto same = std::find_if(list.begin(), list.end(), [&phase](const json& entry) {
        return entry["operations"] == phase["operations"] && entry["input"] == phase["input"];
      });
      json& entry = same == list.end() ? list.emplace_back(json{{"input", phase["input"]},
                                                                {"vector_unit", phase["vector_unit"]},
                                                                {"operations", phase["operations"]}})
                                       : *same;
      json numbers;
      for (const char* key : {"passes", "cycles", "input_spikes", "energy_pj"}) numbers[key] = phase[key];
      add_numbers(numbers, &entry);
    }
  return list;
}

// Per memory node. A layer gives shares of its bursts, all of one size: they weigh as the bytes do.
json drams_json(const std::vector<json>& layers, double us) {
  json list = json::array();
  for (size_t node = 0; node < layers[0]["drams"].size(); ++node) {
    json sums = json::object();
    std::map<std::string, double> weighted;
    double bytes = 0;
    for (const json& layer : layers) {
      json counts = layer["drams"][node];
      const double of_layer = counts["bytes_read"].get<double>() + counts["bytes_written"].get<double>();
      for (const char* share : {"row_hits", "row_misses", "row_conflicts"})
        weighted[share] += counts[share].get<double>() * of_layer;
      bytes += of_layer;
      for (const char* key : {"block", "mb_s", "peak_mb_s", "row_hits", "row_misses", "row_conflicts"})
        counts.erase(key);
      add_numbers(counts, &sums);
    }
    json dram = {{"block", layers[0]["drams"][node]["block"]},
                 {"mb_s", bytes / us},
                 {"peak_mb_s", layers[0]["drams"][node]["peak_mb_s"]}};
    for (const auto& [share, sum] : weighted) dram[share] = bytes > 0 ? sum / bytes : 0;
    dram.update(sums);
    list.push_back(dram);
  }
  return list;
}

json layer_json(const json& report) {
  json phases = json::array();
  for (const json& phase : report["phases"])
    phases.push_back({{"operations", phase["operations"]},
                      {"passes", phase["passes"]},
                      {"cycles", phase["cycles"]},
                      {"energy_pj", sum_of(phase["energy_pj"])}});
  const json& figures = report["figures"];
  return {{"layer", report["trace"]["layer"]},
          {"sha256", report["trace"]["sha256"]},
          {"weights_sha256", report["trace"]["weights_sha256"]},
          {"outputs", report["exact"]["outputs"]},
          {"equal", report["exact"]["equal"]},
          {"cycles", report["time"]["cycles"]},
          {"fill_cycles", report["time"]["fill_cycles"]},
          {"lane_utilisation", figures["lane_utilisation"]},
          {"synapse_array_busy", figures["synapse_array_busy"]},
          {"dram_utilisation", figures["dram_utilisation"]},
          {"dram_bytes", figures["dram_bytes"]},
          {"total_pj", report["energy"]["total_pj"]},
          {"groups_pj", report["energy"]["groups_pj"]},
          {"phases", phases}};
}

// What the layers leave out, and what the layers are not.
json not_charged_json(const Experiment& experiment, const std::vector<json>& layers) {
  json list = json::array();
  for (const json& layer : layers)
    for (const json& item : layer["not_charged"])
      if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
  const ModelWorkload& model = *experiment.model;
  if (!model.is_whole())
    list.push_back("the other " + std::to_string(model.manifest.model_layers - int(model.layers.size())) +
                   " of the model's " + std::to_string(model.manifest.model_layers) + " layers");
  if (!experiment.all_operations) list.push_back("operations that workload.operations leaves out");
  return list;
}

// Rows of the same block, event and price, of all layers together.
class EnergyRows {
 public:
  void add(const fs::path& file) {
    std::ifstream stream = open_file(file);
    std::string line;
    std::getline(stream, line);
    while (std::getline(stream, line)) add_line(line);
  }
  double background_pj() const {
    double pj = 0;
    for (const auto& [key, sum] : rows_)
      if (std::get<1>(key) == "background") pj += sum.pj;
    return pj;
  }
  double total_pj() const {
    double pj = 0;
    for (const auto& [key, sum] : rows_) pj += sum.pj;
    return pj;
  }
  std::string csv() const {
    std::string text = "block,event,group,count,unit_pj,energy_pj\n";
    for (const auto& [key, sum] : rows_) {
      const auto& [block, event, unit, group] = key;
      text += block + "," + event + "," + group + "," + std::to_string(sum.count) + "," + unit + "," +
              format("%.9g", sum.pj) + "\n";
    }
    return text;
  }

 private:
  struct Sum {
    uint64_t count = 0;
    double pj = 0;
  };
  void add_line(const std::string& line) {
    std::stringstream cells(line);
    std::string block, event, group, count, unit, pj;
    for (std::string* cell : {&block, &event, &group, &count, &unit, &pj}) std::getline(cells, *cell, ',');
    Sum& sum = rows_[{block, event, unit, group}];
    sum.count += std::stoull(count);
    sum.pj += std::stod(pj);
  }
  std::map<std::tuple<std::string, std::string, std::string, std::string>, Sum> rows_;
};

void check_equal(double a, double b, double tolerance, const char* what) {
  if (std::abs(a - b) > tolerance * std::max(std::abs(a), std::abs(b)))
    throw std::logic_error(std::string("the model's ") + what + " do not add up to its total");
}

void check_sums(const json& report, const EnergyRows& rows) {
  const double total = report["energy"]["total_pj"];
  double layers = 0, layer_groups = 0, phases = 0;
  uint64_t cycles = 0;
  for (const json& layer : report["layers"]) {
    layers += layer["total_pj"].get<double>();
    layer_groups += sum_of(layer["groups_pj"]);
    cycles += layer["cycles"].get<uint64_t>();
  }
  for (const json& phase : report["phases"]) phases += sum_of(phase["energy_pj"]);
  check_equal(layers, total, 1e-9, "layers");
  check_equal(layer_groups, total, 1e-9, "layers' groups");
  check_equal(sum_of(report["energy"]["groups_pj"]), total, 1e-9, "groups");
  check_equal(phases, total, 1e-9, "phases");
  check_equal(rows.total_pj(), total, 1e-7, "rows of energy.csv");  // they have 9 digits
  check_equal(double(cycles), report["time"]["cycles"], 0, "layers' cycles");
  for (const auto& [block, states] : report["activity_cycles"].items())
    check_equal(sum_of(states), double(cycles), 0, ("cycles of " + block).c_str());
}

}  // namespace

ModelReport merge_layers(const Experiment& experiment, const std::vector<std::string>& folders) {
  const ModelWorkload& model = *experiment.model;
  std::vector<json> layers;
  EnergyRows rows;
  for (const std::string& folder : folders) {
    std::ifstream stream = open_file(fs::path(folder) / "report.json");
    layers.push_back(json::parse(stream));
    rows.add(fs::path(folder) / "energy.csv");
  }
  const json& first = layers.at(0);
  json report = {{"format", "spikeloom-model-report"}, {"version", 1}, {"experiment", first["experiment"]}};
  report["synthetic"] =
      std::any_of(layers.begin(), layers.end(), [](const json& layer) { return layer["synthetic"].get<bool>(); });
  report["model"] = model_json(model, first);
  report["chip"] = first["chip"];
  report["technology"] = first["technology"];
  report["exact"] = exact_json(model, layers);
  report["time"] = time_json(layers);
  if (first.contains("steps")) report["steps"] = steps_json(layers);
  report["figures"] = figures_json(layers);
  report["energy"] = energy_json(layers);
  report["area"] = first["area"];
  report["phases"] = phases_json(layers);
  report["drams"] = drams_json(layers, report["time"]["us"]);
  report["layers"] = json::array();
  for (const json& layer : layers) report["layers"].push_back(layer_json(layer));
  for (const char* key : {"activity_cycles", "link_flits"}) {
    report[key] = json::object();
    for (const json& layer : layers) add_numbers(layer[key], &report[key]);
  }
  report["not_charged"] = not_charged_json(experiment, layers);
  report["assumptions"] = first["assumptions"];
  report["prices"] = json::object();
  for (const json& layer : layers) report["prices"].update(layer["prices"]);
  check_sums(report, rows);
  return {report, rows.csv(), rows.background_pj()};
}

}  // namespace spikeloom
