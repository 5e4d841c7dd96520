// Attention by hand, and against integer dot products written out here.
//
// The small attention of tests/support. Queries: token 0: head 0 (3, -2), head 1 (5 << (1+1+1) = 40, 0); token 1: head
// 0 (0, 7), head 1 (-1, -(4 << 1) = -8). Keys (1, -2), (7, -8), (-3, 5). Token 0 sees two of them. scores  token 0: 7
// 37; 40 280.  token 1: -14 -56 35; 15 57 -37
//         head 0: (V * 2^7 + 512) / 1024: 1.4 5.1; -1.25 -6.5 4.9. head 1: (V * 2^7 + 750) / 1500: 3.9 24.4; 1.8 5.4
//         -2.7
// Probabilities: token 0: head 0 (5, 10), head 1 (15, 7 << 1 = 14); token 1: head 0 (1, 2, 4 << (1+3+2) = 256), head 1
// (0, 0, 15). Values times 2^shift (2, -1), (-64, 56), (6, 8).
// mix     token 0: 10-640 = -630, -5+560 = 555; 30-896 = -866, -15+784 = 769
//         token 1: 2-128+1536 = 1410, -1+112+2048 = 2159; 90, 120
//         head 0: (V * 2^4 + 1024) / 2048: -4.4 4.8; 11.5 17.4. head 1: (V * 2^4 + 512) / 1024: -13.03 12.5; 1.9 2.4

#include "models/attention_reference.h"

#include <gtest/gtest.h>

#include "tests/support/attention_files.h"
#include "tests/support/property.h"

namespace spikeloom {
namespace {

enum { kTtfs, kCount, kRadix };

class SmallAttentionExact : public testing::Test {
 protected:
  ReferenceResult scores(int code, FiringPolicy firing = FiringPolicy::kRadix) const {
    return run_scores(*layer_.attention, layer_.tokens, *make_spike_code(code), firing);
  }
  ReferenceResult mix(int code, FiringPolicy firing = FiringPolicy::kRadix) const {
    return run_mix(*layer_.attention, layer_.tokens, *make_spike_code(code), firing);
  }

  TempFolder folder_;
  LayerTrace layer_ = LayerTrace::open(small_attention_trace().write(folder_));
};

TEST_F(SmallAttentionExact, ScoresAreTheHandCalculatedCodesAndZeroWhereNotSeen) {
  const std::vector<int> expected = {1, 5, 0, 3, 24, 0, -2, -7, 4, 1, 5, -3};
  for (const int code : {kTtfs, kCount, kRadix}) {
    EXPECT_EQ(scores(code).outputs, expected);
    EXPECT_EQ(scores(code, FiringPolicy::kUnary).outputs, expected);
    EXPECT_EQ(scores(code).largest_membrane, 280);
  }
}

TEST_F(SmallAttentionExact, MixIsTheHandCalculatedSumOfShiftedValues) {
  const std::vector<int> expected = {-5, 4, -14, 12, 11, 17, 1, 2};
  for (const int code : {kTtfs, kCount, kRadix}) {
    EXPECT_EQ(mix(code).outputs, expected);
    EXPECT_EQ(mix(code, FiringPolicy::kUnary).outputs, expected);
    EXPECT_EQ(mix(code).largest_membrane, 2159);
  }
}

TEST_F(SmallAttentionExact, SpikesAreOnePerNonzeroCode) {
  EXPECT_EQ(scores(kTtfs).spikes, 2u + 1 + 1 + 2);
  EXPECT_EQ(scores(kTtfs).additions, 2u * (2 + 1) + 3 * (1 + 2));  // lanes are the positions seen
  EXPECT_EQ(mix(kTtfs).spikes, 2u + 2 + 3 + 1);
  EXPECT_EQ(mix(kTtfs).additions, 2u * 8);
  EXPECT_EQ(mix(kCount).spikes, 5u + 10 + 15 + 7 + 1 + 2 + 4 + 15);
}

TEST_F(SmallAttentionExact, MarksUpdateOnlySlopesThatHaveSpiked) {
  // ttfs, T = 7. Token 0, two lanes: 3 marks (-2 shares the slope of 3); 5. Token 1, three lanes: 7; 1 + 4.
  EXPECT_EQ(scores(kTtfs).membrane_updates, 2u * (3 + 5) + 3 * (7 + 1 + 4));
  // T = 15, a slope per exponent field: 5 + 10; 15 + 7; 1 + 2 + 4; 15 marks of two lanes.
  EXPECT_EQ(mix(kTtfs).membrane_updates, 2u * (15 + 22 + 7 + 15));
}

TEST_F(SmallAttentionExact, FewerTokensGiveTheFirstOfTheirOutputs) {
  const auto first = run_scores(*layer_.attention, 1, *make_spike_code(kTtfs), FiringPolicy::kRadix);
  EXPECT_EQ(first.outputs, (std::vector<int>{1, 5, 0, 3, 24, 0}));
}

TEST_F(SmallAttentionExact, RegisterNeedsAreTheHandCalculatedOnes) {
  // |a| <= 7 << (4+1) = 224. Keys sum to 3, 15, 8. V = 224*15 = 3360. R = 3360*128 + 750 + 1500*128 = 622830.
  const RegisterNeeds of_scores = scores_needs(*layer_.attention);
  EXPECT_EQ(of_scores.slope_bits, 5);
  EXPECT_EQ(of_scores.membrane_bits, 13);
  EXPECT_EQ(of_scores.threshold_bits, 11);
  EXPECT_EQ(of_scores.residue_bits, 21);
  // |a| <= 7 << (4+2) = 448. Dimension 0: 2 + 8*8 + 3*2 = 72, V = 32256, R = 32256*16 + 1024 + 2048*512 = 1565696.
  // Exponent fields x + shift: 0..3 for the 2, 3..6 for the 8, 1..4 for the 3: they meet in field 3, 13.
  const RegisterNeeds of_mix = mix_needs(*layer_.attention);
  EXPECT_EQ(of_mix.slope_bits, 5);
  EXPECT_EQ(of_mix.membrane_bits, 16);
  EXPECT_EQ(of_mix.threshold_bits, 12);
  EXPECT_EQ(of_mix.residue_bits, 22);
}

TEST_F(SmallAttentionExact, DigitsWidenTheMembranesOfScores) {
  TracePair pair = small_attention_trace();
  auto& queries = pair.activations.description["attention"]["queries"];
  queries["digits"] = true;
  queries["E7_max"] = 3;
  pair.activations.tensors["queries.E7"] = {"U8", {2, 2}, {0, 0, 0, 0}};
  // |a| <= 63 << 3 = 504; V = 504 * 15 = 7560.
  EXPECT_EQ(scores_needs(*LayerTrace::open(pair.write(folder_)).attention).membrane_bits, 14);
}

// A random attention: codes with what they stand for, by the tables of traces/README.md.
struct RandomAttention {
  int tokens = any_in(1, 4), kv_heads = any_in(1, 3), heads = kv_heads * any_in(1, 4), d = 2 * any_in(1, 5);
  int context = tokens + any_in(0, 12);
  bool digits = *rc::gen::arbitrary<bool>();
  std::vector<int> keys = any_list<int>(context * kv_heads * d, -8, 8);
  std::vector<int> values = any_list<int>(context * kv_heads * d, -8, 8);
  std::vector<int> shifts = any_list<int>(context * kv_heads, 0, 8);
  std::vector<int> query_E = any_list<int>(tokens * heads, 0, 8), query_E7 = any_list<int>(tokens * heads, 0, 8);
  std::vector<int> probability_E = any_list<int>(tokens * heads, 0, 8);
  std::vector<int64_t> score_theta = any_list<int64_t>(heads, 1024, 1 << 20);
  std::vector<int64_t> mix_theta = any_list<int64_t>(heads, 1024, 1 << 20);
  std::vector<int64_t> query_codes, probability_codes, queries, probabilities;  // bytes; integers a
  std::vector<bool> query_salient, probability_salient;

  RandomAttention() {
    for (int i = 0; i < tokens * heads * d; ++i) make_query(i / d);
    for (int i = 0; i < tokens * heads * context; ++i) make_probability(i / context, i % context);
  }

  bool sees(int token, int position) const { return position <= context - tokens + token; }

 private:
  void make_query(int row) {
    const bool salient = any_in(0, 4) == 0, negative = *rc::gen::arbitrary<bool>();
    int64_t size, code;
    if (digits) {
      const int d1 = any_in(0, 8), d0 = any_in(0, 8);
      size = (8 * d1 + d0) * (int64_t{1} << query_E7[row]);
      code = (size > 0 && negative ? 64 : 0) + 8 * d1 + d0;
    } else if (salient) {
      const int x = any_in(0, 4), f = any_in(0, 4);
      size = (4 + f) * (int64_t{1} << (1 + x + query_E[row]));
      code = (negative ? 16 : 0) + 4 * x + f;
    } else {
      size = any_in(0, 8);
      code = (size > 0 && negative ? 8 : 0) + size;
    }
    query_salient.push_back(salient);
    query_codes.push_back(code);
    queries.push_back(negative ? -size : size);
  }

  void make_probability(int row, int position) {
    const bool seen = sees(row / heads, position), salient = seen && any_in(0, 4) == 0;
    int64_t value = seen ? any_in(0, 16) : 0, code = value;
    if (salient) {
      const int x = any_in(0, 4), f = any_in(0, 4);
      value = (4 + f) * (int64_t{1} << (1 + x + probability_E[row]));
      code = 4 * x + f;
    }
    probability_salient.push_back(salient);
    probability_codes.push_back(code);
    probabilities.push_back(value);
  }
};

std::vector<int64_t> widened(const std::vector<int>& values) { return {values.begin(), values.end()}; }

TraceTensor mask(const std::vector<bool>& salient, const std::vector<int64_t>& shape) {
  TraceTensor packed{"U8", shape, {}};
  const int64_t size = shape.back(), bytes = (size + 7) / 8;
  packed.shape.back() = bytes;
  packed.values.assign(salient.size() / size * bytes, 0);
  for (size_t i = 0; i < salient.size(); ++i)
    if (salient[i]) packed.values[i / size * bytes + i % size / 8] |= 1 << (i % size % 8);
  return packed;
}

TraceTensor vectors(const std::vector<int>& values, int width) {
  std::vector<std::vector<int>> rows;
  for (auto row = values.begin(); row != values.end(); row += width) rows.emplace_back(row, row + width);
  return pack_weights(rows);
}

TracePair written(const RandomAttention& random) {
  TracePair pair = small_trace();
  const int64_t M = random.tokens, H = random.heads, G = random.kv_heads, d = random.d, C = random.context;
  auto& description = pair.activations.description["attention"];
  description = attention_description(int(H), int(G), int(d), int(C));
  description["queries"]["digits"] = random.digits;
  description["queries"]["E_max"] = description["queries"]["E7_max"] = 7;
  description["probabilities"]["E_max"] = description["values"]["shift_max"] = 7;
  pair.activations.description["tokens"] = M;
  auto& tensors = pair.activations.tensors;
  for (auto& [name, tensor] : tensors) {  // the linear operations take any number of tokens
    if (tensor.shape[0] != 2 || name.find("theta") != std::string::npos || name.find("v0") != std::string::npos)
      continue;
    tensor.values.resize(tensor.values.size() / 2 * M, 0);
    tensor.shape[0] = M;
  }
  tensors["queries.codes"] = {"U8", {M, H * d}, random.query_codes};
  tensors["queries.salient_mask"] = mask(random.query_salient, {M, H * d});
  tensors["queries.e"] = {"I8", {M, H}, std::vector<int64_t>(M * H, 0)};
  tensors["queries.E"] = {"U8", {M, H}, widened(random.query_E)};
  if (random.digits) tensors["queries.E7"] = {"U8", {M, H}, widened(random.query_E7)};
  tensors["keys.codes"] = vectors(random.keys, int(G * d));
  tensors["keys.e"] = {"I8", {C, G}, std::vector<int64_t>(C * G, 0)};
  tensors["keys.offset"] = {"F32", {G, d}, std::vector<int64_t>(G * d, float_bits(0))};
  tensors["scores.theta"] = {"I64", {H}, random.score_theta};
  tensors["scores.expected"] = {"I16", {M, H, C}, std::vector<int64_t>(M * H * C, 0)};
  tensors["probabilities.codes"] = {"U8", {M, H, C}, random.probability_codes};
  tensors["probabilities.salient_mask"] = mask(random.probability_salient, {M, H, C});
  tensors["probabilities.e"] = {"I8", {M, H}, std::vector<int64_t>(M * H, 0)};
  tensors["probabilities.E"] = {"U8", {M, H}, widened(random.probability_E)};
  tensors["values.codes"] = vectors(random.values, int(G * d));
  tensors["values.e_min"] = {"I8", {G}, std::vector<int64_t>(G, 0)};
  tensors["values.shift"] = {"U8", {C, G}, widened(random.shifts)};
  tensors["mix.theta"] = {"I64", {H}, random.mix_theta};
  tensors["mix.expected"] = {"I16", {M, H * d}, std::vector<int64_t>(M * H * d, 0)};
  return pair;
}

// clamp(floor((V * 2^F + floor(theta / 2)) / theta)) of B bits.
int fired(int64_t V, int64_t theta, int F, int B) {
  const int64_t numerator = V * (int64_t{1} << F) + theta / 2, limit = int64_t{1} << (B - 1);
  const int64_t quotient = numerator / theta - (numerator % theta < 0);
  return static_cast<int>(quotient < -limit ? -limit : quotient >= limit ? limit - 1 : quotient);
}

RC_GTEST_PROP(RandomAttentionExact, EqualsIntegerDotProducts, ()) {
  const RandomAttention random;
  const TempFolder folder;
  const LayerTrace layer = LayerTrace::open(written(random).write(folder));
  const int M = random.tokens, H = random.heads, G = random.kv_heads, d = random.d, C = random.context;
  std::vector<int> scores, mix;
  int64_t largest_score = 0, largest_mix = 0;
  for (int m = 0; m < M; ++m)
    for (int h = 0; h < H; ++h) {
      const int g = h / (H / G);
      for (int n = 0; n < C; ++n) {
        int64_t V = 0;
        for (int i = 0; i < d; ++i) V += random.queries[(m * H + h) * d + i] * random.keys[(n * G + g) * d + i];
        scores.push_back(random.sees(m, n) ? fired(V, random.score_theta[h], 7, 8) : 0);
        if (random.sees(m, n)) largest_score = std::max(largest_score, std::abs(V));
      }
      for (int i = 0; i < d; ++i) {
        int64_t V = 0;
        for (int n = 0; n < C; ++n)
          V += random.probabilities[(m * H + h) * C + n] * random.values[(n * G + g) * d + i] *
               (int64_t{1} << random.shifts[n * G + g]);
        mix.push_back(fired(V, random.mix_theta[h], 4, 10));
        largest_mix = std::max(largest_mix, std::abs(V));
      }
    }
  for (const int code : {kTtfs, kCount, kRadix}) {
    const auto of_scores = run_scores(*layer.attention, M, *make_spike_code(code), FiringPolicy::kRadix);
    const auto of_mix = run_mix(*layer.attention, M, *make_spike_code(code), FiringPolicy::kRadix);
    RC_ASSERT(of_scores.outputs == scores);
    RC_ASSERT(of_mix.outputs == mix);
    RC_ASSERT(of_scores.largest_membrane == largest_score);
    RC_ASSERT(of_mix.largest_membrane == largest_mix);
  }
  RC_ASSERT(largest_score < int64_t{1} << (scores_needs(*layer.attention).membrane_bits - 1));
  RC_ASSERT(largest_mix < int64_t{1} << (mix_needs(*layer.attention).membrane_bits - 1));
}

}  // namespace
}  // namespace spikeloom
