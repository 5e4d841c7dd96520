// `spikeloom check`

#include <iostream>

#include "models/integer_reference.h"
#include "sim/app/bill.h"
#include "sim/app/commands.h"
#include "sim/app/experiment.h"

namespace spikeloom {

namespace {

const char* const kHelp = R"(usage: spikeloom check FILE ... [--set path=value ...]

Validates without simulating. FILE is an experiment (.yaml): its configs, its trace, the mapping, every register width
and memory are checked; or a trace (.safetensors): its structure is checked, and every expected output is recomputed
by the integer reference.

examples
  spikeloom check configs/experiments/demo.yaml
  spikeloom check traces/smollm2-135m/layer15.signed.safetensors
  spikeloom check configs/experiments/demo.yaml --set chip.tile.neuron_array.membrane_bits=20

exit status: 0 everything is right, 2 something is not: one line says what
)";

void check_experiment(const std::string& file, const std::vector<std::string>& overrides) {
  const Experiment experiment = Experiment::load(file, overrides);
  const LayerTrace layer = experiment.open_trace();
  Chip chip("chip", experiment.chip, layer, experiment.window_cycles);
  check_fit(experiment.chip, layer, chip.program());
  check_prices(chip, experiment.technology);
  std::cout << file << ": ok\n";
  for (const OperationTrace& operation : layer.operations) {
    const RegisterNeeds needs = register_needs(layer, operation);
    std::cout << "  " << operation.name << ": needs slopes of " << needs.slope_bits << " bits, membranes of "
              << needs.membrane_bits << ", thresholds of " << needs.threshold_bits << ", residues of "
              << needs.residue_bits << "\n";
  }
  for (size_t i = 0; i < chip.program().choices.size(); ++i)
    std::cout << "  " << layer.inputs[chip.program().phase_inputs[i]].name << ": " << chip.program().choices[i] << "\n";
}

void check_trace(const std::string& file) {
  const LayerTrace layer = LayerTrace::open(file);
  const auto code = make_spike_code(0);
  for (const OperationTrace& operation : layer.operations) {
    const ReferenceResult result = run_reference(layer, operation, *code, FiringPolicy::kRadix);
    for (size_t i = 0; i < result.outputs.size(); ++i)
      if (result.outputs[i] != operation.expected[i])
        throw UserError(file + ": tensor '" + operation.name + ".expected': token " +
                        std::to_string(i / operation.outputs) + ", output " + std::to_string(i % operation.outputs) +
                        " is " + std::to_string(operation.expected[i]) + ", the integer reference gives " +
                        std::to_string(result.outputs[i]));
  }
  std::cout << file << ": ok, every expected output equals the integer reference\n";
}

}  // namespace

int command_check(const std::vector<std::string>& words) {
  CommonOptions options;
  if (!parse_options(words, kHelp, "s", &options)) return 0;
  if (options.files.empty()) throw UserError("check: expected a file (see spikeloom check --help)");
  int experiments = 0;
  for (const std::string& file : options.files) {
    const bool trace = file.size() > 12 && file.compare(file.size() - 12, 12, ".safetensors") == 0;
    if (!trace && ++experiments > 1) throw UserError("check: one experiment at a time (any number of traces)");
    trace ? check_trace(file) : check_experiment(file, options.overrides);
  }
  return 0;
}

}  // namespace spikeloom
