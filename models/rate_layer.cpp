#include "models/rate_layer.h"

#include <algorithm>
#include <cstdlib>

#include "sim/base/error.h"

namespace spikeloom {

namespace {

using Bytes = std::vector<uint8_t>;

const uint8_t* keep(Bytes bytes, LayerTrace* layer) {
  layer->made.push_back(std::make_shared<const Bytes>(std::move(bytes)));
  return layer->made.back()->data();
}

InputTrace make_input(const RateTrace& trace, const RateInput& from, int steps, LayerTrace* layer) {
  InputTrace input;
  input.name = from.name;
  input.size = from.size;
  input.wide_rank.assign(from.size, -1);
  input.code = ActivationCode::kUnsigned;
  input.u = 1;
  input.steps = input.rows_per_token = steps;
  Bytes spikes;
  for (int m = 0; m < trace.tokens; ++m)
    for (int step = 0; step < steps; ++step)
      for (int k = 0; k < from.size; ++k) spikes.push_back(trace.spike(from.spikes, from.size, m, step, k));
  input.codes = keep(std::move(spikes), layer);
  input.e.assign(static_cast<size_t>(trace.tokens) * steps, 0);
  input.E = input.E7 = input.g = input.e;
  return input;
}

// Bits of a running sum that `steps` steps can reach.
int sum_bits(const OperationTrace& operation, int inputs, int steps) {
  std::vector<uint64_t> most(operation.outputs, 0);
  for (int k = 0; k < inputs; ++k)
    for (int n = 0; n < operation.outputs; ++n) most[n] += uint64_t(std::abs(operation.weight(k, n)));
  return register_bits(*std::max_element(most.begin(), most.end()) * uint64_t(steps));
}

OperationTrace make_operation(const RateTrace& trace, const RateOperation& from, int steps, LayerTrace* layer) {
  const int K = trace.inputs[from.input].size, N = from.outputs;
  OperationTrace operation;
  operation.name = from.name;
  operation.input = from.input;
  operation.outputs = N;
  operation.F = from.F;
  operation.neuron = from.fires ? Neuron::kIntegrateAndFire : Neuron::kRunningSum;
  operation.theta = from.theta;
  operation.v0 = from.bias;
  operation.row_bytes = (N + 1) / 2;
  Bytes rows(static_cast<size_t>(K) * operation.row_bytes, 0);
  for (int k = 0; k < K; ++k)
    for (int n = 0; n < N; ++n)
      rows[static_cast<size_t>(k) * operation.row_bytes + n / 2] |= uint8_t((from.weight(k, n) & 15) << (n % 2 * 4));
  operation.weights = keep(std::move(rows), layer);
  operation.output_bits = from.fires ? 1 : sum_bits(operation, K, steps);
  for (int m = 0; m < trace.tokens; ++m)
    for (int step = 0; step < steps; ++step)
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

}  // namespace

LayerTrace make_rate_layer(const RateTrace& trace, int steps) {
  if (steps > trace.steps)
    throw UserError(trace.file + ": has " + std::to_string(trace.steps) + " steps, " + std::to_string(steps) +
                    " asked for");
  if (steps == 0) steps = trace.steps;
  LayerTrace layer;
  static_cast<TraceOrigin&>(layer) = trace;
  layer.weight_kind = trace.weight_kind;
  for (const RateInput& input : trace.inputs) layer.inputs.push_back(make_input(trace, input, steps, &layer));
  for (const RateOperation& operation : trace.operations)
    layer.operations.push_back(make_operation(trace, operation, steps, &layer));
  for (VectorWork work : trace.vector_unit) {
    work.elements *= steps;
    work.vectors *= steps;
    work.bidirectional = true;
    layer.vector_unit.push_back(work);
  }
  add_forwards(&layer);
  layer.check_vector_unit();
  return layer;
}

RegisterNeeds rate_register_needs(const LayerTrace& layer, const OperationTrace& operation) {
  const InputTrace& input = layer.inputs[operation.input];
  std::vector<uint64_t> sums(operation.outputs, 0);
  for (int k = 0; k < input.size; ++k)
    for (int n = 0; n < operation.outputs; ++n) sums[n] += uint64_t(std::abs(operation.weight(k, n)));
  const bool fires = operation.neuron == Neuron::kIntegrateAndFire;
  uint64_t slope = 0, membrane = 0, threshold = 0, state = 0;
  for (int n = 0; n < operation.outputs; ++n) {
    const uint64_t bias = fires ? uint64_t(std::abs(operation.v0[n])) : 0;
    slope = std::max(slope, sums[n]);
    membrane = std::max({membrane, sums[n], bias});
    threshold = std::max(threshold, fires ? uint64_t(operation.theta[n]) : 0);
    state = std::max(state, ((sums[n] << operation.F) + bias) * uint64_t(input.steps));
  }
  return {register_bits(slope), register_bits(membrane), ceil_log2(threshold + 1), register_bits(state)};
}

}  // namespace spikeloom
