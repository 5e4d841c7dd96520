#include "models/attention_operations.h"

#include <algorithm>
#include <functional>

#include "models/attention_reference.h"
#include "models/rate_layer.h"

namespace spikeloom {

namespace {

// Row v is token v / R and head block * R + v % R of block `block`, with R heads a block.
struct Rows {
  int tokens, heads, blocks;
  int per_token() const { return heads / blocks; }
  int count() const { return tokens * per_token(); }
  int token(int row) const { return row / per_token(); }
  int head(int row, int block) const { return block * per_token() + row % per_token(); }
  // Of the trace's rows [token, head].
  size_t of_trace(int row, int block) const { return size_t(token(row)) * heads + head(row, block); }
};

const uint8_t* keep(LayerTrace* layer, std::vector<uint8_t> bytes) {
  layer->made.push_back(std::make_shared<const std::vector<uint8_t>>(std::move(bytes)));
  return layer->made.back()->data();
}

// Codes [rows, blocks * block_inputs]; `at` gives code and mask of block input i.
void lay_out_codes(LayerTrace* layer, const Rows& rows, int block_inputs,
                   const std::function<std::pair<uint8_t, bool>(int row, int block, int i)>& at, InputTrace* input) {
  input->size = rows.blocks * block_inputs;
  const size_t mask_bytes = (size_t(input->size) + 7) / 8;
  std::vector<uint8_t> codes(size_t(rows.count()) * input->size), mask(rows.count() * mask_bytes);
  for (int row = 0; row < rows.count(); ++row)
    for (int k = 0; k < input->size; ++k) {
      const auto [code, salient] = at(row, k / block_inputs, k % block_inputs);
      codes[size_t(row) * input->size + k] = code;
      mask[row * mask_bytes + k / 8] |= uint8_t(salient << (k % 8));
    }
  input->codes = keep(layer, std::move(codes));
  input->salient_mask = keep(layer, std::move(mask));
  input->wide_rank.assign(input->size, -1);
}

InputTrace make_input(const std::string& name, const HeadCodes& codes, const Rows& rows, const AttentionTrace& from) {
  InputTrace input;
  input.name = name;
  input.digits = input.all_digits = codes.digits;
  input.rows_per_token = rows.per_token();
  input.blocks = rows.blocks;
  input.first_position = from.first_position;
  input.u = codes.u;
  input.salient_k = codes.salient_k;
  input.salient_share = codes.salient_share;
  input.most_E = codes.most_E;
  input.most_E7 = codes.most_E7;
  for (int row = 0; row < rows.count(); ++row)
    for (int block = 0; block < rows.blocks; ++block) {
      input.e.push_back(codes.e[rows.of_trace(row, block)]);
      input.E.push_back(codes.E[rows.of_trace(row, block)]);
      input.E7.push_back(codes.E7[rows.of_trace(row, block)]);
    }
  input.g.assign(rows.count(), 0);
  return input;
}

// Weights [blocks * block_inputs, ceil(block_outputs / 2)]; `at` gives the weight of a block's input i and output n.
OperationTrace make_operation(LayerTrace* layer, const std::string& name, const AttentionOperation& from,
                              const Rows& rows, int block_inputs, int block_outputs,
                              const std::function<int(int block, int i, int n)>& at) {
  OperationTrace operation;
  operation.name = name;
  operation.outputs = rows.blocks * block_outputs;
  operation.output_bits = from.output_bits;
  operation.F = from.F;
  operation.gamma = from.gamma;
  operation.row_bytes = (block_outputs + 1) / 2;
  std::vector<uint8_t> weights(size_t(rows.blocks) * block_inputs * operation.row_bytes);
  for (int k = 0; k < rows.blocks * block_inputs; ++k)
    for (int n = 0; n < block_outputs; ++n)
      weights[size_t(k) * operation.row_bytes + n / 2] |=
          uint8_t((at(k / block_inputs, k % block_inputs, n) & 15) << (n % 2 * 4));
  operation.weights = keep(layer, std::move(weights));
  operation.v0.assign(operation.outputs, 0);
  for (int block = 0; block < rows.blocks; ++block) {
    const int64_t theta = from.theta[rows.head(0, block)];
    for (int row = 1; row < rows.per_token(); ++row)
      if (from.theta[rows.head(row, block)] != theta)
        throw UserError(layer->file + ": tensor '" + name + ".theta': heads " + std::to_string(rows.head(0, block)) +
                        " and " + std::to_string(rows.head(row, block)) +
                        " share keys and values but not a threshold, and a tile has one threshold per output");
    operation.theta.insert(operation.theta.end(), block_outputs, theta);
  }
  return operation;
}

void add_scores(LayerTrace* layer, const AttentionTrace& from, const Rows& rows, int positions, InputTrace* input,
                OperationTrace* operation) {
  const int d = from.head_dim;
  *input = make_input("queries", from.queries, rows, from);
  input->causal = Causal::kOutputs;
  lay_out_codes(
      layer, rows, d,
      [&](int row, int block, int i) {
        const int m = rows.token(row), k = rows.head(row, block) * d + i;
        return std::make_pair(from.queries.code_at(m, k), from.queries.salient(m, k));
      },
      input);
  *operation = make_operation(layer, "scores", from.scores, rows, d, positions,
                              [&](int block, int i, int n) { return from.key(n, block, i); });
  for (int row = 0; row < rows.count(); ++row)
    for (int block = 0; block < rows.blocks; ++block)
      for (int n = 0; n < positions; ++n)
        operation->expected.push_back(from.scores.expected[rows.of_trace(row, block) * from.context + n]);
}

void add_mix(LayerTrace* layer, const AttentionTrace& from, const Rows& rows, int positions, InputTrace* input,
             OperationTrace* operation) {
  const int d = from.head_dim;
  *input = make_input("probabilities", from.probabilities, rows, from);
  input->causal = Causal::kInputs;
  input->code = ActivationCode::kUnsigned;
  lay_out_codes(
      layer, rows, positions,
      [&](int row, int block, int n) {
        const int of_trace = int(rows.of_trace(row, block));
        return std::make_pair(from.probabilities.code_at(of_trace, n), from.probabilities.salient(of_trace, n));
      },
      input);
  std::vector<uint8_t> shifts;
  for (int block = 0; block < rows.blocks; ++block)
    for (int n = 0; n < positions; ++n) shifts.push_back(uint8_t(from.shift(n, block)));
  input->row_shift = keep(layer, std::move(shifts));
  *operation = make_operation(layer, "mix", from.mix, rows, positions, d,
                              [&](int block, int n, int i) { return from.value(n, block, i); });
  for (int row = 0; row < rows.count(); ++row)
    for (int block = 0; block < rows.blocks; ++block)
      for (int i = 0; i < d; ++i) operation->expected.push_back(from.mix.expected[rows.of_trace(row, block) * d + i]);
}

}  // namespace

void add_attention_operations(LayerTrace* layer, int tokens) {
  if (!layer->attention) return;
  const AttentionTrace& from = *layer->attention;
  const Rows rows{tokens, from.heads, from.kv_heads};
  const int positions = from.seen(tokens - 1);
  std::vector<InputTrace> inputs(2);
  std::vector<OperationTrace> operations(2);
  add_scores(layer, from, rows, positions, &inputs[0], &operations[0]);
  add_mix(layer, from, rows, positions, &inputs[1], &operations[1]);
  for (int i = 0; i < 2; ++i) operations[i].input = int(layer->inputs.size()) + i;
  layer->inputs.insert(layer->inputs.end(), inputs.begin(), inputs.end());
  const auto behind = std::find_if(layer->operations.begin(), layer->operations.end(),
                                   [](const OperationTrace& operation) { return operation.input != 0; });
  layer->operations.insert(behind, operations.begin(), operations.end());
}

RegisterNeeds operation_needs(const LayerTrace& layer, const OperationTrace& operation) {
  switch (layer.inputs[operation.input].causal) {
    case Causal::kOutputs:
      return scores_needs(*layer.attention);
    case Causal::kInputs:
      return mix_needs(*layer.attention);
    case Causal::kNone:
      break;
  }
  if (layer.inputs[operation.input].recorded()) return rate_register_needs(layer, operation);
  return register_needs(layer, operation);
}

}  // namespace spikeloom
