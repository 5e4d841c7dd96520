#include "sim/base/mac_trace.h"

#include "sim/base/description.h"
#include "sim/base/trace_tensors.h"

namespace spikeloom {

namespace {

using nlohmann::json;

constexpr int kMostAsymmetricBits = 7;  // codes are I8

void read_groups(const Description& entry, MacInput* input) {
  int64_t total = 0;
  for (const Description& group : entry.list("groups")) {
    group.keys({"size", "activation_bits", "weight_bits"});
    input->groups.push_back({group.integer("size", 1, kMostSize), group.integer("activation_bits", 1, 8),
                             group.integer("weight_bits", 2, 8)});
    total += input->groups.back().size;
  }
  if (total != input->size)
    entry.fail("groups",
               "the sizes add up to " + std::to_string(total) + ", the input has " + std::to_string(input->size));
}

void read_order(const SafetensorsFile& file, MacInput* input) {
  const std::string name = input->name + ".order";
  input->order = file.integers(name, {input->size}, "I32");
  check_range(file, name, input->order, 0, input->size - 1);
  std::vector<bool> seen(input->size, false);
  for (int place = 0; place < input->size; ++place) {
    if (seen[input->order[place]])
      file.fail("tensor '" + name + "': value " + std::to_string(input->order[place]) + " at flat index " +
                std::to_string(place) + " stands twice");
    seen[input->order[place]] = true;
  }
}

MacInput read_weight_input(const SafetensorsFile& file, const Description& entry, const MacTrace& trace) {
  entry.keys({"name", "size", "groups"});
  MacInput input;
  input.name = new_name(entry, "input", trace.inputs);
  input.size = entry.integer("size", 1, kMostSize);
  if (trace.arithmetic == MacArithmetic::kInteger) {
    read_groups(entry, &input);
    read_order(file, &input);
  } else if (!entry.list("groups", 0).empty()) {
    entry.fail("groups", "must be empty with arithmetic 'binary16'");
  }
  return input;
}

std::vector<float> read_scales(const SafetensorsFile& file, const std::string& name,
                               const std::vector<int64_t>& shape) {
  const auto scales = file.reals(name, shape);
  for (size_t i = 0; i < scales.size(); ++i)
    if (!std::isfinite(scales[i]) || scales[i] <= 0)
      file.fail("tensor '" + name + "': value " + std::to_string(scales[i]) + " at flat index " + std::to_string(i) +
                " must be finite and above 0");
  return scales;
}

const uint8_t* read_binary16(const SafetensorsFile& file, const std::string& name, int64_t rows, int64_t columns) {
  const uint8_t* values = file.bytes(name, {rows, columns}, "F16");
  for (int64_t i = 0; i < rows * columns; ++i)
    if (!binary16_is_finite(values + 2 * i))
      file.fail("tensor '" + name + "': the value at flat index " + std::to_string(i) + " is not finite");
  return values;
}

const int8_t* read_int8(const SafetensorsFile& file, const std::string& name, int64_t rows, int64_t columns) {
  return reinterpret_cast<const int8_t*>(file.bytes(name, {rows, columns}, "I8"));
}

// Values first .. first + count - 1 of a tensor.
void check_run(const SafetensorsFile& file, const std::string& name, const int8_t* values, size_t first, size_t count,
               int least, int most) {
  for (size_t i = first; i < first + count; ++i)
    if (values[i] < least || values[i] > most) fail_range(file, name, values[i], i, least, most);
}

MacOperation read_weight_operation(const SafetensorsFile& file, const Description& entry, const MacTrace& trace) {
  entry.keys({"name", "input", "outputs"});
  MacOperation operation;
  operation.name = new_name(entry, "operation", trace.operations);
  operation.input = input_index(entry, trace.inputs);
  operation.outputs = entry.integer("outputs", 1, kMostSize);
  const MacInput& input = trace.inputs[operation.input];
  const std::string weights = operation.name + ".weights";
  const int N = operation.outputs;
  if (trace.arithmetic == MacArithmetic::kBinary16) {
    operation.real_weights = read_binary16(file, weights, input.size, N);
    return operation;
  }
  operation.weights = read_int8(file, weights, input.size, N);
  operation.scales = read_scales(file, operation.name + ".scales", {static_cast<int64_t>(input.groups.size()), N});
  size_t first = 0;
  for (const MacGroup& group : input.groups) {
    const int limit = 1 << (group.weight_bits - 1);
    check_run(file, weights, operation.weights, first, static_cast<size_t>(group.size) * N, -limit, limit - 1);
    first += static_cast<size_t>(group.size) * N;
  }
  return operation;
}

void read_zero_points(const SafetensorsFile& file, int tokens, MacInput* input) {
  const size_t W = input->groups.size();
  input->zero_points.assign(tokens * W, 0);
  if (input->symmetric) return;
  const std::string name = input->name + ".zero_points";
  input->zero_points = file.integers(name, {tokens, static_cast<int64_t>(W)}, "U8");
  for (size_t i = 0; i < input->zero_points.size(); ++i) {
    const int most = (1 << input->groups[i % W].activation_bits) - 1;
    if (input->zero_points[i] > most) fail_range(file, name, input->zero_points[i], i, 0, most);
  }
}

void check_activation_codes(const SafetensorsFile& file, const MacInput& input, int tokens) {
  size_t first = 0;
  for (int m = 0; m < tokens; ++m)
    for (const MacGroup& group : input.groups) {
      const int positive_bits = group.activation_bits - (input.symmetric ? 1 : 0);
      const int most = (1 << positive_bits) - 1;
      check_run(file, input.name + ".codes", input.codes, first, group.size, input.symmetric ? -most : 0, most);
      first += group.size;
    }
}

void read_activation_input(const SafetensorsFile& file, const Description& entry, const MacTrace& trace,
                           MacInput* input) {
  entry.keys({"name", "size", "symmetric"});
  check_same_size(entry, input->size);
  input->symmetric = entry.flag("symmetric");
  if (trace.arithmetic == MacArithmetic::kBinary16) {
    if (!input->symmetric) entry.fail("symmetric", "must be true with arithmetic 'binary16'");
    input->values = read_binary16(file, input->name + ".values", trace.tokens, input->size);
    return;
  }
  for (size_t i = 0; i < input->groups.size() && !input->symmetric; ++i)
    if (input->groups[i].activation_bits > kMostAsymmetricBits)
      entry.fail("symmetric", "must be true: group " + std::to_string(i) + " has codes of " +
                                  std::to_string(input->groups[i].activation_bits) + " bits (with zero points: up to " +
                                  std::to_string(kMostAsymmetricBits) + ")");
  input->codes = read_int8(file, input->name + ".codes", trace.tokens, input->size);
  check_activation_codes(file, *input, trace.tokens);
  read_zero_points(file, trace.tokens, input);
  input->scales =
      read_scales(file, input->name + ".scales", {trace.tokens, static_cast<int64_t>(input->groups.size())});
}

}  // namespace

const std::vector<std::string>& mac_arithmetic_names() {
  static const std::vector<std::string> names = {"integer", "binary16"};
  return names;
}

void MacTrace::read_weights() {
  const SafetensorsFile& file = *weights_data_;
  const json value = parse_description(file);
  const Description top(file, value, "");
  top.choice("format", {"spikeloom-mac-weights"});
  top.integer("version", 1, 1);
  top.keys({"format", "version", "synthetic", "model", "model_source", "license", "layer", "quantizer", "assumptions",
            "arithmetic", "inputs", "operations"});
  read_weights_origin(top);
  arithmetic = static_cast<MacArithmetic>(top.choice("arithmetic", mac_arithmetic_names()));
  for (const auto& entry : top.list("inputs")) inputs.push_back(read_weight_input(file, entry, *this));
  for (const auto& entry : top.list("operations")) operations.push_back(read_weight_operation(file, entry, *this));
  file.finish();
}

MacTrace MacTrace::open(const std::string& activations_file) {
  const auto data = std::make_shared<SafetensorsFile>(activations_file);
  const SafetensorsFile& file = *data;
  const json value = parse_description(file);
  const Description top(file, value, "");
  top.choice("format", {"spikeloom-mac-activations"});
  top.integer("version", 1, 1);
  top.keys({"format", "version", "synthetic", "weights", "tokens", "text", "inputs", "operations", "assumptions"},
           {"vector_unit"});
  MacTrace trace;
  trace.read_activations_origin(data, top);
  trace.read_weights();
  const auto inputs = matching(top, "inputs", trace.inputs);
  for (size_t i = 0; i < inputs.size(); ++i) read_activation_input(file, inputs[i], trace, &trace.inputs[i]);
  const auto operations = matching(top, "operations", trace.operations);
  for (size_t i = 0; i < operations.size(); ++i) {
    MacOperation& operation = trace.operations[i];
    operations[i].keys({"name", "input"});
    check_same_input(operations[i], trace.inputs[operation.input].name);
    operation.expected = file.reals(operation.name + ".expected", {trace.tokens, operation.outputs});
  }
  trace.vector_unit = read_vector_unit(top);
  file.finish();
  return trace;
}

}  // namespace spikeloom
