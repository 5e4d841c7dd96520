#include "models/mac_layer.h"

#include <algorithm>
#include <cstdlib>

#include "models/activation_code.h"
#include "models/mac_reference.h"
#include "sim/base/binary16.h"
#include "sim/base/bits.h"
#include "sim/base/error.h"

namespace spikeloom {

namespace {

using Bytes = std::vector<uint8_t>;

// A code of `bits` bits as it travels.
uint8_t code_byte(int q, int bits, bool symmetric) {
  const int magnitude = std::abs(q), sign = q < 0;
  if (!symmetric) return uint8_t(q);
  if (bits <= 4) return uint8_t(sign << 3 | magnitude);
  return uint8_t((magnitude >> 4) << 5 | sign << 4 | (magnitude & 15));
}

Bytes code_bytes(const MacInput& from, int tokens) {
  Bytes bytes;
  for (int m = 0; m < tokens; ++m) {
    const int8_t* q = from.codes + static_cast<size_t>(m) * from.size;
    for (const MacGroup& group : from.groups)
      for (int i = 0; i < group.size; ++i) bytes.push_back(code_byte(*q++, group.activation_bits, from.symmetric));
  }
  return bytes;
}

// What makes the inputs of a decoder layer's linear operations where they are not coded.
std::string maker_of(const std::string& input) {
  static const std::vector<std::pair<std::string, std::string>> makers = {{"attention_input", "attention_norm"},
                                                                          {"attention_output", "softmax"},
                                                                          {"mlp_input", "mlp_norm"},
                                                                          {"mlp_hidden", "gated_silu"}};
  for (const auto& [name, maker] : makers)
    if (name == input) return maker;
  return "";
}

InputTrace make_input(const MacInput& from, Dequantized of, LayerTrace* layer) {
  InputTrace input;
  input.mac = &from;
  input.name = from.name;
  input.size = from.size;
  input.u = 1;
  input.wide_rank.assign(from.size, -1);
  input.code = from.symmetric ? ActivationCode::kSigned : ActivationCode::kUnsigned;
  if (from.groups.empty()) {
    input.code_bytes = 2;
    input.codes = from.values;
    input.planes = 4;
    input.in_order = true;
    input.made_by = maker_of(from.name);
  } else {
    input.bounds.push_back(0);
    for (const MacGroup& group : from.groups) {
      for (int k = input.bounds.back(); k < input.bounds.back() + group.size && group.weight_bits > 4; ++k) {
        input.wide_rank[k] = static_cast<int>(input.wide.size());
        input.wide.push_back(k);
      }
      input.digits = input.digits || group.activation_bits > 4;
      input.bounds.push_back(input.bounds.back() + group.size);
    }
    input.codes = layer->keep(code_bytes(from, layer->tokens));
    input.in_order = from.groups.size() > 1 || of == Dequantized::kOperands;
  }
  input.e.assign(layer->tokens, 0);
  input.E = input.E7 = input.e;
  input.g.assign(static_cast<size_t>(layer->tokens) * input.groups(), 0);
  return input;
}

Bytes weight_rows(const MacOperation& from, const InputTrace& input) {
  const size_t row_bytes = (from.outputs + 1) / 2;
  Bytes rows((static_cast<size_t>(input.size) * input.planes + input.wide.size()) * row_bytes, 0);
  const auto row_at = [&](size_t row) { return &rows[row * row_bytes]; };
  for (int k = 0; k < input.size; ++k)
    for (int n = 0; n < from.outputs; ++n) {
      const size_t at = static_cast<size_t>(k) * from.outputs + n;
      if (from.real_weights) {
        const int bits = from.real_weights[2 * at] | from.real_weights[2 * at + 1] << 8;
        for (int plane = 0; plane < 4; ++plane) put_nibble(row_at(4 * k + plane), n, bits >> 4 * plane);
        continue;
      }
      put_nibble(row_at(k), n, from.weights[at]);
      if (input.is_wide(k)) put_nibble(row_at(input.size + input.wide_rank[k]), n, from.weights[at] >> 4);
    }
  return rows;
}

OperationTrace make_operation(const MacOperation& from, Dequantized of, LayerTrace* layer) {
  OperationTrace operation;
  operation.mac = &from;
  operation.name = from.name;
  operation.input = from.input;
  operation.outputs = from.outputs;
  operation.output_bits = layer->output_bits;
  operation.row_bytes = (from.outputs + 1) / 2;
  operation.weights = layer->keep(weight_rows(from, layer->inputs[from.input]));
  const bool integers = layer->mac->arithmetic == MacArithmetic::kInteger;
  operation.sums = integers && of == Dequantized::kOperands ? run_operand_reference(*layer->mac, from) : from.expected;
  for (const float y : operation.sums) operation.expected.push_back(sign_extend(to_binary16(y), 16));
  return operation;
}

// The fewest bits that hold all weights.
WeightKind kind_of(const MacTrace& trace) {
  bool zeros = false;
  for (const MacOperation& operation : trace.operations) {
    const size_t count = static_cast<size_t>(trace.inputs[operation.input].size) * operation.outputs;
    for (size_t i = 0; i < count; ++i) {
      if (!operation.weights || std::abs(operation.weights[i]) > 1) return WeightKind::kFourBits;
      zeros = zeros || operation.weights[i] == 0;
    }
  }
  return zeros ? WeightKind::kTernary : WeightKind::kBinary;
}

// Whether every token sees every position: encoders alone have layer norms.
bool is_encoder(const LayerTrace& layer) {
  return std::any_of(layer.vector_unit.begin(), layer.vector_unit.end(),
                     [](const VectorWork& work) { return work.kind == VectorKind::kLayerNorm; });
}

// Heads, and the first token's position, from the scores that the vector unit is said to see.
LayerTrace::Scores scores_of(const LayerTrace& layer) {
  for (const VectorWork& work : layer.vector_unit) {
    if (work.kind != VectorKind::kSoftmax || work.vectors < layer.tokens) continue;
    const int64_t heads = work.vectors / layer.tokens, M = layer.tokens;
    return {static_cast<int>(heads), static_cast<int>((work.elements / heads - M * (M + 1) / 2) / M)};
  }
  return {};
}

}  // namespace

LayerTrace make_mac_layer(std::shared_ptr<const MacTrace> trace, Dequantized of) {
  LayerTrace layer;
  static_cast<TraceOrigin&>(layer) = *trace;
  layer.mac = trace;
  layer.output_bits = 16;
  for (const MacInput& input : trace->inputs) layer.inputs.push_back(make_input(input, of, &layer));
  for (const MacOperation& operation : trace->operations)
    layer.operations.push_back(make_operation(operation, of, &layer));
  layer.weight_kind = kind_of(*trace);
  layer.vector_unit = trace->vector_unit;
  if (is_encoder(layer))
    for (VectorWork& work : layer.vector_unit) work.bidirectional = true;
  else
    layer.scores = scores_of(layer);
  layer.check_vector_unit();
  return layer;
}

LayerTrace open_mac_layer(const std::string& activations_file, Dequantized of) {
  return make_mac_layer(std::make_shared<const MacTrace>(MacTrace::open(activations_file)), of);
}

int row_scale_bits(const InputTrace& input, int group) {
  return kScaleBits + (input.mac->symmetric ? 0 : input.mac->groups[group].activation_bits);
}

int column_sum_bits(const InputTrace& input, int group) {
  const MacGroup& at = input.mac->groups[group];
  return input.mac->symmetric ? 0 : register_bits(uint64_t(at.size) << (at.weight_bits - 1));
}

int64_t column_sum(const InputTrace& input, const OperationTrace& operation, int group, int n) {
  int64_t sum = 0;
  for (int k = input.group_begin(group); k < input.group_end(group); ++k)
    sum += operation.mac->weights[static_cast<size_t>(k) * operation.outputs + n];
  return sum;
}

int mac_parameter_bits(const InputTrace& input) {
  int bits = 0;
  for (int group = 0; has_row_scales(input) && group < input.groups(); ++group)
    bits += kScaleBits + column_sum_bits(input, group);
  return bits;
}

int accumulator_needs(const InputTrace& input, const OperationTrace& operation) {
  uint64_t most = 0;
  for (int group = 0; has_row_scales(input) && group < input.groups(); ++group) {
    std::vector<uint64_t> sums(operation.outputs, 0);
    for (int k = input.group_begin(group); k < input.group_end(group); ++k)
      for (int n = 0; n < operation.outputs; ++n)
        sums[n] += uint64_t(std::abs(int(operation.mac->weights[static_cast<size_t>(k) * operation.outputs + n])));
    const int bits = input.mac->groups[group].activation_bits - (input.mac->symmetric ? 1 : 0);
    most = std::max(most, *std::max_element(sums.begin(), sums.end()) * ((uint64_t{1} << bits) - 1));
  }
  return most == 0 ? 0 : register_bits(most);
}

int product_sum_bits(const InputTrace& input, const RegisterNeeds& needs) {
  return needs.slope_bits + ceil_log2(CodeFormat::of(input).largest_magnitude());
}

}  // namespace spikeloom
