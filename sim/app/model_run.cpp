#include "sim/app/model_run.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>

#include "sim/app/interrupt.h"
#include "sim/app/layer_progress.h"
#include "sim/app/layers_folder.h"
#include "sim/app/model_report.h"
#include "sim/app/needs_text.h"
#include "sim/app/number_text.h"
#include "sim/app/process_pool.h"
#include "sim/app/report.h"
#include "sim/app/results_folder.h"

namespace spikeloom {

namespace {

std::string named(int layer, const std::string& message) { return "layer " + std::to_string(layer) + ": " + message; }

int jobs_of(const CommonOptions& options) {
  if (options.jobs && (*options.jobs < 1 || *options.jobs > 1024))
    throw UserError("--jobs " + std::to_string(*options.jobs) + ": out of range (allowed: 1 to 1024)");
  return options.jobs ? *options.jobs : processors();
}

// Where a trace cannot be opened because its files are not those of the manifest, that is what the error says.
LayerTrace open_listed(const ModelWorkload& model, int layer, const Experiment& experiment) {
  try {
    return experiment.open_trace();
  } catch (const UserError&) {
    model.manifest.check_files(layer, model.chosen.name);
    throw;
  }
}

// In a child: what `spikeloom check` does with one layer. Returns the registers that it needs.
std::string check_layer(const Experiment& whole, int layer) {
  const ModelWorkload& model = *whole.model;
  const Experiment experiment = whole.of_layer(layer);
  const LayerTrace trace = open_listed(model, layer, experiment);
  model.manifest.check_trace(layer, model.chosen.name, trace);
  if (experiment.all_tokens && trace.tokens != model.chosen.tokens())
    throw UserError(trace.file + ": holds " + std::to_string(trace.tokens) + " tokens, manifest.json says " +
                    std::to_string(model.chosen.tokens()));
  Chip chip("chip", experiment.chip, trace, experiment.window_cycles);
  check_fit(chip.spec(), trace, chip.program());
  check_prices(chip, experiment.technology);
  RegisterWidths widths(experiment.chip);
  for (const OperationTrace& operation : trace.operations) widths.add(trace, operation);
  return widths.text().empty() ? "" : format("  layer %-4d %s\n", layer, widths.text().c_str());
}

// In a child: simulates a layer and leaves its results, sealed.
std::string simulate_layer(const Experiment& whole, const LayersFolder& folder, const LayerIdentity& identity,
                           const std::function<void(double)>& progress) {
  const Experiment experiment = whole.of_layer(identity.layer);
  const LayerTrace trace = experiment.open_trace();
  if (trace.sha256 != identity.activations_sha256 || trace.weights_sha256 != identity.weights_sha256)
    throw UserError(trace.file + ": has changed since the run began");
  Chip chip("chip", experiment.chip, trace, experiment.window_cycles);
  chip.clock().set_observer(
      [&] { progress(double(chip.result().received) / double(std::max<uint64_t>(chip.result().expected, 1))); });
  chip.run();
  const Report report = make_report(experiment, trace, chip);
  write_results(folder.begin(identity.layer), experiment, trace, report);
  folder.finish(identity);
  return std::to_string(report.additions);
}

// Early exit of a model: after the first steps, of those that it takes at least, at which the rates of all its layers
// have settled.
Experiment with_common_exit(Experiment experiment) {
  const StepBlocks& blocks = experiment.chip.step_blocks;
  if (blocks.settled_below == 0) return experiment;
  const ModelWorkload& model = *experiment.model;
  const int asked_least = experiment.least_steps;
  std::map<int, size_t> settled;  // by steps: layers
  for (const int layer : model.layers) {
    const RateTrace trace = RateTrace::open(model.manifest.activations_file(layer, model.chosen.name));
    for (const int steps : settled_after(trace, experiment.steps, blocks)) ++settled[steps];
    experiment.least_steps = std::max(experiment.least_steps, experiment.steps > 0 ? experiment.steps : trace.steps);
  }
  for (const auto& [steps, layers] : settled)
    if (layers == model.layers.size() && steps >= asked_least) {
      experiment.least_steps = steps;
      break;
    }
  return experiment;
}

std::vector<LayerIdentity> identities(const Experiment& experiment) {
  const ModelWorkload& model = *experiment.model;
  const std::string program = program_sha256();
  std::vector<LayerIdentity> all;
  for (const int layer : model.layers)
    all.push_back({layer, experiment.of_layer(layer).resolved,
                   model.manifest.activations_sha256(layer, model.chosen.name), model.manifest.weights_sha256(layer),
                   program});
  return all;
}

struct Simulated {
  uint64_t additions = 0;
  int layers = 0;
  int status = 0;  // the worst of all pieces
  double seconds = 0;
  double peak_mb = 0;  // resident memory of the largest child
};

// Simulates what is missing. Failures are told as they happen; the other layers are kept.
Simulated simulate_missing(const Experiment& experiment, const LayersFolder& folder,
                           const std::vector<LayerIdentity>& missing, int jobs, LayerProgress* progress) {
  Simulated done;
  const auto start = std::chrono::steady_clock::now();
  Pieces pieces;
  pieces.count = int(missing.size());
  pieces.work = [&](int piece, const auto& share) { return simulate_layer(experiment, folder, missing[piece], share); };
  pieces.progressed = [&](int piece, double share) { progress->update(missing[piece].layer, share); };
  pieces.ended = [&](const PieceResult& result) {
    const int layer = missing[result.piece].layer;
    done.status = std::max(done.status, result.status);
    if (result.status != 0) return progress->say("spikeloom: " + named(layer, result.text));
    done.additions += std::stoull(result.text);
    ++done.layers;
    progress->finish(layer);
  };
  try {
    run_in_processes(pieces, jobs);
  } catch (const Interrupted& interrupted) {
    done.status = 128 + interrupted.signal;
  }
  done.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  rusage usage = {};
  getrusage(RUSAGE_CHILDREN, &usage);
  done.peak_mb = double(usage.ru_maxrss) / 1024;
  return done;
}

void print_end(const std::string& folder, bool drawn, const Simulated& done, int jobs, size_t layers) {
  std::cout << "\nResults      " << folder << "/{report.json, energy.csv, resolved.yaml, " << (drawn ? "*.png, " : "")
            << "layers/layerNN/}\n";
  const int kept = int(layers) - done.layers;
  if (done.layers > 0)
    std::cout << format(
        "Simulated %d %s in %.2f s, %d side by side, %.0f MB each at most: %.2f billion additions per "
        "second of host time\n",
        done.layers, done.layers == 1 ? "layer" : "layers", done.seconds, std::min(jobs, done.layers), done.peak_mb,
        double(done.additions) / done.seconds / 1e9);
  if (kept > 0) std::cout << kept << (kept == 1 ? " layer was" : " layers were") << " there already\n";
}

// Writes and shows what all layers together make.
int report_layers(const Experiment& experiment, const std::string& folder, const LayersFolder& layers,
                  const CommonOptions& options, const Simulated& done, int jobs) {
  std::vector<std::string> folders;
  for (const int layer : experiment.model->layers) folders.push_back(layers.path(layer));
  const ModelReport report = merge_layers(experiment, folders);
  remove_results(folder);
  write_file(folder, "energy.csv", report.energy_csv);
  write_file(folder, "resolved.yaml", experiment.resolved);
  write_file(folder, "report.json", report.json.dump(1) + "\n");
  if (!options.quiet) std::cout << model_report_text(report) << std::flush;
  const bool drawn = !options.no_figures && draw_figures(folder);
  if (!options.quiet) print_end(folder, drawn, done, jobs, folders.size());
  if (report.outputs_equal() == report.outputs()) return 0;
  std::cerr << "outputs differ from the trace: " << report.json["exact"]["first_difference"].get<std::string>() << "\n";
  return 1;
}

}  // namespace

std::string check_layers(const Experiment& experiment, int jobs) {
  const std::vector<int>& layers = experiment.model->layers;
  std::vector<std::string> lines(layers.size());
  PieceResult failed{int(layers.size()), 0, ""};  // the first, whatever order they end in
  Pieces pieces;
  pieces.count = int(layers.size());
  pieces.work = [&](int piece, const auto&) { return check_layer(experiment, layers[piece]); };
  pieces.progressed = [](int, double) {};
  pieces.ended = [&](const PieceResult& result) {
    if (result.status != 0 && result.piece < failed.piece) failed = result;
    lines[result.piece] = result.text;
  };
  run_in_processes(pieces, jobs);
  if (failed.status == 3) throw std::logic_error(named(layers[failed.piece], failed.text));
  if (failed.status != 0) throw UserError(named(layers[failed.piece], failed.text));
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

int run_layers(const Experiment& given, const CommonOptions& options) {
  if (options.timeline || options.traffic || !options.vcd.empty() || !options.record_cycles.empty() ||
      options.record_limit)
    throw UserError(
        "recordings are of one layer: run the experiment of layers/layerNN/resolved.yaml with --timeline, "
        "--vcd or --traffic");
  const int jobs = jobs_of(options);
  check_layers(given, jobs);
  const Experiment experiment = with_common_exit(given);
  const std::string folder = options.output.empty() ? "results/" + experiment.name : options.output;
  const LayersFolder layers(folder, options.fresh);
  const std::vector<LayerIdentity> wanted = identities(experiment);
  const std::vector<bool> there = layers.finished(wanted);
  std::vector<LayerIdentity> missing;
  for (size_t i = 0; i < wanted.size(); ++i)
    if (!there[i]) missing.push_back(wanted[i]);
  if (!missing.empty()) remove_results(folder);
  warn(experiment.chip.network);
  Simulated done;
  {
    LayerProgress progress(int(wanted.size()), int(missing.size()), options.quiet);
    done = simulate_missing(experiment, layers, missing, jobs, &progress);
  }
  if (done.layers == int(missing.size()) && done.status == 0)
    return report_layers(experiment, folder, layers, options, done, jobs);
  const std::vector<bool> now = layers.finished(wanted);  // one may have ended unheard
  std::cerr << "spikeloom: " << (done.status > 128 ? "stopped: " : "") << std::count(now.begin(), now.end(), true)
            << " of " << wanted.size() << " layers are done in " << folder << "; the same command goes on from there\n";
  return done.status;
}

}  // namespace spikeloom
