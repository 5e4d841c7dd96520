#include "sim/app/report.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <set>

#include "models/activation_code.h"
#include "models/spike_count.h"

namespace spikeloom {

namespace {

// The y of binary32 bit for bit, and the binary16 that messages carry of it; or the output code.
bool is_expected(const OperationTrace& operation, const LayerResult& result, size_t o, size_t i) {
  if (operation.mac && std::memcmp(&result.sums[o][i], &operation.sums[i], sizeof(float)) != 0) return false;
  return result.outputs[o][i] == operation.expected[i];
}

std::string value_text(const OperationTrace& operation, float sum, int64_t code) {
  if (!operation.mac) return std::to_string(code);
  char text[48];
  std::snprintf(text, sizeof text, "%.9g (sent as %04x)", sum, unsigned(code & 0xffff));
  return text;
}

std::string row_text(const InputTrace& input, size_t row) {
  if (!input.recorded()) return "token " + std::to_string(row);
  return "token " + std::to_string(row / input.steps) + " step " + std::to_string(input.first_step + row % input.steps);
}

// "recorded spikes, 16 steps", "recorded spikes, 32 of 64 steps in blocks of 16".
std::string steps_text(const LayerTrace::StepRun& steps) {
  std::string text = "recorded spikes, " + std::to_string(steps.run);
  if (steps.run < steps.asked) text += " of " + std::to_string(steps.asked);
  text += " steps";
  return steps.block < steps.asked ? text + " in blocks of " + std::to_string(steps.block) : text;
}

// Which output it is, as the trace has it: attention's rows are the query heads of a token that share keys, its outputs
// go over the heads of keys.
std::string output_text(const InputTrace& input, const OperationTrace& operation, size_t i) {
  const size_t row = i / size_t(operation.outputs), output = i % size_t(operation.outputs);
  if (input.recorded() || input.blocks * input.rows_per_token == 1)
    return row_text(input, row) + " output " + std::to_string(output);
  const size_t sharing = size_t(input.rows_per_token), size = size_t(operation.outputs / input.blocks);
  const size_t head = output / size * sharing + row % sharing;
  const std::string token = "token " + std::to_string(row / sharing);
  return operation.name == "scores"
             ? token + " head " + std::to_string(head) + " position " + std::to_string(output % size)
             : token + " output " + std::to_string(head * size + output % size);
}

void compare_outputs(const LayerTrace& layer, const LayerResult& result, Report* report) {
  for (size_t o = 0; o < layer.operations.size(); ++o) {
    const OperationTrace& operation = layer.operations[o];
    for (size_t i = 0; i < result.outputs[o].size(); ++i) {
      if (!result.arrived[o][i]) continue;  // a position that the token does not see
      ++report->outputs;
      if (is_expected(operation, result, o, i)) {
        ++report->outputs_equal;
      } else if (report->first_difference.empty()) {
        report->first_difference =
            operation.name + " " + output_text(layer.inputs[operation.input], operation, i) + ": chip " +
            value_text(operation, operation.mac ? result.sums[o][i] : 0, result.outputs[o][i]) + ", expected " +
            value_text(operation, operation.mac ? operation.sums[i] : 0, operation.expected[i]);
      }
    }
  }
}

// Spikes and time steps of an input under a spike code, over all tokens; of codes that are multiplied, values that are
// not 0, and inputs.
void count_input(const InputTrace& input, const SpikeCode& code, int rows, uint64_t* spikes, Report* report) {
  const CodeFormat format = CodeFormat::of(input);
  const int T = report->multiplies ? 1 : code.steps(format.largest_magnitude());
  for (int m = 0; m < rows; ++m)
    for (int k = 0; k < input.size; ++k) {
      if (input.causal == Causal::kInputs && k % input.block_inputs() >= input.seen(m)) continue;
      report->input_steps += T;
      if (input.mac) {
        *spikes += (input.code_at(m, k) & (input.code_bytes == 2 ? 0x7fff : 0xff)) != 0;
        continue;
      }
      *spikes += uint64_t(report->multiplies ? factors_of(input, m, k) : spikes_of(input, code, m, k));
    }
  report->input_spikes += *spikes;
}

// Weights of an operation, and how often all tokens together use one; of positions, those that a row sees.
void add_synapses(const InputTrace& input, const OperationTrace& operation, int tokens, Report* report) {
  const uint64_t inputs = input.block_inputs(), outputs = operation.outputs / input.blocks;
  report->weights += inputs * operation.outputs;
  for (int row = 0; row < tokens * input.rows_per_token; ++row) {
    const uint64_t seen = input.seen(row);
    report->synapses += input.blocks * (input.causal == Causal::kInputs ? std::min(inputs, seen) : inputs) *
                        (input.causal == Causal::kOutputs ? std::min(outputs, seen) : outputs);
  }
}

void add_phases(const LayerTrace& layer, const Chip& chip, Report* report) {
  const Program& program = chip.program();
  const auto code = make_spike_code(chip.spec().spike_code);
  const std::vector<Roofline> rooflines = make_rooflines(chip);
  for (size_t i = 0; i < program.phases.size(); ++i) {
    PhaseReport phase;
    phase.begin = chip.result().phase_begin[i];
    phase.end = chip.result().phase_end[i];
    phase.groups = report->bill.phases[i];
    phase.roofline = rooflines[i];
    if (program.phases[i].is_vector()) {
      phase.operations = {layer.vector_unit[program.phases[i].vector_work].name};
      phase.vector_kind = vector_kind_names()[int(layer.vector_unit[program.phases[i].vector_work].kind)];
      report->phases.push_back(phase);
      continue;
    }
    phase.input = layer.inputs[program.phases[i].input].name;
    phase.mapping = program.phases[i].choice;
    phase.side_format = name_of(program.phases[i].side_format);
    std::set<int> operations;
    for (const Pass& pass : program.passes) {
      if (pass.phase != int(i)) continue;
      ++phase.passes;
      for (const TileWork& work : pass.tiles)
        if (work.operation >= 0) operations.insert(work.operation);
    }
    for (const int operation : operations) phase.operations.push_back(layer.operations[operation].name);
    count_input(layer.inputs[program.phases[i].input], *code, program.phases[i].rows, &phase.spikes, report);
    report->phases.push_back(phase);
  }
}

void add_tiles(const Chip& chip, Report* report) {
  Cycle busy = 0;
  Cycle first_busy = chip.cycles();
  for (int i = 0; i < chip.topology().tiles(); ++i) {
    const Tile& tile = chip.tile(i);
    report->spikes_received += tile.array->spikes();
    report->rows_read += tile.array->rows_read();
    report->rows_added += tile.array->rows_issued();
    report->additions += tile.additions();
    report->weight_bank_waits += tile.array->bank_waits();
    report->largest_membrane = std::max(report->largest_membrane, tile.outputs->largest_membrane());
    if (tile.encoder) report->spikes_sent += tile.encoder->spikes();
    busy += tile.array->activity().cycles(ActivityState::kBusy);
    first_busy = std::min(first_busy, tile.array->activity().first_busy());
  }
  for (const PhaseReport& phase : report->phases) {
    if (phase.passes == 0) continue;
    report->fill_cycles = first_busy - phase.begin;
    break;
  }
  const double tile_cycles = double(chip.cycles()) * chip.topology().tiles();
  report->lane_utilisation = report->additions / (tile_cycles * chip.spec().synapse_array.lanes);
  report->array_busy = busy / tile_cycles;
  for (int i = 0; i < chip.topology().sources(); ++i) {
    const DramController& dram = chip.memory_node(i).dram;
    const WeightLayout& layout = chip.memory_node(i).weight_loader.layout();
    report->dram_bytes += dram.bytes_read();
    report->cache_sram_bytes += layout.cached_bytes();
    report->cache_dram_bytes += layout.uncached_bytes();
    report->weight_bits += layout.weight_bits(chip.spec().synapse_array.lanes);
    report->bank_waits += chip.memory_node(i).global_buffer.bank_waits();
    report->drams.push_back({dram.name(), dram.bytes_read(), dram.bytes_written(), dram.stats(), &dram.activity()});
    for (const auto& encoder : chip.memory_node(i).encoders) report->spikes_sent += encoder->spikes();
  }
  const double mb_s = report->dram_bytes / (chip.cycles() / chip.spec().clock_mhz);
  report->dram_peak_mb_s = chip.spec().dram.peak_mb_s();
  report->dram_utilisation = mb_s / (report->dram_peak_mb_s * chip.topology().sources());
}

}  // namespace

Report make_report(const Experiment& experiment, const LayerTrace& layer, Chip& chip) {
  Report report;
  report.experiment = experiment.name;
  report.chip = chip.spec().name;
  report.technology = experiment.technology.name();
  report.payload = payload_names()[int(chip.spec().payload)];
  report.datapath = datapath_names()[int(chip.spec().datapath)];
  report.arithmetic = chip.spec().arithmetic();
  report.halves = halves_names()[int(chip.spec().synapse_array.halves)];
  report.multiplies = chip.spec().multiplies();
  report.dequantizes = chip.spec().dequantizes();
  const InputTrace& first_input = layer.inputs[layer.operations[0].input];
  report.step_run = layer.step_run;
  report.code = first_input.recorded()        ? steps_text(layer.step_run)
                : !layer.mac                  ? name_of(first_input.code)
                : first_input.code_bytes == 2 ? "binary16"
                : first_input.mac->symmetric  ? "symmetric"
                                              : "asymmetric";
  report.compared = !layer.mac ? "output integers equal the reference"
                    : chip.spec().datapath == TileDatapath::kDequantizeMultiply
                        ? "outputs equal the reference of dequantized operands bit for bit"
                        : "outputs equal the trace bit for bit";
  report.synthetic = layer.synthetic;
  report.trace_file = std::filesystem::absolute(layer.file).lexically_normal().string();
  report.trace_sha256 = layer.sha256;
  report.weights_sha256 = layer.weights_sha256;
  report.model = layer.model;
  report.text_source = layer.text_source;
  report.text_excerpt = layer.text_excerpt;
  report.layer = layer.layer;
  report.tokens = layer.tokens;
  report.token_batch = chip.spec().token_batch;
  report.clock_mhz = chip.spec().clock_mhz;
  report.cycles = chip.cycles();
  report.width = chip.spec().network.width;
  report.height = chip.spec().network.height;
  for (const OperationTrace& operation : layer.operations)
    add_synapses(layer.inputs[operation.input], operation, layer.tokens, &report);
  compare_outputs(layer, chip.result(), &report);
  report.bill = make_bill(chip, experiment.technology);
  report.areas = block_areas(chip.blocks(), experiment.technology);
  report.counts = StoredCounts::of(chip);
  report.activities = chip.activities();
  std::sort(report.activities.begin(), report.activities.end());
  for (const Link& link : chip.network().links()) report.link_flits.emplace_back(link.name(), link.flits());
  std::sort(report.link_flits.begin(), report.link_flits.end());
  add_phases(layer, chip, &report);
  add_tiles(chip, &report);
  return report;
}

std::vector<std::string> not_charged(const Report& report) {
  std::vector<std::string> list = {
      "clock distribution, and multiplexing inside blocks beyond what the listed events name",
      "DRAM controllers and interfaces on the chip (the devices' own side of the pins is charged)",
      "writing outputs back to DRAM: they stay in the global buffer",
      "embedding, the last normalization, the language model's head and sampling",
  };
  if (report.dequantizes) list.push_back("attention, which the trace does not hold");
  return list;
}

}  // namespace spikeloom
