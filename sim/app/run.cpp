// `spikeloom run`

#include <chrono>
#include <iostream>

#include "sim/app/commands.h"
#include "sim/app/interrupt.h"
#include "sim/app/layers_folder.h"
#include "sim/app/model_run.h"
#include "sim/app/progress.h"
#include "sim/app/recording.h"
#include "sim/app/report.h"
#include "sim/app/results_folder.h"

namespace spikeloom {

namespace {

const char* const kHelp = R"(usage: spikeloom run EXPERIMENT.yaml [--set path=value ...] [-o FOLDER]

Simulates an experiment cycle by cycle, compares every output integer with the trace, prints the energy report and
writes report.json, energy.csv, counts.csv, windows.csv, resolved.yaml and figures to FOLDER (default: results/<experiment name>).

  --set path=value   change one value, by its path in the resolved configuration; may be repeated; items of
                     lists are numbered from 0: chip.memory_nodes.1.port=east; a list is [q,k]
  -o, --output       the results folder
  --no-figures       do not draw figures
  --jobs N           of a workload of several layers: how many run side by side (default: the processors there are);
                     the results do not depend on it
  --fresh            of a workload of several layers: begin anew; without it, finished layers of the same experiment in
                     FOLDER/layers are kept and the others run
  --timeline         write timeline.perfetto-trace, for https://ui.perfetto.dev: what tiles, encoders and DRAM do,
                     operations, flits per router and watts per energy group in windows of experiment.window_cycles
  --vcd BLOCK[,...]  write waves.vcd, for GTKWave: ports and states of blocks, each named as in report.json
                     (tile_0_0.synapse_array, router_1_1, memory_0.dram) or all those of one (tile_0_0, memory_0)
  --traffic          write traffic.safetensors, for `spikeloom noc` with traffic.pattern: recorded: every packet that
                     the network interfaces inject
  --record-cycles FROM:TO   of all three: record cycles FROM to TO - 1 alone; either may be left out
  --record-limit MIB        of all three: the most that a file may take (64); the recording ends there, not the run
  -q, --quiet        print nothing but errors

examples
  spikeloom run configs/experiments/demo.yaml
  spikeloom run configs/experiments/demo.yaml --set chip.payload=bitmap -o results/bitmap
  spikeloom run configs/experiments/demo.yaml --set workload.tokens=1 --set experiment.window_cycles=1 -o results/fine
  spikeloom run configs/experiments/demo.yaml --timeline --vcd tile_0_0,router_0_1 --record-cycles 0:20000
  spikeloom run configs/experiments/demo.yaml --traffic -o results/recording
  spikeloom run results/demo/resolved.yaml -o results/again
  spikeloom run configs/experiments/smollm2_model.yaml --set workload.layers=0-3

exit status: 0 all outputs equal the trace, 1 they differ, 2 an error in what was asked for, 3 the chip got stuck,
130 Ctrl-C
)";

// A signal ends the simulation, and all that it has recorded goes. The waves of a chip that is stuck are kept, without
// the results of an earlier run beside them.
void simulate(Chip& chip, const std::string& folder, Recording* recording) {
  Progress progress("simulating");
  chip.clock().set_observer([&] {
    progress.update(double(chip.result().received) / double(std::max<uint64_t>(chip.result().expected, 1)));
    if (SignalGuard::caught() != 0) chip.clock().stop();
  });
  try {
    chip.run();
  } catch (...) {
    SignalGuard::check();
    remove_results(folder);
    recording->finish();
    recording->keep_waves();
    throw;
  }
  SignalGuard::check();
  recording->finish();
}

}  // namespace

int command_run(const std::vector<std::string>& words) {
  CommonOptions options;
  if (!parse_options(words, kHelp, "osqnrm", &options)) return 0;
  if (options.files.size() != 1) throw UserError("run: expected one experiment file (see spikeloom run --help)");
  const Experiment experiment = Experiment::load(options.files[0], options.overrides);
  if (experiment.model) return run_layers(experiment, options);
  if (options.jobs || options.fresh)
    throw UserError(std::string(options.jobs ? "--jobs" : "--fresh") + " is for workloads of several layers");
  const RecordingSpec to_record = RecordingSpec::read(options);
  const LayerTrace layer = experiment.open_trace();
  Chip chip("chip", experiment.chip, layer, experiment.window_cycles);
  check_fit(chip.spec(), layer, chip.program());
  check_prices(chip, experiment.technology);
  Recording recording(chip, to_record);
  const std::string folder = options.output.empty() ? "results/" + experiment.name : options.output;
  if (LayersFolder::is_used(folder))
    throw UserError(folder + ": holds the results of a run of several layers; choose another folder with -o");
  refuse_results_of_others("run", folder);
  prepare_folder(folder);
  const FolderLock lock(folder);
  if (!options.quiet) say_what_is_replaced(folder, experiment.resolved);
  warn(experiment.chip.network);
  remove_unfinished(folder);
  const SignalGuard guard;
  recording.start(folder);
  const auto start = std::chrono::steady_clock::now();
  simulate(chip, folder, &recording);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  Report report = make_report(experiment, layer, chip);
  remove_results(folder);
  report.recordings = recording.write(report);
  write_results(folder, experiment, layer, report);
  if (!options.quiet) std::cout << report_text(report) << std::flush;
  SignalGuard::check();
  const bool drawn = !options.no_figures && draw_figures(folder);
  SignalGuard::check();
  if (!options.quiet) {
    std::cout << "\nResults      " << folder << "/{report.json, counts.csv, energy.csv, windows.csv, resolved.yaml"
              << (drawn ? ", *.png}" : "}") << "\n";
    char line[160];
    std::snprintf(line, sizeof line, "Simulated in %.2f s: %.2f billion %s per second of host time\n", seconds,
                  report.additions / seconds / 1e9, report.multiplies ? "products" : "additions");
    std::cout << line;
  }
  if (report.outputs_equal == report.outputs) return 0;
  std::cerr << "outputs differ from the trace: " << report.first_difference << "\n";
  return 1;
}

}  // namespace spikeloom
