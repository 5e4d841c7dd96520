#include "tests/support/tiny_attention.h"

#include <random>

#include "tests/support/tiny_layer.h"

namespace spikeloom {

TinyAttention::TinyAttention(const TinyAttentionSpec& spec) : state_(spec.seed) {
  trace.synthetic = true;
  trace.file = "tiny attention";
  trace.tokens = spec.tokens;
  trace.output_bits = spec.output_bits;
  AttentionTrace& attention = trace.attention.emplace();
  attention.heads = spec.heads;
  attention.kv_heads = spec.kv_heads;
  attention.head_dim = spec.head_dim;
  attention.first_position = spec.first_position;
  attention.context = spec.first_position + spec.tokens;
  make_queries(spec);
  make_keys_and_values();
  make_probabilities();
  for (AttentionOperation* operation : {&attention.scores, &attention.mix}) {
    operation->F = random(4, 7);
    operation->output_bits = spec.output_bits;
    for (int group = 0; group < spec.kv_heads; ++group)
      operation->theta.insert(operation->theta.end(), spec.heads / spec.kv_heads, random(1024, 8192));
  }
  make_expected();
}

int TinyAttention::random(int least, int most) {
  std::mt19937 engine(static_cast<unsigned>(state_++) * 2654435761u);
  return least + static_cast<int>(engine() % static_cast<unsigned>(most - least + 1));
}

void TinyAttention::make_queries(const TinyAttentionSpec& spec) {
  AttentionTrace& attention = *trace.attention;
  HeadCodes& queries = attention.queries;
  queries.size = spec.heads * spec.head_dim;
  queries.digits = spec.digits;
  queries.u = 1;
  queries.most_E = 3;
  queries.most_E7 = spec.digits ? 2 : 0;
  const size_t mask_bytes = (size_t(queries.size) + 7) / 8;
  query_codes_.resize(size_t(spec.tokens) * queries.size);
  query_mask_.resize(spec.tokens * mask_bytes);
  for (int m = 0; m < spec.tokens; ++m) {
    for (int head = 0; head < spec.heads; ++head) {
      queries.e.push_back(0);
      queries.E.push_back(random(0, queries.most_E));
      queries.E7.push_back(random(0, queries.most_E7));
    }
    for (int k = 0; k < queries.size; ++k) {
      const bool salient = random(0, 9) == 0;
      int code = spec.digits ? random(0, 127) : salient ? random(0, 31) : random(0, 15);
      if ((spec.digits && code == 64) || (!spec.digits && !salient && code == 8)) code = 0;  // zero has no sign
      query_codes_[size_t(m) * queries.size + k] = uint8_t(code);
      query_mask_[m * mask_bytes + k / 8] |= uint8_t(salient << (k % 8));
    }
  }
  queries.codes = query_codes_.data();
  queries.salient_mask = query_mask_.data();
}

void TinyAttention::make_keys_and_values() {
  AttentionTrace& attention = *trace.attention;
  const int width = attention.kv_heads * attention.head_dim;
  for (int i = 0; i < attention.context * width / 2; ++i) {
    keys_.push_back(uint8_t(random(0, 255)));
    values_.push_back(uint8_t(random(0, 255)));
  }
  attention.keys = {width, 1, keys_.data()};
  attention.values = {width, 1, values_.data()};
  attention.most_value_shift = 7;
  attention.value_e_min.assign(attention.kv_heads, 0);
  for (int i = 0; i < attention.context * attention.kv_heads; ++i) {
    attention.key_e.push_back(0);
    attention.value_shift.push_back(random(0, 7));
  }
}

void TinyAttention::make_probabilities() {
  AttentionTrace& attention = *trace.attention;
  HeadCodes& probabilities = attention.probabilities;
  const int C = attention.context, rows = trace.tokens * attention.heads;
  probabilities.size = C;
  probabilities.u = 1;
  probabilities.most_E = 2;
  const size_t mask_bytes = (size_t(C) + 7) / 8;
  probability_codes_.assign(size_t(rows) * C, 0);
  probability_mask_.assign(rows * mask_bytes, 0);
  for (int row = 0; row < rows; ++row) {
    probabilities.e.push_back(0);
    probabilities.E.push_back(random(0, 2));
    probabilities.E7.push_back(0);
    for (int n = 0; n < attention.seen(row / attention.heads); ++n) {
      const bool salient = random(0, 5) == 0;
      probability_codes_[size_t(row) * C + n] = uint8_t(salient ? random(0, 15) : random(0, 15) * random(0, 1));
      probability_mask_[row * mask_bytes + n / 8] |= uint8_t(salient << (n % 8));
    }
  }
  probabilities.codes = probability_codes_.data();
  probabilities.salient_mask = probability_mask_.data();
}

int64_t TinyAttention::query(int m, int k) const {
  const HeadCodes& queries = trace.attention->queries;
  const int byte = queries.code_at(m, k), row = m * trace.attention->heads + k / trace.attention->head_dim;
  if (queries.digits)
    return (byte & 64 ? -1 : 1) * (8 * (byte >> 3 & 7) + (byte & 7)) * (int64_t{1} << queries.E7[row]);
  if (queries.salient(m, k))
    return (byte & 16 ? -1 : 1) * (4 + (byte & 3)) * (int64_t{2} << ((byte >> 2 & 3) + queries.E[row]));
  return (byte & 8 ? -1 : 1) * (byte & 7);
}

int64_t TinyAttention::probability(int row, int n) const {
  const HeadCodes& probabilities = trace.attention->probabilities;
  const int byte = probabilities.code_at(row, n);
  return probabilities.salient(row, n) ? (4 + (byte & 3)) * (int64_t{2} << ((byte >> 2 & 3) + probabilities.E[row]))
                                       : byte;
}

void TinyAttention::make_expected() {
  AttentionTrace& attention = *trace.attention;
  const int d = attention.head_dim;
  for (int row = 0; row < trace.tokens * attention.heads; ++row) {
    const int m = row / attention.heads, head = row % attention.heads, group = attention.kv_head(head);
    for (int n = 0; n < attention.context; ++n) {
      int64_t y = 0;
      for (int i = 0; i < d; ++i) y += query(m, head * d + i) * attention.key(n, group, i);
      const int64_t code =
          fired_code(y, attention.scores.F, attention.scores.theta[head], attention.scores.output_bits);
      attention.scores.expected.push_back(n < attention.seen(m) ? code : 0);
    }
    for (int i = 0; i < d; ++i) {
      int64_t y = 0;
      for (int n = 0; n < attention.seen(m); ++n)
        y += probability(row, n) * attention.value(n, group, i) * (int64_t{1} << attention.shift(n, group));
      attention.mix.expected.push_back(
          fired_code(y, attention.mix.F, attention.mix.theta[head], attention.mix.output_bits));
    }
  }
}

}  // namespace spikeloom
