// Claimed register widths hold the worst token that a trace's ranges allow, and are not wider than that token needs.

#include <gtest/gtest.h>

#include <cstdlib>

#include "models/integer_reference.h"
#include "sim/base/bits.h"
#include "tests/support/property.h"

namespace spikeloom {
namespace {

// Signed floating codes, one output, one token that drives the membrane as far as codes can: every input salient with
// the largest code, its sign that of its weight (`up`) or the opposite.
class WorstToken {
 public:
  WorstToken(const std::vector<int>& weights, int E, bool up) : weights_(weights) {
    const int K = static_cast<int>(weights.size());
    for (const int weight : weights) {
      codes_.push_back((weight < 0) == up ? 0b11111 : 0b01111);
      packed_.push_back(static_cast<uint8_t>(weight & 15));
    }
    mask_.assign((K + 7) / 8, 0xff);
    InputTrace input;
    input.size = K;
    input.wide_rank.assign(K, -1);
    input.most_E = E;
    input.codes = codes_.data();
    input.salient_mask = mask_.data();
    input.e = input.E7 = input.g = {0};
    input.E = {E};
    OperationTrace operation;
    operation.outputs = 1;
    operation.weights = packed_.data();
    operation.row_bytes = 1;
    operation.theta = {1024};
    operation.v0 = {0};
    layer.inputs = {input};
    layer.operations = {operation};
    layer.tokens = 1;
    layer.operations[0].output_bits = 8;
  }

  // By the closed formula: sum of |w| * 7 * 2^(4 + E).
  int64_t membrane() const { return slope() * 7 * (int64_t{16} << layer.inputs[0].most_E); }
  int64_t slope() const {
    int64_t sum = 0;
    for (const int weight : weights_) sum += std::abs(weight);
    return sum;
  }

  LayerTrace layer;

 private:
  std::vector<int> weights_;
  std::vector<uint8_t> codes_, packed_, mask_;
};

// A two's complement register of `bits` holds -m .. m, and one bit less does not.
void expect_tight(int64_t m, int bits) {
  RC_ASSERT(m <= (int64_t{1} << (bits - 1)) - 1);
  RC_ASSERT(bits == 1 || m > (int64_t{1} << (bits - 2)) - 1);
}

RC_GTEST_PROP(RegisterNeedsUnit, WorstTokenFitsAndOneBitLessDoesNot, ()) {
  const int K = any_in(1, 200), E = any_in(0, 8);
  const auto weights = any_list<int>(K, -8, 8);
  const WorstToken worst(weights, E, *rc::gen::arbitrary<bool>());
  const OperationTrace& operation = worst.layer.operations[0];
  const auto result = run_reference(worst.layer, operation, *make_spike_code(0), FiringPolicy::kRadix);
  RC_ASSERT(result.largest_membrane == worst.membrane());

  const RegisterNeeds needs = register_needs(worst.layer, operation);
  expect_tight(worst.membrane(), needs.membrane_bits);
  expect_tight(worst.slope(), needs.slope_bits);
  expect_tight(worst.membrane() + 512 + (1024 << 7), needs.residue_bits);
  RC_ASSERT(needs.threshold_bits == 11);
}

RC_GTEST_PROP(RegisterNeedsUnit, NoTokenWithinTheRangesExceedsTheClaim, ()) {
  const int K = any_in(1, 100), E = any_in(0, 8);
  const auto weights = any_list<int>(K, -8, 8);
  WorstToken token(weights, E, true);
  const RegisterNeeds needs = register_needs(token.layer, token.layer.operations[0]);
  const auto codes = any_list<uint8_t>(K, 0, 32);
  token.layer.inputs[0].codes = codes.data();
  token.layer.inputs[0].E = {any_in(0, E + 1)};
  for (int code = 0; code < 3; ++code) {
    const auto result =
        run_reference(token.layer, token.layer.operations[0], *make_spike_code(code), FiringPolicy::kRadix);
    RC_ASSERT(result.largest_membrane < int64_t{1} << (needs.membrane_bits - 1));
  }
}

TEST(RegisterNeedsUnit, OversizedResiduesDoNotWrapAround) {
  WorstToken token({7}, 7, true);
  OperationTrace& operation = token.layer.operations[0];
  operation.v0 = {int64_t{1} << 40};
  operation.F = 30;  // 2^70: far beyond any register, and 0 after a wrap
  EXPECT_GT(register_needs(token.layer, operation).residue_bits, 62);
}

}  // namespace
}  // namespace spikeloom
