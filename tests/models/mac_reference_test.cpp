// Multiply-accumulate layers by hand, where every rounding counts, and against binary64 arithmetic rounded step by
// step.
//
// The small trace of tests/support: q - z: token 0 (10, -2), (5, -2); token 1 (0, 8), (-6, -3).
// Weights (7, -8), (-1, 2); (3, -4), (1, 0). Sums: token 0: 72 -84; 13 -20. token 1: -8 16; -21 24.
// Scales sx * sw: token 0: 1/4 1/8; 1/2 1/4. token 1: 1/2 1/4; 4 2.
// y: token 0: 18 + 6.5 = 24.5, -10.5 - 5 = -15.5. token 1: -4 - 84 = -88, 4 + 48 = 52.

#include "models/mac_reference.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/mac_files.h"
#include "tests/support/property.h"

namespace spikeloom {
namespace {

std::vector<float> run(const TracePair& pair) {
  const TempFolder folder;
  const MacTrace trace = MacTrace::open(pair.write(folder));
  return run_mac_reference(trace, trace.operations[0]);
}

TEST(SmallMacTraceExact, GroupsWithZeroPointsGiveTheHandCalculatedSums) {
  EXPECT_EQ(run(small_mac_trace()), (std::vector<float>{24.5f, -15.5f, -88, 52}));
}

// 2^24 + 1 is halfway between two binary32 numbers and rounds to the even 2^24; adding the ones first gives 2^24 + 2.
TEST(SmallMacTraceExact, Binary16SumsRoundAfterEveryInputInOrder) {
  EXPECT_EQ(run(small_binary16_trace()), (std::vector<float>{0, 4096.5f}));
}

// One token, one output in use, groups of one input with codes and weights of 8 bits, symmetric.
struct Term {
  int q, w;
  float sx, sw;
};
TracePair sum_of(const std::vector<Term>& terms) {
  TracePair pair = small_mac_trace();
  const int64_t K = int64_t(terms.size());
  pair.activations.description["tokens"] = 1;
  pair.activations.description["inputs"][0]["size"] = pair.weights.description["inputs"][0]["size"] = K;
  pair.activations.description["inputs"][0]["symmetric"] = true;
  auto& groups = pair.weights.description["inputs"][0]["groups"] = nlohmann::json::array();
  TraceTensor order{"I32", {K}, {}}, weights{"I8", {K, 2}, {}}, codes{"I8", {1, K}, {}};
  TraceTensor weight_scales{"F32", {K, 2}, {}}, scales{"F32", {1, K}, {}};
  for (const Term& term : terms) {
    groups.push_back({{"size", 1}, {"activation_bits", 8}, {"weight_bits", 8}});
    order.values.push_back(int64_t(order.values.size()));
    codes.values.push_back(term.q);
    scales.values.push_back(float_bits(term.sx));
    for (int n = 0; n < 2; ++n) {
      weights.values.push_back(n == 0 ? term.w : 0);
      weight_scales.values.push_back(float_bits(term.sw));
    }
  }
  pair.weights.tensors = {{"a.order", order}, {"p.weights", weights}, {"p.scales", weight_scales}};
  pair.activations.tensors = {{"a.codes", codes}, {"a.scales", scales}, {"p.expected", {"F32", {1, 2}, {0, 0}}}};
  return pair;
}

TEST(MacRoundingExact, GroupsAreAddedInOrder) {
  const float two_to_24 = 16777216;
  EXPECT_EQ(run(sum_of({{1, 1, two_to_24, 1}, {1, 1, 1, 1}, {1, 1, 1, 1}}))[0], two_to_24);
  EXPECT_EQ(run(sum_of({{1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, two_to_24, 1}}))[0], two_to_24 + 2);
}

// 3 * 0x1.555556p-2 = 1 + 2^-25 exactly, which rounds to 1; a fused multiply-add would leave the 2^-25.
TEST(MacRoundingExact, ProductsAreRoundedBeforeTheyAreAdded) {
  const float third = 0x1.555556p-2f;
  EXPECT_EQ(run(sum_of({{1, -1, 1, 1}, {3, 1, third, 1}}))[0], 0);
  EXPECT_NE(std::fma(3.0f, third, -1.0f), 0);
}

// s = 1 + 2^-23: fl(s * s) = 1 + 2^-22, times 3 exact. fl(fl(3 s) s) would be one unit of 2^-22 more.
TEST(MacRoundingExact, ScalesAreMultipliedWithEachOtherFirst) {
  const float s = 0x1.000002p0f;
  EXPECT_EQ(run(sum_of({{3, 1, s, s}}))[0], 3 + 3 * 0x1p-22f);
}

// A group of 1042 inputs that adds up to 2^24 + 1, with the scale 1: fl(acc) = 2^24.
TEST(MacRoundingExact, SumsAreRoundedToBinary32BeforeTheyAreScaled) {
  std::vector<Term> terms(1040, {127, 127, 1, 1});
  terms.push_back({127, 24, 1, 1});
  terms.push_back({9, 1, 1, 1});
  TracePair pair = sum_of(terms);
  pair.weights.description["inputs"][0]["groups"] = {{{"size", 1042}, {"activation_bits", 8}, {"weight_bits", 8}}};
  pair.weights.tensors["p.scales"] = {"F32", {1, 2}, {float_bits(1), float_bits(1)}};
  pair.activations.tensors["a.scales"] = {"F32", {1, 1}, {float_bits(1)}};
  EXPECT_EQ(1040 * 127 * 127 + 127 * 24 + 9, (1 << 24) + 1);
  EXPECT_EQ(run(pair)[0], 16777216);
}

// Binary64 holds products and sums of two binary32 numbers well enough to round them once more (53 >= 2 * 24 + 2).
float rounded_sum(float a, float b) { return static_cast<float>(double(a) + double(b)); }
float rounded_product(float a, float b) { return static_cast<float>(double(a) * double(b)); }

RC_GTEST_PROP(RandomMacTraceExact, EqualsBinary64RoundedAfterEveryStep, ()) {
  std::vector<Term> terms;
  float y = 0;
  for (int i = any_in(1, 30); i > 0; --i) {
    const Term term{any_in(-127, 128), any_in(-128, 128), std::ldexp(float(any_in(1, 1 << 24)), any_in(-40, 0)),
                    std::ldexp(float(any_in(1, 1 << 24)), any_in(-40, 0))};
    y = rounded_sum(y, rounded_product(float(term.q * term.w), rounded_product(term.sx, term.sw)));
    terms.push_back(term);
  }
  RC_ASSERT(float_bits(run(sum_of(terms))[0]) == float_bits(y));
}

}  // namespace
}  // namespace spikeloom
