#include "sim/app/wanted_file.h"

#include <algorithm>
#include <filesystem>

#include "sim/base/regular_file.h"
#include "sim/base/safetensors.h"
#include "sim/base/trace_origin.h"

namespace spikeloom {

namespace fs = std::filesystem;

namespace {

// Kinds of YAML files by a section that no other kind has without an earlier one.
struct Kind {
  const char* section;
  const char* name;
  const char* use;
};
constexpr Kind kKinds[] = {
    {"experiment", "an experiment", "use `spikeloom run`"},
    {"noc", "a network", "use `spikeloom noc`"},
    {"study", "a study", "use `spikeloom explore`"},
    {"compare", "a comparison", "use `spikeloom compare`"},
    {"steps", "a study of time steps", "use `spikeloom steps`"},
    {"chip", "a chip", "an experiment names it at experiment.chip"},
    {"technology", "a technology", "an experiment names it at experiment.energy"},
    {"workload", "a workload", "an experiment names it at experiment.workload"},
    {"device", "a DRAM device", "a chip names it at chip.memory_node.dram.device"},
};

// "a chip or an experiment"
std::string in_words(const std::vector<std::string>& sections) {
  std::string words;
  for (const std::string& section : sections)
    for (const Kind& kind : kKinds)
      if (section == kind.section) words += (words.empty() ? "" : " or ") + std::string(kind.name);
  return words;
}

// What helps beside a folder's name, where it is one of ours.
std::string hint_of_folder(const std::string& folder) {
  const fs::path resolved = fs::path(folder) / "resolved.yaml";
  if (fs::exists(resolved)) return " (of results: " + resolved.string() + " repeats them)";
  if (fs::exists(fs::path(folder) / "manifest.json"))
    return " (of an export: an experiment names it at workload.model)";
  return "";
}

std::string kind_of_safetensors(const std::string& file) {
  const std::string format = trace_format(file);
  if (format == "spikeloom-traffic") return "recorded traffic (a network names it at traffic.file)";
  if (format.rfind("spikeloom-", 0) == 0) return "a trace (an experiment names it at workload.trace)";
  return "a safetensors file";
}

bool is_named_yaml(const std::string& file) {
  const std::string extension = fs::path(file).extension().string();
  return extension == ".yaml" || extension == ".yml";
}

}  // namespace

bool is_safetensors(const std::string& file) {
  return fs::path(file).extension() == ".safetensors" || SafetensorsFile::begins_like_one(file);
}

void refuse_overrides(const std::vector<std::string>& overrides, const std::string& file) {
  if (!overrides.empty()) throw UserError("--set " + overrides[0] + ": " + file + " is no config (leave --set out)");
}

ConfigNode load_wanted(const std::string& file, const std::vector<std::string>& sections) {
  const std::string wanted = in_words(sections), is_none = ", not " + wanted;
  std::error_code none;  // of a loop of links
  if (fs::is_directory(file, none)) throw UserError(file + ": is a folder" + is_none + hint_of_folder(file));
  if (why_no_file(file).empty() && is_safetensors(file))
    throw UserError(file + ": is " + kind_of_safetensors(file) + is_none);
  const auto load = [&] {
    try {
      return ConfigNode::load(file);
    } catch (const UserError& error) {
      if (is_named_yaml(file) || !why_no_file(file).empty()) throw;
      throw UserError(error.what() + std::string(" (a YAML file of ") + wanted + " is wanted here)");
    }
  };
  ConfigNode root = load();
  const auto is_there = [&root](const std::string& section) { return root.has(section); };
  if (std::any_of(sections.begin(), sections.end(), is_there)) return root;
  for (const Kind& kind : kKinds)
    if (root.has(kind.section))
      root.fail_at(kind.section, std::string("this file is ") + kind.name + is_none + " (" + kind.use + ")");
  return root;  // without the section, which whoever reads it says
}

void require_file(const ConfigNode& section, const std::string& key, const std::string& file,
                  const std::string& remedy) {
  const std::string why = why_no_file(file);
  if (why.empty()) return;
  section.fail_at(key, (why == "no such file" ? why + " '" + file + "'" : "'" + file + "' " + why) + remedy);
}

}  // namespace spikeloom
