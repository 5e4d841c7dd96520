#include "sim/app/layers_folder.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/app/results_folder.h"
#include "sim/base/config.h"
#include "sim/base/sha256.h"

namespace spikeloom {

namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

const char* const kSeal = "layer.json";
const char* const kRemedy = "; choose another folder with -o, or begin anew with --fresh";

std::string name_of(int layer) {
  const std::string number = std::to_string(layer);
  return "layer" + std::string(number.size() < 2 ? 1 : 0, '0') + number;
}

// Of a folder of this kind: its layer; -1 for any other name.
int layer_of(const std::string& name) {
  if (name.size() < 7 || name.size() > 9 || name.compare(0, 5, "layer") != 0) return -1;
  const std::string number = name.substr(5);
  if (number.find_first_not_of("0123456789") != std::string::npos) return -1;
  return name_of(std::stoi(number)) == name ? std::stoi(number) : -1;
}

ordered_json read_json(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return stream ? ordered_json::parse(stream, nullptr, false) : ordered_json();
}

// The seal of a layer whose files are as it says; null where one is missing or has been changed.
ordered_json read_seal(const fs::path& folder) {
  const ordered_json seal = read_json(folder / kSeal);
  try {
    if (seal.at("format") != "spikeloom-layer" || seal.at("version") != 1) return nullptr;
    for (const auto& [name, sha256] : seal.at("files").items())
      if (sha256_of_file((folder / name).string()) != sha256) return nullptr;
    for (const char* key : {"hash", "activations_sha256", "weights_sha256"}) seal.at(key).get<std::string>();
  } catch (const ordered_json::exception&) {
    return nullptr;
  } catch (const UserError&) {
    return nullptr;
  }
  return seal;
}

}  // namespace

std::string LayerIdentity::hash() const {
  return sha256_of(std::to_string(layer) + "\n" + activations_sha256 + "\n" + weights_sha256 + "\n" + program_sha256 +
                   "\n" + resolved);
}

std::string program_sha256() { return sha256_of_file("/proc/self/exe"); }

LayersFolder::LayersFolder(const std::string& folder, bool fresh) : folder_(folder) {
  if (!fresh) refuse_results_of_one_layer();
  refuse_results_of_others("run", folder);
  const std::string layers = (fs::path(folder) / "layers").string();
  prepare_folder(folder);
  prepare_folder(layers);
  lock_ = std::make_unique<FolderLock>(folder);
  if (!fresh) return;
  remove_results(folder);
  for (const auto& entry : fs::directory_iterator(layers))
    if (layer_of(entry.path().stem().string()) >= 0) fs::remove_all(entry.path());
}

bool LayersFolder::is_used(const std::string& folder) { return fs::is_directory(fs::path(folder) / "layers"); }

std::string LayersFolder::path(int layer) const { return (fs::path(folder_) / "layers" / name_of(layer)).string(); }

void LayersFolder::refuse_results_of_one_layer() const {
  const ordered_json report = read_json(fs::path(folder_) / "report.json");
  if (report.is_object() && report.value("format", "") == "spikeloom-report")
    throw UserError(folder_ + ": holds the results of a run of one layer" + kRemedy);
}

void LayersFolder::refuse_other(const LayerIdentity& wanted, const std::string& there) const {
  const std::string where = folder_ + ": layer " + std::to_string(wanted.layer) + " there is of another experiment: ";
  const std::string difference = first_difference(there + "/resolved.yaml", wanted.resolved);
  if (!difference.empty()) throw UserError(where + difference + kRemedy);
  const ordered_json seal = read_seal(there);
  for (const auto& [key, sha256, what] : {std::tuple<std::string, std::string, std::string>{
                                              "activations_sha256", wanted.activations_sha256, "its activations file"},
                                          {"weights_sha256", wanted.weights_sha256, "its weights file"}})
    if (seal.at(key) != sha256) throw UserError(where + what + " has been exported anew since" + kRemedy);
  throw UserError(where + "another build of spikeloom simulated it" + kRemedy);
}

std::vector<bool> LayersFolder::finished(const std::vector<LayerIdentity>& wanted) const {
  std::set<int> names;
  for (const LayerIdentity& identity : wanted) names.insert(identity.layer);
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(fs::path(folder_) / "layers")) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  for (const fs::path& each : found) {
    const int layer = layer_of(each.stem().string());
    if (layer >= 0 && each.extension() == ".part")
      fs::remove_all(each);
    else if (layer >= 0 && names.count(layer) == 0)
      throw UserError(folder_ + ": holds layer " + std::to_string(layer) + ", which this experiment leaves out" +
                      kRemedy);
  }
  std::vector<bool> there;
  for (const LayerIdentity& identity : wanted) {
    const ordered_json seal = read_seal(path(identity.layer));
    there.push_back(!seal.is_null());
    if (seal.is_null())
      fs::remove_all(path(identity.layer));
    else if (seal.at("hash") != identity.hash())
      refuse_other(identity, path(identity.layer));
  }
  return there;
}

std::string LayersFolder::begin(int layer) const {
  const std::string part = path(layer) + ".part";
  fs::remove_all(part);
  fs::create_directory(part);
  return part;
}

void LayersFolder::finish(const LayerIdentity& identity) const {
  const std::string part = path(identity.layer) + ".part";
  ordered_json seal = {{"format", "spikeloom-layer"},
                       {"version", 1},
                       {"layer", identity.layer},
                       {"hash", identity.hash()},
                       {"activations_sha256", identity.activations_sha256},
                       {"weights_sha256", identity.weights_sha256},
                       {"program_sha256", identity.program_sha256}};
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(part)) names.insert(entry.path().filename().string());
  for (const std::string& name : names) seal["files"][name] = sha256_of_file((fs::path(part) / name).string());
  write_file(part, kSeal, seal.dump(1) + "\n");
  fs::rename(part, path(identity.layer));
}

}  // namespace spikeloom
