#include "sim/app/model_workload.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <stdexcept>

namespace spikeloom {

namespace {

constexpr int kMostLayers = 10000;

int layer_number(const std::string& text) {
  if (text.empty() || text.size() > 4 || text.find_first_not_of("0123456789") != std::string::npos)
    throw std::invalid_argument("'" + text + "' is no layer number");
  return std::stoi(text);
}

void refuse_repeated(const std::vector<int>& layers) {
  const auto twice = std::adjacent_find(layers.begin(), layers.end());
  if (twice != layers.end()) throw std::invalid_argument("layer " + std::to_string(*twice) + " is named twice");
}

// The options of `spikeloom export` that write a case of this name: prefill64, decode1024.
std::string export_options(const std::string& case_name) {
  for (const auto& [kind, option] :
       {std::pair<std::string, std::string>{"prefill", "--tokens"}, {"decode", "--decode"}})
    if (case_name.size() > kind.size() && case_name.compare(0, kind.size(), kind) == 0 &&
        case_name.find_first_not_of("0123456789", kind.size()) == std::string::npos)
      return " " + option + " " + case_name.substr(kind.size());
  return "";
}

ExportManifest open_manifest(ConfigNode& workload, const std::string& case_name) {
  const std::string folder = workload.path("model");
  if (!std::filesystem::exists(std::filesystem::path(folder) / "manifest.json"))
    workload.fail_at("model", "no export in '" + folder + "' (no manifest.json); `spikeloom export" +
                                  export_options(case_name) + " -o " + folder + "` writes one");
  return ExportManifest::open(folder);
}

ExportCase choose(const ConfigNode& workload, const ExportManifest& manifest, const std::string& name) {
  std::string known;
  for (const ExportCase& each : manifest.cases) {
    if (each.name == name) return each;
    known += (known.empty() ? "" : ", ") + each.name;
  }
  workload.fail_at("case", "the export has no case '" + name + "' (it has: " + known + ")");
}

std::vector<int> read_layers(ConfigNode& workload, const ExportManifest& manifest) {
  if (workload.is_all("layers")) return manifest.exported;
  std::vector<int> layers;
  try {
    if (workload.is_list("layers")) {
      for (const int64_t layer : workload.integers("layers", 0, kMostLayers)) layers.push_back(int(layer));
      std::sort(layers.begin(), layers.end());
      refuse_repeated(layers);
    } else {
      layers = parse_layers(workload.text("layers"));
    }
  } catch (const std::invalid_argument& error) {
    workload.fail_at("layers", std::string(error.what()) + " (allowed: all, a list of numbers, or as 0-3,15)");
  }
  for (const int layer : layers)
    if (!std::binary_search(manifest.exported.begin(), manifest.exported.end(), layer))
      workload.fail_at("layers", "the export has no layer " + std::to_string(layer) +
                                     " (it has: " + layers_text(manifest.exported) + ")");
  return layers;
}

}  // namespace

std::vector<int> parse_layers(const std::string& text) {
  std::vector<int> layers;
  std::stringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    const size_t dash = part.find('-');
    const int first = layer_number(part.substr(0, dash));
    const int last = dash == std::string::npos ? first : layer_number(part.substr(dash + 1));
    if (first > last) throw std::invalid_argument("'" + part + "' runs backwards");
    for (int layer = first; layer <= last; ++layer) layers.push_back(layer);
  }
  if (text.empty() || text.back() == ',') throw std::invalid_argument("'" + text + "' ends without a layer");
  std::sort(layers.begin(), layers.end());
  refuse_repeated(layers);
  return layers;
}

std::string layers_text(const std::vector<int>& layers) {
  std::string text;
  for (size_t i = 0; i < layers.size();) {
    size_t end = i + 1;
    while (end < layers.size() && layers[end] == layers[end - 1] + 1) ++end;
    text += (text.empty() ? "" : ",") + std::to_string(layers[i]);
    if (end - i > 1) text += "-" + std::to_string(layers[end - 1]);
    i = end;
  }
  return text;
}

std::string layers_in_words(const std::vector<int>& layers, int layers_of_model) {
  const std::string all = std::to_string(layers_of_model);
  if (int(layers.size()) == layers_of_model) return layers_of_model == 1 ? "its one layer" : "all " + all + " layers";
  return (layers.size() == 1 ? "layer " : "layers ") + layers_text(layers) + " (" + std::to_string(layers.size()) +
         " of " + all + ")";
}

ModelWorkload ModelWorkload::read(ConfigNode& workload) {
  if (workload.has("trace")) workload.fail_at("trace", "a workload has either a trace or a model");
  const std::string case_name = workload.text("case");
  ModelWorkload model;
  model.manifest = open_manifest(workload, case_name);
  model.chosen = choose(workload, model.manifest, case_name);
  model.layers = read_layers(workload, model.manifest);
  for (const int layer : model.layers) {
    model.manifest.activations_file(layer, case_name);
    model.manifest.weights_sha256(layer);
  }
  return model;
}

}  // namespace spikeloom
