#include "sim/base/rate_trace.h"

#include "sim/base/bits.h"
#include "sim/base/description.h"
#include "sim/base/trace_tensors.h"

namespace spikeloom {

namespace {

using nlohmann::json;

constexpr int kMostSteps = 1 << 12;
constexpr int64_t kMostBias = int64_t{1} << 40;

const std::vector<std::string>& quantizer_names() {
  static const std::vector<std::string> names = {"int4", "ternary", "binary"};  // in the order of WeightKind
  return names;
}

int bits_of(WeightKind kind) { return kind == WeightKind::kFourBits ? 4 : kind == WeightKind::kTernary ? 2 : 1; }

RateInput read_weight_input(const Description& entry, const RateTrace& trace) {
  entry.keys({"name", "size"});
  RateInput input;
  input.name = new_name(entry, "input", trace.inputs);
  input.size = entry.integer("size", 1, kMostSize);
  return input;
}

int weight_at(const uint8_t* row, int n, int bits) {
  const int field = row[n * bits / 8] >> (n * bits % 8) & ((1 << bits) - 1);
  return bits == 1 ? 2 * field - 1 : static_cast<int>(sign_extend(field, bits));
}

void check_padding(const SafetensorsFile& file, const std::string& name, const uint8_t* row, size_t index, int used,
                   int bytes) {
  if (used % 8 != 0 && row[bytes - 1] >> (used % 8) != 0)
    file.fail("tensor '" + name + "': bits beyond the last value of row " + std::to_string(index) + " must be 0");
}

std::vector<int8_t> unpack(const SafetensorsFile& file, const std::string& name, int K, int N, WeightKind kind) {
  const int bits = bits_of(kind), row_bytes = static_cast<int>(ceil_div(uint64_t(N) * bits, 8));
  const uint8_t* packed = file.bytes(name, {K, row_bytes}, "U8");
  std::vector<int8_t> weights;
  weights.reserve(static_cast<size_t>(K) * N);
  for (int k = 0; k < K; ++k) {
    const uint8_t* row = packed + static_cast<size_t>(k) * row_bytes;
    check_padding(file, name, row, k, N * bits, row_bytes);
    for (int n = 0; n < N; ++n) {
      weights.push_back(int8_t(weight_at(row, n, bits)));
      if (kind == WeightKind::kTernary && weights.back() < -1)
        file.fail("tensor '" + name + "': weight -2 at row " + std::to_string(k) + ", output " + std::to_string(n) +
                  " is not ternary");
    }
  }
  return weights;
}

RateOperation read_weight_operation(const SafetensorsFile& file, const Description& entry, const RateTrace& trace) {
  entry.keys({"name", "input", "outputs"});
  RateOperation operation;
  operation.name = new_name(entry, "operation", trace.operations);
  operation.input = input_index(entry, trace.inputs);
  operation.outputs = entry.integer("outputs", 1, kMostSize);
  operation.weights = unpack(file, operation.name + ".weights", trace.inputs[operation.input].size, operation.outputs,
                             trace.weight_kind);
  return operation;
}

const uint8_t* read_spikes(const SafetensorsFile& file, const std::string& name, const RateTrace& trace, int size) {
  const int bytes = (size + 7) / 8;
  const uint8_t* spikes = file.bytes(name, {trace.tokens, trace.steps, bytes}, "U8");
  for (size_t row = 0; row < static_cast<size_t>(trace.tokens) * trace.steps; ++row)
    check_padding(file, name, spikes + row * bytes, row, size, bytes);
  return spikes;
}

RateInput read_watched(const SafetensorsFile& file, const Description& entry, const RateTrace& trace) {
  entry.keys({"name", "size"});
  RateInput watched;
  watched.name = entry.text("name");
  watched.size = entry.integer("size", 1, kMostSize);
  watched.spikes = read_spikes(file, watched.name + ".spikes", trace, watched.size);
  return watched;
}

void read_operation(const SafetensorsFile& file, const Description& entry, const RateTrace& trace,
                    RateOperation* operation) {
  entry.keys({"name", "input", "F", "fires"});
  check_same_input(entry, trace.inputs[operation->input].name);
  operation->fires = entry.flag("fires");
  operation->F = entry.integer("F", 0, operation->fires ? kMostF : 0);
  const std::string& name = operation->name;
  const int N = operation->outputs;
  if (operation->fires) {
    operation->theta = read_thresholds(file, name, N);
    operation->bias = file.integers(name + ".bias", {N}, "I64");
    check_range(file, name + ".bias", operation->bias, -kMostBias, kMostBias);
    operation->spikes = read_spikes(file, name + ".expected", trace, N);
  } else {
    operation->sums = file.integers(name + ".expected", {trace.tokens, trace.steps, N}, "I32");
  }
}

}  // namespace

void RateTrace::read_weights() {
  const SafetensorsFile& file = *weights_data_;
  const json value = parse_description(file);
  const Description top(file, value, "");
  top.choice("format", {"spikeloom-rate-weights"});
  top.integer("version", 1, 1);
  top.keys({"format", "version", "synthetic", "model", "model_source", "license", "layer", "quantizer", "assumptions",
            "bits", "inputs", "operations"});
  read_weights_origin(top);
  weight_kind = static_cast<WeightKind>(top.choice("quantizer", quantizer_names()));
  if (top.integer("bits", 1, 4) != bits_of(weight_kind))
    top.fail("bits", "must be " + std::to_string(bits_of(weight_kind)) + " with quantizer '" +
                         quantizer_names()[static_cast<int>(weight_kind)] + "'");
  for (const auto& entry : top.list("inputs")) inputs.push_back(read_weight_input(entry, *this));
  for (const auto& entry : top.list("operations")) operations.push_back(read_weight_operation(file, entry, *this));
  file.finish();
}

RateTrace RateTrace::open(const std::string& activations_file) {
  const auto data = std::make_shared<SafetensorsFile>(activations_file);
  const SafetensorsFile& file = *data;
  const json value = parse_description(file);
  const Description top(file, value, "");
  top.choice("format", {"spikeloom-rate-activations"});
  top.integer("version", 1, 1);
  top.keys(
      {"format", "version", "synthetic", "weights", "tokens", "steps", "text", "inputs", "operations", "assumptions"},
      {"vector_unit", "watched"});
  RateTrace trace;
  trace.read_activations_origin(data, top);
  trace.steps = top.integer("steps", 1, kMostSteps);
  trace.read_weights();
  const auto inputs = matching(top, "inputs", trace.inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    inputs[i].keys({"name", "size"});
    check_same_size(inputs[i], trace.inputs[i].size);
    trace.inputs[i].spikes = read_spikes(file, trace.inputs[i].name + ".spikes", trace, trace.inputs[i].size);
  }
  const auto operations = matching(top, "operations", trace.operations);
  for (size_t i = 0; i < operations.size(); ++i) read_operation(file, operations[i], trace, &trace.operations[i]);
  trace.vector_unit = read_vector_unit(top);
  if (top.has("watched")) trace.watched = read_watched(file, top.section("watched"), trace);
  file.finish();
  return trace;
}

}  // namespace spikeloom
