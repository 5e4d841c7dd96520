#include "tests/support/small_export.h"

#include "sim/base/sha256.h"

namespace spikeloom {

using nlohmann::json;

std::string SmallExport::write(const TempFolder& folder, const std::string& name) const {
  std::filesystem::create_directory(folder.file(name));
  json manifest = {{"format", "spikeloom-export"},
                   {"version", 1},
                   {"model", "small"},
                   {"method", "by hand"},
                   {"shape", {{"layers", layers_of_model}}},
                   {"layers_exported", json::array()},
                   {"cases", {{{"name", "prefill2"}, {"first", 0}, {"context", 2}}}},
                   {"layers", json::object()}};
  for (int layer = 0; layer < layers; ++layer) {
    TracePair pair = small_trace();
    const std::string stem = (layer < 10 ? "layer0" : "layer") + std::to_string(layer);
    pair.weights.description["layer"] = layer;
    pair.activations.description["weights"]["file"] = stem + ".weights.safetensors";
    if (edit) edit(layer, pair);
    const std::string weights = pair.weights.bytes();
    pair.activations.description["weights"]["sha256"] = sha256_of(weights);
    const std::string activations = pair.activations.bytes();
    folder.write(name + "/" + stem + ".weights.safetensors", weights);
    folder.write(name + "/" + stem + ".prefill2.safetensors", activations);
    manifest["layers_exported"].push_back(layer);
    manifest["layers"][std::to_string(layer)]["files"] = {
        {stem + ".weights.safetensors", {{"sha256", sha256_of(weights)}}},
        {stem + ".prefill2.safetensors", {{"sha256", sha256_of(activations)}}}};
  }
  if (edit_manifest) edit_manifest(manifest);
  folder.write(name + "/manifest.json", manifest.dump());
  return folder.file(name);
}

std::string small_model_experiment(const TempFolder& folder, const std::string& export_folder,
                                   const std::string& layers) {
  const std::string configs = SPIKELOOM_SOURCE_DIR "/configs/";
  return folder.write("model.yaml",
                      "experiment:\n  name: model\n  chip: " + configs + "chips/smollm2.yaml\n  energy: " + configs +
                          "energy/22nm.yaml\n  window_cycles: 100\nworkload:\n  model: " + export_folder +
                          "\n  case: prefill2\n  layers: " + layers + "\n  operations: all\n  tokens: all\n");
}

}  // namespace spikeloom
