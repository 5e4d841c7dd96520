#include "sim/base/attention_trace.h"

#include <cmath>

#include "sim/base/description.h"
#include "sim/base/trace_tensors.h"

namespace spikeloom {

namespace {

constexpr int kMostExponent = 7;  // of E, E7 and value shifts

void read_shape(const Description& entry, int tokens, AttentionTrace* attention) {
  attention->heads = entry.integer("heads", 1, kMostSize);
  attention->kv_heads = entry.integer("kv_heads", 1, attention->heads);
  if (attention->heads % attention->kv_heads != 0) entry.fail("kv_heads", "must divide heads");
  attention->head_dim = entry.integer("head_dim", 2, kMostSize / attention->heads);
  if (attention->head_dim % 2 != 0) entry.fail("head_dim", "must be even");
  attention->context = entry.integer("context", tokens, kMostSize);
  attention->first_position = attention->context - tokens;
}

// Codes of `shape`, a row per entry of all but its last axis, and exponents [tokens, heads].
void read_codes(const SafetensorsFile& file, const std::string& name, const std::vector<int64_t>& shape, int tokens,
                int heads, HeadCodes* codes) {
  std::vector<int64_t> mask_shape = shape;
  mask_shape.back() = (shape.back() + 7) / 8;
  codes->size = static_cast<int>(shape.back());
  codes->codes = file.bytes(name + ".codes", shape);
  codes->salient_mask = file.bytes(name + ".salient_mask", mask_shape);
  codes->e = file.integers(name + ".e", {tokens, heads}, "I8");
  codes->E = file.integers(name + ".E", {tokens, heads}, "U8");
  check_range(file, name + ".E", codes->E, 0, codes->most_E);
  codes->E7.assign(codes->E.size(), 0);
  if (!codes->digits) return;
  codes->E7 = file.integers(name + ".E7", {tokens, heads}, "U8");
  check_range(file, name + ".E7", codes->E7, 0, codes->most_E7);
}

void read_queries(const SafetensorsFile& file, const Description& entry, int tokens, AttentionTrace* attention) {
  entry.keys({"digits", "u", "E_max", "E7_max", "salient_k", "salient_share"});
  HeadCodes& queries = attention->queries;
  queries.digits = entry.flag("digits");
  queries.u = entry.positive("u");
  queries.most_E = entry.integer("E_max", 0, kMostExponent);
  queries.most_E7 = entry.integer("E7_max", 0, kMostExponent);
  queries.salient_k = entry.real("salient_k");
  queries.salient_share = entry.share("salient_share");
  read_codes(file, "queries", {tokens, attention->heads * attention->head_dim}, tokens, attention->heads, &queries);
  check_codes(file, "queries", queries, tokens,
              {ActivationCode::kSigned, SalientFormat::kFloating, [&](int) { return queries.digits; }, "dimension", 0});
}

void read_probabilities(const SafetensorsFile& file, const Description& entry, int tokens, AttentionTrace* attention) {
  entry.keys({"u", "E_max", "salient_share"});
  HeadCodes& probabilities = attention->probabilities;
  const int heads = attention->heads;
  probabilities.u = entry.positive("u");
  probabilities.most_E = entry.integer("E_max", 0, kMostExponent);
  probabilities.salient_share = entry.share("salient_share");
  read_codes(file, "probabilities", {tokens, heads, attention->context}, tokens, heads, &probabilities);
  check_codes(file, "probabilities", probabilities, tokens * heads,
              {ActivationCode::kUnsigned, SalientFormat::kFloating, [](int) { return false; }, "position", heads});
}

void read_keys_and_values(const SafetensorsFile& file, const Description& top, AttentionTrace* attention) {
  const Description keys = top.section("keys"), values = top.section("values");
  keys.keys({"u"});
  values.keys({"u", "shift_max"});
  const int C = attention->context, G = attention->kv_heads, width = G * attention->head_dim;
  attention->keys = {width, keys.positive("u"), file.bytes("keys.codes", {C, width / 2})};
  attention->key_e = file.integers("keys.e", {C, G}, "I8");
  for (const float offset : file.reals("keys.offset", {G, attention->head_dim}))
    if (!std::isfinite(offset)) file.fail("tensor 'keys.offset': a value is not finite");
  attention->values = {width, values.positive("u"), file.bytes("values.codes", {C, width / 2})};
  attention->most_value_shift = values.integer("shift_max", 0, kMostExponent);
  attention->value_e_min = file.integers("values.e_min", {G}, "I8");
  attention->value_shift = file.integers("values.shift", {C, G}, "U8");
  check_range(file, "values.shift", attention->value_shift, 0, attention->most_value_shift);
}

AttentionOperation read_operation(const SafetensorsFile& file, const Description& entry, const std::string& name,
                                  const std::vector<int64_t>& shape, int heads) {
  entry.keys({"F", "gamma", "output_bits"});
  AttentionOperation operation;
  operation.F = entry.integer("F", 0, kMostF);
  operation.gamma = entry.integer("gamma", -kMostGamma, kMostGamma);
  operation.output_bits = entry.integer("output_bits", 2, 16);
  operation.theta = read_thresholds(file, name, heads);
  operation.expected = read_expected(file, name, shape, operation.output_bits);
  return operation;
}

// What stands at positions that a token does not see is 0.
void check_unseen(const SafetensorsFile& file, const AttentionTrace& attention, int tokens) {
  const HeadCodes& probabilities = attention.probabilities;
  for (int row = 0; row < tokens * attention.heads; ++row) {
    const int m = row / attention.heads;
    const auto fail = [&](const char* tensor, int64_t value, int position) {
      file.fail("tensor '" + std::string(tensor) + "': " + std::to_string(value) + " at token " + std::to_string(m) +
                ", head " + std::to_string(row % attention.heads) + ", position " + std::to_string(position) +
                ", which the token does not see: must be 0");
    };
    for (int n = attention.seen(m); n < attention.context; ++n) {
      const int64_t score = attention.scores.expected[static_cast<size_t>(row) * attention.context + n];
      if (score != 0) fail("scores.expected", score, n);
      if (probabilities.code_at(row, n) != 0) fail("probabilities.codes", probabilities.code_at(row, n), n);
      if (probabilities.salient(row, n)) fail("probabilities.salient_mask", 1, n);
    }
  }
}

}  // namespace

std::optional<AttentionTrace> read_attention(const SafetensorsFile& file, const Description& top, int tokens) {
  if (!top.has("attention")) return std::nullopt;
  const Description entry = top.section("attention");
  entry.keys(
      {"heads", "kv_heads", "head_dim", "context", "queries", "keys", "probabilities", "values", "scores", "mix"});
  AttentionTrace attention;
  read_shape(entry, tokens, &attention);
  const int H = attention.heads;
  read_queries(file, entry.section("queries"), tokens, &attention);
  read_keys_and_values(file, entry, &attention);
  attention.scores = read_operation(file, entry.section("scores"), "scores", {tokens, H, attention.context}, H);
  read_probabilities(file, entry.section("probabilities"), tokens, &attention);
  attention.mix = read_operation(file, entry.section("mix"), "mix", {tokens, H * attention.head_dim}, H);
  check_unseen(file, attention, tokens);
  return attention;
}

}  // namespace spikeloom
