#include "sim/app/export_manifest.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/regular_file.h"
#include "sim/base/sha256.h"

namespace spikeloom {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string file_name(int layer, const std::string& kind) {
  const std::string number = std::to_string(layer);
  return "layer" + std::string(number.size() < 2 ? 1 : 0, '0') + number + "." + kind + ".safetensors";
}

std::string path_of(const std::string& folder) { return (fs::path(folder) / "manifest.json").string(); }

ExportManifest read(const json& top, const std::string& folder) {
  ExportManifest manifest;
  manifest.folder = folder;
  manifest.model = top.at("model").get<std::string>();
  manifest.method = top.at("method").get<std::string>();
  manifest.model_layers = top.at("shape").at("layers").get<int>();
  manifest.exported = top.at("layers_exported").get<std::vector<int>>();
  std::sort(manifest.exported.begin(), manifest.exported.end());
  for (const json& entry : top.at("cases"))
    manifest.cases.push_back(
        {entry.at("name").get<std::string>(), entry.at("first").get<int>(), entry.at("context").get<int>()});
  for (const auto& [number, layer] : top.at("layers").items())
    for (const auto& [name, file] : layer.at("files").items())
      manifest.files[std::stoi(number)][name] = file.at("sha256").get<std::string>();
  return manifest;
}

}  // namespace

ExportManifest ExportManifest::open(const std::string& folder) {
  const std::string file = path_of(folder);
  if (const std::string why = why_no_file(file); !why.empty()) throw UserError(file + ": " + why);
  std::ifstream stream(file, std::ios::binary);
  const json top = json::parse(stream, nullptr, false);
  try {
    if (top.at("format") == "spikeloom-export" && top.at("version") == 1) return read(top, folder);
  } catch (const json::exception&) {
  } catch (const std::logic_error&) {  // of std::stoi
  }
  throw UserError(file + ": not a manifest that this version can read (expected spikeloom-export, version 1)");
}

const std::string& ExportManifest::sha256_of_listed(int layer, const std::string& name) const {
  const auto of_layer = files.find(layer);
  if (of_layer != files.end()) {
    const auto found = of_layer->second.find(name);
    if (found != of_layer->second.end()) return found->second;
  }
  throw UserError(path_of(folder) + ": lists no file '" + name +
                  "': the export is half-written; the same `spikeloom export` finishes it");
}

std::string ExportManifest::activations_sha256(int layer, const std::string& case_name) const {
  return sha256_of_listed(layer, file_name(layer, case_name));
}

std::string ExportManifest::weights_sha256(int layer) const {
  return sha256_of_listed(layer, file_name(layer, "weights"));
}

std::string ExportManifest::activations_file(int layer, const std::string& case_name) const {
  activations_sha256(layer, case_name);
  return (fs::path(folder) / file_name(layer, case_name)).string();
}

void ExportManifest::check_files(int layer, const std::string& case_name) const {
  for (const std::string& kind : {std::string("weights"), case_name}) {
    const std::string name = file_name(layer, kind), file = (fs::path(folder) / name).string();
    if (const std::string why = why_no_file(file); !why.empty())
      throw UserError(file + ": " + why + ", but manifest.json lists it");
    check_sha256(layer, name, sha256_of_file(file));
  }
}

void ExportManifest::check_sha256(int layer, const std::string& name, const std::string& found) const {
  const std::string& listed = sha256_of_listed(layer, name);
  if (found != listed)
    throw UserError((fs::path(folder) / name).string() + ": SHA-256 is " + found.substr(0, 16) +
                    "..., manifest.json says " + listed.substr(0, 16) +
                    "...: the same `spikeloom export` writes the layer again");
}

void ExportManifest::check_trace(int layer, const std::string& case_name, const LayerTrace& trace) const {
  check_sha256(layer, file_name(layer, case_name), trace.sha256);
  check_sha256(layer, file_name(layer, "weights"), trace.weights_sha256);
  const auto fail = [&trace](const std::string& is, const std::string& listed) {
    throw UserError(trace.file + ": is of " + is + ", manifest.json says " + listed);
  };
  if (trace.model != model) fail("model '" + trace.model + "'", "'" + model + "'");
  if (trace.layer != layer) fail("layer " + std::to_string(trace.layer), "layer " + std::to_string(layer));
  const std::string weights = fs::path(trace.weights_file).filename().string();
  if (weights != file_name(layer, "weights")) fail("weights file '" + weights + "'", file_name(layer, "weights"));
}

}  // namespace spikeloom
