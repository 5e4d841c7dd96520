#include "sim/base/trace.h"

#include <algorithm>

#include "sim/base/description.h"
#include "sim/base/mac_trace.h"
#include "sim/base/rate_trace.h"
#include "sim/base/trace_tensors.h"

namespace spikeloom {

namespace {

using nlohmann::json;

InputTrace read_weight_input(const SafetensorsFile& file, const Description& entry,
                             const std::vector<InputTrace>& inputs) {
  entry.keys({"name", "size", "wide_inputs", "group"});
  InputTrace input;
  input.name = new_name(entry, "input", inputs);
  input.size = entry.integer("size", 1, kMostSize);
  input.group = entry.integer("group", 0, input.size);
  if (input.group > 0 && input.size % input.group != 0) entry.fail("group", "must divide the input's size");
  const int wide = entry.integer("wide_inputs", 0, input.size);
  input.wide_rank.assign(input.size, -1);
  if (wide > 0) {
    const auto indices = file.integers(input.name + ".wide", {wide}, "I32");
    check_range(file, input.name + ".wide", indices, 0, input.size - 1);
    for (int i = 0; i < wide; ++i) {
      if (i > 0 && indices[i] <= indices[i - 1]) file.fail("tensor '" + input.name + ".wide': must ascend");
      input.wide.push_back(static_cast<int>(indices[i]));
      input.wide_rank[indices[i]] = i;
    }
  }
  return input;
}

void check_padding(const SafetensorsFile& file, const OperationTrace& operation, int rows) {
  for (int row = 0; row < rows && operation.outputs % 2 != 0; ++row)
    if (operation.nibble(row, operation.outputs) != 0)
      file.fail("tensor '" + operation.name + ".weights': the last nibble of row " + std::to_string(row) +
                " is padding and must be 0");
}

OperationTrace read_weight_operation(const SafetensorsFile& file, const Description& entry, const LayerTrace& layer) {
  entry.keys({"name", "input", "outputs", "has_h"});
  OperationTrace operation;
  operation.name = new_name(entry, "operation", layer.operations);
  operation.input = input_index(entry, layer.inputs);
  operation.outputs = entry.integer("outputs", 1, kMostSize);
  operation.row_bytes = (operation.outputs + 1) / 2;
  const InputTrace& input = layer.inputs[operation.input];
  const int rows = input.size + static_cast<int>(input.wide.size());
  operation.weights = file.bytes(operation.name + ".weights", {rows, operation.row_bytes});
  check_padding(file, operation, rows);
  if (entry.flag("has_h")) {
    const std::string name = operation.name + ".h";
    operation.h = file.bytes(name, {input.groups(), operation.outputs});
    check_range(file, name, file.integers(name, {input.groups(), operation.outputs}, "U8"), 0, 3);
  }
  return operation;
}

void read_activation_input(const SafetensorsFile& file, const Description& entry, ActivationCode code, int tokens,
                           InputTrace* input) {
  entry.keys({"name", "size", "salient_format", "digits", "has_g", "z", "u", "E_max", "E7_max", "g_max", "salient_rule",
              "salient_k", "salient_share"});
  check_same_size(entry, input->size);
  input->code = code;
  input->salient_format =
      static_cast<SalientFormat>(entry.choice("salient_format", {"floating", "shifted", "extended"}));
  const bool is_signed = code == ActivationCode::kSigned;
  if (input->salient_format == SalientFormat::kShifted && !is_signed)
    entry.fail("salient_format", "'shifted' needs code 'signed'");
  if (input->salient_format == SalientFormat::kExtended && is_signed)
    entry.fail("salient_format", "'extended' needs code 'unsigned'");
  input->digits = entry.flag("digits");
  if (input->digits && (!is_signed || input->salient_format != SalientFormat::kFloating || input->wide.empty()))
    entry.fail("digits", "needs code 'signed', salient_format 'floating' and wide inputs");
  input->z = entry.integer("z", is_signed ? 0 : -64, is_signed ? 0 : 64);
  input->u = entry.positive("u");
  input->salient_mark = static_cast<SalientMark>(entry.choice("salient_rule", {"none", "mad", "rounded_mad"}));
  input->salient_k = entry.real("salient_k");
  input->salient_share = entry.share("salient_share");
  input->most_E = entry.integer("E_max", 0, 7);
  input->most_E7 = entry.integer("E7_max", 0, 7);
  input->most_g = entry.integer("g_max", 0, 3);
  const int K = input->size;
  input->codes = file.bytes(input->name + ".codes", {tokens, K});
  input->salient_mask = file.bytes(input->name + ".salient_mask", {tokens, (K + 7) / 8});
  input->e = file.integers(input->name + ".e", {tokens}, "I8");
  input->E = file.integers(input->name + ".E", {tokens}, "U8");
  check_range(file, input->name + ".E", input->E, 0, input->most_E);
  input->E7.assign(tokens, 0);
  if (input->digits) {
    input->E7 = file.integers(input->name + ".E7", {tokens}, "U8");
    check_range(file, input->name + ".E7", input->E7, 0, input->most_E7);
  }
  input->g.assign(static_cast<size_t>(tokens) * input->groups(), 0);
  if (entry.flag("has_g")) {
    if (!is_signed || input->group == 0)
      entry.fail("has_g", "window shifts of activations need code 'signed' and a group size above 0");
    input->g = file.integers(input->name + ".g", {tokens, input->groups()}, "U8");
    check_range(file, input->name + ".g", input->g, 0, input->most_g);
  }
  const auto digit_pair = [input](int k) { return input->digits && input->is_wide(k); };
  check_codes(file, input->name, *input, tokens, {code, input->salient_format, digit_pair, "input", 0});
}

void read_operation(const SafetensorsFile& file, const Description& entry, const LayerTrace& layer,
                    OperationTrace* operation) {
  entry.keys({"name", "input", "F", "gamma"});
  const InputTrace& input = layer.inputs[operation->input];
  check_same_input(entry, input.name);
  operation->F = entry.integer("F", 0, kMostF);
  operation->gamma = entry.integer("gamma", -kMostGamma, kMostGamma);
  operation->output_bits = layer.output_bits;
  const std::string& name = operation->name;
  operation->theta = read_thresholds(file, name, operation->outputs);
  operation->v0 = file.integers(name + ".v0", {operation->outputs}, "I64");
  const int64_t largest_v0 = input.code == ActivationCode::kSigned ? 0 : int64_t{1} << 40;
  check_range(file, name + ".v0", operation->v0, -largest_v0, largest_v0);
  operation->expected = read_expected(file, name, {layer.tokens, operation->outputs}, layer.output_bits);
}

void read_inputs(const SafetensorsFile& file, const Description& top, LayerTrace* layer) {
  const auto code = static_cast<ActivationCode>(top.choice("code", {"signed", "unsigned"}));
  const auto entries = matching(top, "inputs", layer->inputs);
  for (size_t i = 0; i < entries.size(); ++i)
    read_activation_input(file, entries[i], code, layer->tokens, &layer->inputs[i]);
}

void read_operations(const SafetensorsFile& file, const Description& top, LayerTrace* layer) {
  const auto entries = matching(top, "operations", layer->operations);
  for (size_t i = 0; i < entries.size(); ++i) read_operation(file, entries[i], *layer, &layer->operations[i]);
}

}  // namespace

void LayerTrace::read_weights() {
  const SafetensorsFile& file = *weights_data_;
  const json value = parse_description(file);
  const Description top(file, value, "");
  top.choice("format", {"spikeloom-weights"});
  top.integer("version", 1, 1);
  top.keys({"format", "version", "synthetic", "model", "model_source", "license", "layer", "quantizer", "assumptions",
            "inputs", "operations"});
  read_weights_origin(top);
  for (const auto& entry : top.list("inputs")) inputs.push_back(read_weight_input(file, entry, inputs));
  for (const auto& entry : top.list("operations")) operations.push_back(read_weight_operation(file, entry, *this));
  file.finish();
}

LayerTrace LayerTrace::open(const std::string& activations_file) {
  const auto data = std::make_shared<SafetensorsFile>(activations_file);
  const SafetensorsFile& file = *data;
  const json value = parse_description(file);
  const Description top(file, value, "");
  if (MacTrace::is_format(top.text("format")))
    file.fail("is a multiply-accumulate trace ('" + top.text("format") + "'), not one of spikes");
  if (RateTrace::is_format(top.text("format")))
    file.fail("is a trace of recorded spikes ('" + top.text("format") + "'), not one of codes");
  top.choice("format", {"spikeloom-activations"});
  top.integer("version", 1, 1);
  top.keys({"format", "version", "synthetic", "weights", "code", "tokens", "text", "u_r", "output_bits", "inputs",
            "operations", "assumptions"},
           {"attention", "vector_unit"});
  LayerTrace layer;
  layer.read_activations_origin(data, top);
  layer.read_weights();
  layer.output_bits = top.integer("output_bits", 2, 16);
  top.real("u_r");
  read_inputs(file, top, &layer);
  read_operations(file, top, &layer);
  layer.attention = read_attention(file, top, layer.tokens);
  layer.vector_unit = read_vector_unit(top);
  file.finish();
  layer.check_vector_unit();
  return layer;
}

int InputTrace::group_of(int k) const {
  if (bounds.empty()) return group == 0 ? 0 : k / group;
  return static_cast<int>(std::upper_bound(bounds.begin(), bounds.end(), k) - bounds.begin()) - 1;
}

const uint8_t* LayerTrace::keep(std::vector<uint8_t> bytes) {
  made_.push_back(std::make_shared<const std::vector<uint8_t>>(std::move(bytes)));
  return made_.back()->data();
}

int64_t LayerTrace::seen_scores(int end) const {
  int64_t sum = 0;
  for (int m = 0; m < end; ++m) sum += int64_t{attention ? attention->heads : scores.heads} * seen(m);
  return sum;
}

// Work of the vector unit is a whole number of elements and vectors per token, or one per position that it sees.
void LayerTrace::check_vector_unit() const {
  for (const VectorWork& work : vector_unit) {
    const std::string name = file + ": description: vector_unit '" + work.name + "'";
    if (work.vectors % tokens != 0)
      throw UserError(name + ": " + std::to_string(work.vectors) + " vectors do not divide among " +
                      std::to_string(tokens) + " tokens");
    if (work.causal() && !attention && !mac) throw UserError(name + ": needs the key 'attention'");
    if (work.causal() || work.kind == VectorKind::kSoftmax) {
      const int64_t seen = work.causal() ? seen_scores(tokens) : work.vectors * tokens;
      if (work.elements != seen)
        throw UserError(name + ": " + std::to_string(work.elements) + " elements, but tokens and heads see " +
                        std::to_string(seen));
    }
    if (!work.causal() && work.elements % tokens != 0)
      throw UserError(name + ": " + std::to_string(work.elements) + " elements do not divide among " +
                      std::to_string(tokens) + " tokens");
    if (work.causal() ? work.vectors == 0 : (work.vectors == 0) != (work.elements == 0))
      throw UserError(name + ": " + std::to_string(work.elements) + " elements in " + std::to_string(work.vectors) +
                      " vectors");
    if (!work.causal() && work.vectors > 0 && work.elements % work.vectors != 0)
      throw UserError(name + ": " + std::to_string(work.elements) + " elements do not divide among " +
                      std::to_string(work.vectors) + " vectors");
  }
  check_vector_elements();
}

// Of a decoder layer: what is coded has the elements of the input that it becomes and of the work before it, and all
// that works on the residual stream has as many.
void LayerTrace::check_vector_elements() const {
  const auto fail = [this](const VectorWork& work, int64_t expected, const std::string& of) {
    throw UserError(file + ": description: vector_unit '" + work.name + "': " + std::to_string(work.elements) +
                    " elements, but " + of + " has " + std::to_string(expected));
  };
  const VectorWork* residual = nullptr;
  for (size_t i = 0; i < vector_unit.size(); ++i) {
    const VectorWork& work = vector_unit[i];
    if (work.kind == VectorKind::kEncode && !work.causal())
      for (const InputTrace& input : inputs) {
        const int64_t expected = int64_t{tokens} * input.rows_per_token * input.size;
        if (input.maker() == work.name && work.elements != expected) fail(work, expected, "input '" + input.name + "'");
      }
    const bool is_coded = i + 1 < vector_unit.size() && vector_unit[i + 1].kind == VectorKind::kEncode;
    if ((work.kind == VectorKind::kRmsNorm || work.kind == VectorKind::kGatedSilu) && is_coded &&
        work.elements != vector_unit[i + 1].elements)
      fail(work, vector_unit[i + 1].elements, "'" + vector_unit[i + 1].name + "', which codes them,");
    if (work.kind != VectorKind::kRmsNorm && work.kind != VectorKind::kResidualAdd) continue;
    if (residual && work.elements != residual->elements) fail(work, residual->elements, "'" + residual->name + "'");
    residual = &work;
  }
}

void LayerTrace::select(const std::vector<std::string>& names, int token_count) {
  std::string known;
  for (const auto& operation : operations) known += (known.empty() ? "" : ", ") + operation.name;
  for (const auto& work : vector_unit) known += (known.empty() ? "" : ", ") + work.name;
  for (const auto& name : names)
    if (index_of(operations, name) < 0 && index_of(vector_unit, name) < 0)
      throw UserError(file + ": has no operation '" + name + "' (it has: " + known + ")");
  if (token_count > tokens)
    throw UserError(file + ": has " + std::to_string(tokens) + " tokens, " + std::to_string(token_count) +
                    " asked for");
  const auto keep_named = [&names](auto* list) {
    list->erase(std::remove_if(
                    list->begin(), list->end(),
                    [&](const auto& item) { return std::find(names.begin(), names.end(), item.name) == names.end(); }),
                list->end());
  };
  keep_named(&operations);
  keep_named(&vector_unit);
  for (VectorWork& work : vector_unit) {
    work.vectors = work.vectors / tokens * token_count;
    work.elements = work.causal() ? seen_scores(token_count) : work.elements / tokens * token_count;
  }
  tokens = token_count;
}

}  // namespace spikeloom
