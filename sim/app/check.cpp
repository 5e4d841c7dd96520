// `spikeloom check`

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "models/attention_operations.h"
#include "models/attention_reference.h"
#include "models/integer_reference.h"
#include "models/mac_layer.h"
#include "models/mac_reference.h"
#include "models/rate_reference.h"
#include "sim/app/bill.h"
#include "sim/app/commands.h"
#include "sim/app/experiment.h"
#include "sim/app/model_run.h"
#include "sim/app/needs_text.h"
#include "sim/app/noc_experiment.h"
#include "sim/app/process_pool.h"
#include "sim/app/wanted_file.h"

namespace spikeloom {

namespace {

const char* const kHelp = R"(usage: spikeloom check FILE ... [--set path=value ...]

Validates without simulating. FILE is an experiment (.yaml): its configs, its trace (of several layers: every one), the
mapping, every register width and memory are checked; or a network (.yaml with a section noc): its routing must not
deadlock; or a trace (.safetensors), spiking or multiply-accumulate: its structure is checked, and every expected output
is recomputed by the reference; or recorded traffic (.safetensors): its structure is checked.

examples
  spikeloom check configs/experiments/demo.yaml
  spikeloom check traces/smollm2-135m/spikequant-improved/layer15.prefill32.safetensors
  spikeloom check configs/experiments/demo.yaml --set chip.tile.neuron_array.membrane_bits=20

exit status: 0 everything is right, 2 something is not: one line says what
)";

void print_needs(const ChipSpec& spec, const LayerTrace& layer, const OperationTrace& operation) {
  RegisterWidths widths(spec);
  widths.add(layer, operation);
  if (!widths.text().empty()) std::cout << "  " << operation.name << ": " << widths.text() << "\n";
}

void check_noc(const std::string& file, const std::vector<std::string>& overrides) {
  const NocExperiment experiment = NocExperiment::load(file, overrides);
  warn(experiment.network);
  std::cout << file << ": ok\n";
}

void check_experiment(const std::string& file, const std::vector<std::string>& overrides) {
  const Experiment experiment = Experiment::load(file, overrides);
  if (experiment.model) {
    const std::string needs = check_layers(experiment, processors());
    warn(experiment.chip.network);
    std::cout << file << ": ok\n" << needs;
    return;
  }
  const LayerTrace layer = experiment.open_trace();
  Chip chip("chip", experiment.chip, layer, experiment.window_cycles);
  check_fit(chip.spec(), layer, chip.program());
  check_prices(chip, experiment.technology);
  warn(experiment.chip.network);
  std::cout << file << ": ok\n";
  for (const OperationTrace& operation : layer.operations) print_needs(experiment.chip, layer, operation);
  for (const Phase& phase : chip.program().phases)
    if (!phase.is_vector()) std::cout << "  " << layer.inputs[phase.input].name << ": " << phase.choice.text() << "\n";
}

[[noreturn]] void fail_output(const TraceOrigin& trace, const std::string& operation, const std::string& place,
                              const std::string& is, const std::string& should_be) {
  throw UserError(trace.file + ": tensor '" + operation + ".expected': " + place + " is " + is + ", " + should_be);
}

// Runs the reference of one operation and compares; `place(i)` says where flat index i is.
template <typename Run, typename Place>
void compare(const TraceOrigin& trace, const std::string& operation, const RegisterNeeds& needs,
             const std::vector<int64_t>& expected, Run run, Place place) {
  if (needs.residue_bits > 63)  // the reference computes in 64 bits
    throw UserError(trace.file + ": operation '" + operation + "' may need residues of more than 63 bits");
  const ReferenceResult result = run();
  for (size_t i = 0; i < result.outputs.size(); ++i)
    if (result.outputs[i] != expected[i])
      fail_output(trace, operation, place(i), std::to_string(expected[i]),
                  "the integer reference gives " + std::to_string(result.outputs[i]));
}

std::string counted(size_t operations) {
  return std::to_string(operations) + (operations == 1 ? " operation" : " operations");
}

std::string token_and_output(size_t i, size_t outputs) {
  return "token " + std::to_string(i / outputs) + ", output " + std::to_string(i % outputs);
}

void check_attention(const LayerTrace& layer, const AttentionTrace& attention, const SpikeCode& code) {
  const size_t C = attention.context, H = attention.heads;
  compare(
      layer, "scores", scores_needs(attention), attention.scores.expected,
      [&] { return run_scores(attention, layer.tokens, code, FiringPolicy::kRadix); },
      [&](size_t i) {
        return "token " + std::to_string(i / C / H) + ", head " + std::to_string(i / C % H) + ", position " +
               std::to_string(i % C);
      });
  compare(
      layer, "mix", mix_needs(attention), attention.mix.expected,
      [&] { return run_mix(attention, layer.tokens, code, FiringPolicy::kRadix); },
      [&](size_t i) { return token_and_output(i, H * attention.head_dim); });
}

void check_spiking_trace(const std::string& file) {
  const LayerTrace layer = LayerTrace::open(file);
  const auto code = make_spike_code(0);
  for (const OperationTrace& operation : layer.operations)
    compare(
        layer, operation.name, register_needs(layer, operation), operation.expected,
        [&] { return run_reference(layer, operation, *code, FiringPolicy::kRadix); },
        [&](size_t i) { return token_and_output(i, operation.outputs); });
  if (layer.attention) check_attention(layer, *layer.attention, *code);
  std::cout << file << ": ok, every expected output equals the integer reference (" << counted(layer.operations.size())
            << (layer.attention ? ", scores, mix" : "") << ")\n";
}

std::string real_text(float value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

void check_mac_trace(const std::string& file) {
  const MacTrace trace = MacTrace::open(file);
  for (const MacOperation& operation : trace.operations) {
    const std::vector<float> y = run_mac_reference(trace, operation);
    for (size_t i = 0; i < y.size(); ++i)
      if (std::memcmp(&y[i], &operation.expected[i], sizeof y[i]) != 0)  // bit for bit
        fail_output(trace, operation.name, token_and_output(i, operation.outputs), real_text(operation.expected[i]),
                    "the multiply-accumulate reference gives " + real_text(y[i]));
  }
  std::cout << file << ": ok, every expected output equals the multiply-accumulate reference ("
            << counted(trace.operations.size()) << ", " << mac_arithmetic_names()[static_cast<int>(trace.arithmetic)]
            << ")\n";
}

void check_rate_trace(const std::string& file) {
  const RateTrace trace = RateTrace::open(file);
  for (const RateOperation& operation : trace.operations) {
    const std::vector<int64_t> expected = rate_expected(trace, operation), given = run_rate_reference(trace, operation);
    const size_t N = operation.outputs;
    for (size_t i = 0; i < given.size(); ++i)
      if (given[i] != expected[i])
        fail_output(trace, operation.name,
                    "token " + std::to_string(i / N / trace.steps) + ", step " + std::to_string(i / N % trace.steps) +
                        ", output " + std::to_string(i % N),
                    std::to_string(expected[i]), "the reference of recorded spikes gives " + std::to_string(given[i]));
  }
  std::cout << file << ": ok, every expected output equals the reference of recorded spikes ("
            << counted(trace.operations.size()) << ", " << trace.steps << " steps)\n";
}

void check_traffic(const std::string& file) {
  const RecordedTraffic traffic = RecordedTraffic::read(file);
  std::cout << file << ": ok, " << traffic.packets.size() << " packets of recorded traffic\n";
}

void check_safetensors(const std::string& file) {
  if (RecordedTraffic::recognizes(file)) return check_traffic(file);
  refuse_weights(file);
  if (RateTrace::recognizes(file)) return check_rate_trace(file);
  if (MacTrace::recognizes(file)) return check_mac_trace(file);
  check_spiking_trace(file);
}

}  // namespace

int command_check(const std::vector<std::string>& words) {
  CommonOptions options;
  if (!parse_options(words, kHelp, "s", &options)) return 0;
  if (options.files.empty()) throw UserError("check: expected a file (see spikeloom check --help)");
  const auto configs = std::count_if(options.files.begin(), options.files.end(),
                                     [](const std::string& file) { return !is_safetensors(file); });
  if (configs > 1) throw UserError("check: one experiment or network at a time (any number of traces)");
  if (configs == 0) refuse_overrides(options.overrides, options.files[0]);
  for (const std::string& file : options.files) {
    if (is_safetensors(file))
      check_safetensors(file);
    else if (NocExperiment::describes(file))
      check_noc(file, options.overrides);
    else
      check_experiment(file, options.overrides);
  }
  return 0;
}

}  // namespace spikeloom
