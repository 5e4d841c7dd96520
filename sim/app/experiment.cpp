#include "sim/app/experiment.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "hw/dram/dram_prices.h"
#include "models/attention_operations.h"
#include "models/mac_layer.h"
#include "models/rate_layer.h"
#include "sim/app/commands.h"
#include "sim/app/wanted_file.h"
#include "sim/base/recorded_traffic.h"
#include "sim/base/regular_file.h"

namespace spikeloom {

namespace {

// A part of the experiment: a section of this file, or the same section of the file that `experiment.<key>` names.
void bring_in(ConfigNode& root, const std::string& key, const std::string& section) {
  ConfigNode& experiment = root.section("experiment");
  if (root.has(section)) {
    if (experiment.has(key)) experiment.fail_at(key, "names a file, but this file has a section '" + section + "' too");
    return;
  }
  if (!experiment.has(key))
    experiment.fail_at(key, "missing key: names the file with the section '" + section +
                                "', unless this file has that section" + root.misspelt(section) +
                                experiment.misspelt(key));
  const std::string named = experiment.path(key);
  require_file(experiment, key, named);
  ConfigNode file = load_wanted(named, {section});
  root.put(section, file.section(section));
  for (const std::string& other : file.keys())
    if (other != section) file.fail_at(other, "unknown key (known here: " + section + ")");
}

const char* const kDevice = "chip.memory_node.dram.device";

// Overrides come in the order in which files are read: what names a file before what stands in it.
enum class Stage { kExperiment, kDevice, kRest };
Stage stage_of(const Override& change) {
  if (change.path.compare(0, 11, "experiment.") == 0) return Stage::kExperiment;
  return change.path == kDevice ? Stage::kDevice : Stage::kRest;
}

// Those of the file first, so that the command line has the last word.
std::vector<Override> collect_overrides(ConfigNode& root, const std::vector<std::string>& from_command_line) {
  std::vector<Override> all;
  ConfigNode& experiment = root.section("experiment");
  if (experiment.has("overrides")) {
    ConfigNode& overrides = experiment.section("overrides");
    for (const std::string& path : overrides.keys())
      all.push_back({path, overrides.text(path), overrides.place_of(path),
                     std::filesystem::path(overrides.file()).parent_path().string()});
  }
  for (const std::string& assignment : from_command_line) {
    const auto [path, value] = split_assignment(assignment, "chip.tile.lanes=64");
    all.push_back({path, value, "--set " + assignment, "."});
  }
  return all;
}

void apply_overrides(ConfigNode& root, const std::vector<Override>& overrides, Stage stage) {
  for (const Override& change : overrides)
    if (stage_of(change) == stage) root.override_value(change.path, change.value, change.place, change.folder);
}

// The same experiment in one file, with absolute paths.
std::string resolve(const Experiment& experiment) {
  ConfigNode flat = experiment.config;
  std::string text = "# Resolved configuration: `spikeloom run` on this file repeats the run.\nexperiment:\n";
  text += "  name: " + experiment.name + "\n  window_cycles: " + std::to_string(experiment.window_cycles) + "\n";
  ConfigNode& workload = flat.section("workload");
  if (experiment.model) {
    workload.put_scalar("model",
                        std::filesystem::absolute(experiment.model->manifest.folder).lexically_normal().string());
    workload.put_scalar("layers", layers_text(experiment.model->layers));
  } else {
    workload.put_scalar("trace", std::filesystem::absolute(experiment.trace_file).lexically_normal().string());
  }
  ConfigNode& sram = flat.section("technology").section("sram");
  sram.put_scalar("table", std::filesystem::absolute(sram.path("table")).lexically_normal().string());
  for (const char* section : {"workload", "chip", "technology"})
    text += std::string(section) + ":\n" + flat.section(section).dump(2);
  return text;
}

// The device of a `dram` section that names its file. What is missing is left to ChipSpec::read to say.
void bring_in_device(ConfigNode& dram) {
  if (!dram.has("device") || dram.has_section("device")) return;
  const std::string named = dram.path("device");
  require_file(dram, "device", named);
  ConfigNode file = load_wanted(named, {"device"});
  for (const std::string& other : file.keys())
    if (other != "device") file.fail_at(other, "unknown key (known here: device)");
  dram.put("device", file.section("device"));
}

// A list, or as --set gives it: q,k,v.
std::vector<std::string> read_operations(ConfigNode& workload) {
  std::vector<std::string> names;
  if (workload.is_list("operations")) {
    for (ConfigNode& item : workload.items("operations")) names.push_back(item.as_text());
  } else {
    std::stringstream text(workload.text("operations"));
    for (std::string name; std::getline(text, name, ',');) names.push_back(name);
  }
  if (names.empty()) workload.fail_at("operations", "names no operation (or write `all`)");
  for (size_t i = 0; i < names.size(); ++i)
    if (std::find(names.begin(), names.begin() + i, names[i]) != names.begin() + i)
      workload.fail_at("operations", "'" + names[i] + "' is there twice (name each once)");
  return names;
}

}  // namespace

void complete_chip(ConfigNode& root, const std::vector<Override>& overrides) {
  apply_overrides(root, overrides, Stage::kDevice);
  ConfigNode& chip = root.section("chip");
  if (chip.has_section("memory_node") && chip.section("memory_node").has_section("dram"))
    bring_in_device(chip.section("memory_node").section("dram"));
  apply_overrides(root, overrides, Stage::kRest);
}

// A block of steps is there with all its operations; rates that settle are those of all tokens.
void check_step_blocks(ConfigNode& workload, const Experiment& experiment) {
  const StepBlocks& blocks = experiment.chip.step_blocks;
  if (blocks.steps > 0 && !experiment.all_operations)
    workload.fail_at("operations", "must be all where chip.step_blocks.steps is above 0");
  if (blocks.settled_below > 0 && !experiment.all_tokens)
    workload.fail_at("tokens", "must be all where chip.step_blocks.settled_below is above 0: all are watched");
  if (blocks.settled_below == 0 && experiment.least_steps > 0)
    workload.fail_at("least_steps", "nothing ends early where chip.step_blocks.settled_below is 0 (remove the key)");
}

Experiment Experiment::load(const std::string& file, const std::vector<std::string>& overrides) {
  ConfigNode root = load_wanted(file, {"experiment"});
  const std::vector<Override> changes = collect_overrides(root, overrides);
  apply_overrides(root, changes, Stage::kExperiment);
  bring_in(root, "chip", "chip");
  bring_in(root, "energy", "technology");
  bring_in(root, "workload", "workload");
  complete_chip(root, changes);
  Experiment experiment;
  ConfigNode& head = root.section("experiment");
  experiment.name = head.name("name");
  check_results_name(head, experiment.name);
  experiment.window_cycles = Cycle(head.integer("window_cycles", 1, 1000000000));
  experiment.chip = ChipSpec::read(root.section("chip"));
  experiment.technology = Technology::read(root.section("technology"));
  experiment.technology.set_dram(dram_prices(experiment.chip.dram.device));
  ConfigNode& workload = root.section("workload");
  if (workload.has("model"))
    experiment.model = ModelWorkload::read(workload);
  else
    experiment.trace_file = workload.path("trace");
  experiment.all_operations = workload.is_all("operations");
  if (!experiment.all_operations) experiment.operations = read_operations(workload);
  experiment.all_tokens = workload.is_all("tokens");
  if (!experiment.all_tokens) experiment.tokens = int(workload.integer("tokens", 1, 1 << 20));
  if (workload.has("steps") && !workload.is_all("steps")) experiment.steps = int(workload.integer("steps", 1, 1 << 12));
  if (workload.has("least_steps")) experiment.least_steps = int(workload.integer("least_steps", 1, 1 << 12));
  check_step_blocks(workload, experiment);
  root.finish();
  experiment.config = std::move(root);
  experiment.resolved = resolve(experiment);
  return experiment;
}

Experiment Experiment::of_layer(int layer) const {
  Experiment one = *this;
  one.trace_file = model->manifest.activations_file(layer, model->chosen.name);
  one.model.reset();
  ConfigNode& workload = one.config.section("workload");
  for (const char* key : {"model", "case", "layers"}) workload.remove(key);
  workload.put_scalar("trace", one.trace_file);
  if (least_steps > 0) workload.put_scalar("least_steps", std::to_string(least_steps));
  one.resolved = resolve(one);
  return one;
}

namespace {

// Recorded spikes go through neurons, and are sent as they are.
LayerTrace open_recorded(const Experiment& experiment, const std::string& file) {
  const ChipSpec& chip = experiment.chip;
  if (chip.multiplies())
    chip.section.fail_below("tile.datapath", "'" + datapath_names()[int(chip.datapath)] + "' cannot run " + file +
                                                 ": a trace of recorded spikes (use accumulate_and_fire)");
  if (chip.spike_code != kRateCode)
    chip.section.fail_below("spike_code", "'" + spike_code_names()[chip.spike_code] + "' cannot send " + file +
                                              ": a trace of recorded spikes (use rate)");
  StepBlocks blocks = chip.step_blocks;
  blocks.least = experiment.least_steps;
  const RateTrace trace = RateTrace::open(file);
  if (experiment.steps > trace.steps)
    experiment.config.fail_below("workload.steps", std::to_string(experiment.steps) + " asked for, " + file + " has " +
                                                       std::to_string(trace.steps) + " (or write `all`)");
  return make_rate_layer(trace, experiment.steps, blocks);
}

// The layer of a trace that fits the datapath.
LayerTrace open_layer(const Experiment& experiment, const std::string& file) {
  const ChipSpec& chip = experiment.chip;
  if (const std::string why = why_no_file(file); !why.empty())
    experiment.config.fail_below(
        "workload.trace", "'" + file + "': " + why + " (`spikeloom export` or `spikeloom synthetic` writes one)");
  refuse_weights(file);
  if (RecordedTraffic::recognizes(file))
    experiment.config.fail_below("workload.trace", file + " is recorded traffic, not a trace (a network names it)");
  const std::string format = trace_format(file);
  if (RateTrace::is_format(format)) return open_recorded(experiment, file);
  if (experiment.steps > 0)
    experiment.config.fail_below("workload.steps", file + " has no recorded steps (remove the key)");
  if (chip.step_blocks.steps > 0)
    chip.section.fail_below("step_blocks.steps", file + " has no recorded steps (must be 0)");
  const auto refuse = [&](const std::string& why) {
    chip.section.fail_below("tile.datapath",
                            "'" + datapath_names()[int(chip.datapath)] + "' cannot run " + file + ": " + why);
  };
  const bool dequantizes = MacTrace::is_format(format);
  if (dequantizes && !chip.dequantizes())
    refuse(
        "a trace of a method that dequantizes (use multiply_dequantize, dequantize_multiply or float_multiply, as "
        "configs/experiments/atom.yaml and fp16.yaml do)");
  if (!chip.multiplies() && chip.spike_code == kRateCode)
    chip.section.fail_below("spike_code", "'rate' cannot send " + file +
                                              ": a trace of codes, not of recorded spikes (use ttfs, count or radix)");
  if (!dequantizes && chip.dequantizes()) refuse("a trace of spikes (use accumulate_and_fire or multiply_accumulate)");
  if (!dequantizes) return LayerTrace::open(file);
  const auto trace = std::make_shared<const MacTrace>(MacTrace::open(file));
  const bool binary16 = trace->arithmetic == MacArithmetic::kBinary16;
  if (binary16 != (chip.datapath == TileDatapath::kFloatMultiply))
    refuse(binary16 ? "its arithmetic is binary16 (use float_multiply)"
                    : "its arithmetic is integer (use multiply_dequantize or dequantize_multiply)");
  return make_mac_layer(
      trace, chip.datapath == TileDatapath::kDequantizeMultiply ? Dequantized::kOperands : Dequantized::kSums);
}

}  // namespace

LayerTrace Experiment::open_trace() const {
  if (model) throw std::logic_error("a model has no trace of its own");
  LayerTrace layer = open_layer(*this, trace_file);
  if (layer.attention) add_attention_operations(&layer, all_tokens ? layer.tokens : std::min(tokens, layer.tokens));
  std::vector<std::string> names = operations;
  if (all_operations) {
    for (const auto& operation : layer.operations) names.push_back(operation.name);
    for (const auto& work : layer.vector_unit) names.push_back(work.name);
  }
  if (!all_tokens && tokens > layer.tokens)
    config.fail_below("workload.tokens", std::to_string(tokens) + " asked for, " + trace_file + " has " +
                                             std::to_string(layer.tokens) + " (or write `all`)");
  try {
    layer.select(names, all_tokens ? layer.tokens : tokens);
  } catch (const UserError& error) {
    config.fail_below("workload.operations", error.what());
  }
  return layer;
}

}  // namespace spikeloom
