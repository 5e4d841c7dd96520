#include "models/rate_layer.h"

#include <algorithm>
#include <cstdlib>

#include "models/settling.h"
#include "sim/base/error.h"

namespace spikeloom {

namespace {

using Bytes = std::vector<uint8_t>;

// Steps `first` .. `first + steps - 1` of a trace.
struct StepRange {
  int first, steps;
  // What names of the block end with.
  std::string suffix() const { return first == 0 ? "" : "." + std::to_string(first / steps + 1); }
};

InputTrace make_input(const RateTrace& trace, const RateInput& from, const StepRange& range, LayerTrace* layer) {
  const int steps = range.steps;
  InputTrace input;
  input.name = from.name + range.suffix();
  input.size = from.size;
  input.wide_rank.assign(from.size, -1);
  input.code = ActivationCode::kUnsigned;
  input.u = 1;
  input.steps = input.rows_per_token = steps;
  input.first_step = range.first;
  if (range.first > 0 && !layer->vector_unit.empty()) input.after = layer->vector_unit.back().name;
  Bytes spikes;
  for (int m = 0; m < trace.tokens; ++m)
    for (int step = range.first; step < range.first + steps; ++step)
      for (int k = 0; k < from.size; ++k) spikes.push_back(trace.spike(from.spikes, from.size, m, step, k));
  input.codes = layer->keep(std::move(spikes));
  input.e.assign(static_cast<size_t>(trace.tokens) * steps, 0);
  input.E = input.E7 = input.g = input.e;
  return input;
}

// [N] the largest sum of a step: of all |w|.
std::vector<uint64_t> largest_sums(const OperationTrace& operation, int inputs) {
  std::vector<uint64_t> sums(operation.outputs, 0);
  for (int k = 0; k < inputs; ++k)
    for (int n = 0; n < operation.outputs; ++n) sums[n] += uint64_t(std::abs(operation.weight(k, n)));
  return sums;
}

// Bits of a running sum that `steps` steps can reach.
int sum_bits(const OperationTrace& operation, int inputs, int steps) {
  const std::vector<uint64_t> sums = largest_sums(operation, inputs);
  return register_bits(*std::max_element(sums.begin(), sums.end()) * uint64_t(steps));
}

OperationTrace make_operation(const RateTrace& trace, const RateOperation& from, const StepRange& range,
                              LayerTrace* layer) {
  const int K = trace.inputs[from.input].size, N = from.outputs;
  OperationTrace operation;
  operation.name = from.name + range.suffix();
  operation.input = int(layer->inputs.size() - trace.inputs.size()) + from.input;
  operation.restores_state = range.first > 0;
  operation.outputs = N;
  operation.F = from.F;
  operation.neuron = from.fires ? Neuron::kIntegrateAndFire : Neuron::kRunningSum;
  operation.theta = from.theta;
  operation.v0 = from.bias;
  operation.row_bytes = (N + 1) / 2;
  Bytes rows(static_cast<size_t>(K) * operation.row_bytes, 0);
  for (int k = 0; k < K; ++k)
    for (int n = 0; n < N; ++n) put_nibble(&rows[static_cast<size_t>(k) * operation.row_bytes], n, from.weight(k, n));
  operation.weights = layer->keep(std::move(rows));
  operation.output_bits = from.fires ? 1 : sum_bits(operation, K, range.first + range.steps);
  for (int m = 0; m < trace.tokens; ++m)
    for (int step = range.first; step < range.first + range.steps; ++step)
      for (int n = 0; n < N; ++n)
        operation.expected.push_back(from.fires ? trace.spike(from.spikes, N, m, step, n)
                                                : from.sums[(static_cast<size_t>(m) * trace.steps + step) * N + n]);
  return operation;
}

bool is_made(const LayerTrace& layer, const std::string& input) {
  return std::any_of(layer.vector_unit.begin(), layer.vector_unit.end(),
                     [&](const VectorWork& work) { return work.name == input; });
}

// The spikes of an operation that fires become the input of its name without the vector unit: they move before the
// vector unit goes on.
void add_forwards(LayerTrace* layer) {
  for (const OperationTrace& operation : layer->operations) {
    if (operation.neuron != Neuron::kIntegrateAndFire || is_made(*layer, operation.name)) continue;
    const auto read = std::find_if(layer->inputs.begin(), layer->inputs.end(),
                                   [&](const InputTrace& input) { return input.name == operation.name; });
    if (read == layer->inputs.end()) continue;
    VectorWork work;
    work.name = operation.name;
    work.kind = VectorKind::kForward;
    const std::string& source = layer->inputs[operation.input].name;
    const auto made = std::find_if(layer->vector_unit.begin(), layer->vector_unit.end(),
                                   [&](const VectorWork& entry) { return entry.name == source; });
    layer->vector_unit.insert(made == layer->vector_unit.end() ? layer->vector_unit.begin() : made + 1, work);
  }
}

void add_block(const RateTrace& trace, const StepRange& range, bool last, bool checked, LayerTrace* layer) {
  std::vector<InputTrace> inputs;
  for (const RateInput& input : trace.inputs) inputs.push_back(make_input(trace, input, range, layer));
  layer->inputs.insert(layer->inputs.end(), inputs.begin(), inputs.end());
  for (size_t i = 0; i < trace.operations.size(); ++i) {
    OperationTrace operation = make_operation(trace, trace.operations[i], range, layer);
    operation.state = static_cast<int>(i);
    operation.keeps_state = !last;
    layer->operations.push_back(std::move(operation));
  }
  for (VectorWork work : trace.vector_unit) {
    work.name += range.suffix();
    work.elements *= range.steps;
    work.vectors *= range.steps;
    work.bidirectional = true;
    layer->vector_unit.push_back(work);
  }
  add_forwards(layer);
  if (!checked || last || range.first == 0) return;
  VectorWork check;
  check.name = "settled" + range.suffix();
  check.kind = VectorKind::kSettled;
  check.elements = int64_t{trace.tokens} * trace.watched.size;
  check.vectors = trace.tokens;
  layer->vector_unit.push_back(check);
}

int checked_steps(const RateTrace& trace, int steps, const StepBlocks& blocks) {
  const auto fail = [&trace](const std::string& what) { throw UserError(trace.file + ": " + what); };
  if (steps > trace.steps)
    fail("has " + std::to_string(trace.steps) + " steps, " + std::to_string(steps) + " asked for");
  if (steps == 0) steps = trace.steps;
  if (blocks.steps > 0 && steps % blocks.steps != 0)
    fail("blocks of " + std::to_string(blocks.steps) + " steps (chip.step_blocks.steps) do not divide " +
         std::to_string(steps) + " steps (workload.steps)");
  if (blocks.settled_below > 0 && trace.watched.size == 0)
    fail("holds no spikes to be watched (key 'watched'), which chip.step_blocks.settled_below needs");
  return steps;
}

// [blocks] the mean change of each block, and whether rates have settled then.
std::vector<std::pair<double, bool>> settling_of(const RateTrace& trace, int steps, const StepBlocks& blocks) {
  const int size = trace.watched.size;
  Settling settling(static_cast<size_t>(trace.tokens) * size, blocks.steps, blocks.settled_below);
  std::vector<std::pair<double, bool>> found;
  for (int first = 0; first < steps; first += blocks.steps) {
    std::vector<int> spikes;
    for (int m = 0; m < trace.tokens; ++m)
      for (int n = 0; n < size; ++n) {
        int count = 0;
        for (int step = first; step < first + blocks.steps; ++step)
          count += trace.spike(trace.watched.spikes, size, m, step, n);
        spikes.push_back(count);
      }
    const bool settled = settling.add_block(spikes);
    found.emplace_back(settling.change(), settled);
  }
  return found;
}

}  // namespace

std::vector<int> settled_after(const RateTrace& trace, int steps, const StepBlocks& blocks) {
  steps = checked_steps(trace, steps, blocks);
  std::vector<int> after;
  const auto found = settling_of(trace, steps, blocks);
  for (size_t i = 0; i < found.size(); ++i)
    if (found[i].second) after.push_back(static_cast<int>(i + 1) * blocks.steps);
  return after;
}

LayerTrace make_rate_layer(const RateTrace& trace, int steps, const StepBlocks& blocks) {
  steps = checked_steps(trace, steps, blocks);
  LayerTrace layer;
  static_cast<TraceOrigin&>(layer) = trace;
  layer.weight_kind = trace.weight_kind;
  const bool checked = blocks.settled_below > 0;
  const auto settling = checked ? settling_of(trace, steps, blocks) : std::vector<std::pair<double, bool>>();
  LayerTrace::StepRun& run = layer.step_run;
  run.asked = steps;
  run.block = blocks.steps == 0 ? steps : blocks.steps;
  while (run.run < steps && !run.settled) {
    add_block(trace, {run.run, run.block}, run.run + run.block == steps, checked, &layer);
    run.run += run.block;
    if (!checked || run.run == run.block || run.run == steps) continue;
    const auto& [change, settled] = settling[run.run / run.block - 1];
    run.changes.push_back(change);
    run.settled = settled && run.run >= blocks.least;
  }
  layer.check_vector_unit();
  return layer;
}

RegisterNeeds rate_register_needs(const LayerTrace& layer, const OperationTrace& operation) {
  const InputTrace& input = layer.inputs[operation.input];
  const std::vector<uint64_t> sums = largest_sums(operation, input.size);
  const bool fires = operation.neuron == Neuron::kIntegrateAndFire;
  uint64_t slope = 0, membrane = 0, threshold = 0, state = 0;
  for (int n = 0; n < operation.outputs; ++n) {
    const uint64_t bias = fires ? uint64_t(std::abs(operation.v0[n])) : 0;
    slope = std::max(slope, sums[n]);
    membrane = std::max({membrane, sums[n], bias});
    threshold = std::max(threshold, fires ? uint64_t(operation.theta[n]) : 0);
    state = std::max(state, ((sums[n] << operation.F) + bias) * uint64_t(input.first_step + input.steps));
  }
  return {register_bits(slope), register_bits(membrane), ceil_log2(threshold + 1), register_bits(state)};
}

}  // namespace spikeloom
