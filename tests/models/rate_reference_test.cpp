// Recorded spikes: the neurons' steps by hand, and the layer that a chip works with.
#include "models/rate_reference.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/rate_layer.h"
#include "tests/support/rate_files.h"
#include "tests/support/user_error.h"

namespace spikeloom {
namespace {

// p, output 0, theta 1500, bias 100, S << 10. Token 0: S = 2, 1, 0: V = 2148, a spike leaves 648; 648 + 1124 = 1772, a
// spike leaves 272; 372. Token 1: S = -1, -1, 0: V = -924, -1848, -1748.
// Output 1, theta 1024, bias -24. Token 0: S = -1, -1, 0: never. Token 1: S = 1, 1, 1: V = 1000; 2000, a spike leaves
// 976; 1976, a spike.
// q sums the spikes: 2, 3, 5 and 1, 2, 4.
TEST(RateReferenceUnit, NeuronsAndSumsAreThoseByHand) {
  const TempFolder folder;
  const RateTrace trace = RateTrace::open(small_rate_trace().write(folder));
  EXPECT_EQ(run_rate_reference(trace, trace.operations[0]), (std::vector<int64_t>{1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1}));
  EXPECT_EQ(run_rate_reference(trace, trace.operations[1]), (std::vector<int64_t>{2, 3, 5, 1, 2, 4}));
  for (const RateOperation& operation : trace.operations)
    EXPECT_EQ(run_rate_reference(trace, operation), rate_expected(trace, operation)) << operation.name;
}

TEST(RateReferenceUnit, RandomTracesGiveWhatTheirFormulasGive) {
  for (const WeightKind kind : {WeightKind::kFourBits, WeightKind::kTernary, WeightKind::kBinary}) {
    const TempFolder folder;
    const RateTrace trace = RateTrace::open(random_rate_trace({kind, 3, 6, 7}).write(folder));
    for (const RateOperation& operation : trace.operations)
      EXPECT_EQ(run_rate_reference(trace, operation), rate_expected(trace, operation)) << operation.name;
  }
}

TEST(RateLayerUnit, RowsAreTokensAndSteps) {
  const TempFolder folder;
  const LayerTrace layer = make_rate_layer(RateTrace::open(small_rate_trace().write(folder)), 0);
  const InputTrace& a = layer.inputs[0];
  EXPECT_EQ(a.rows_per_token, 3);
  EXPECT_EQ(a.code_at(2, 0), 1);  // token 0, step 2: inputs 0 and 2
  EXPECT_EQ(a.code_at(2, 1), 0);
  EXPECT_EQ(a.code_at(3, 2), 1);  // token 1, step 0
  EXPECT_EQ(layer.operations[0].weight(2, 0), -1);
  EXPECT_EQ(layer.operations[0].output_bits, 1);
  EXPECT_EQ(layer.operations[1].output_bits, 5);  // at most 3 in each of 3 steps, and a sign
}

TEST(RateLayerUnit, FewerStepsAreTheFirstOnesOfEachToken) {
  const TempFolder folder;
  const LayerTrace layer = make_rate_layer(RateTrace::open(small_rate_trace().write(folder)), 2);
  EXPECT_EQ(layer.inputs[0].rows_per_token, 2);
  EXPECT_EQ(layer.operations[0].expected, (std::vector<int64_t>{1, 0, 1, 0, 0, 0, 0, 1}));
  EXPECT_EQ(layer.operations[1].expected, (std::vector<int64_t>{2, 3, 1, 2}));
}

TEST(RateLayerConfig, MoreStepsThanRecordedAreRefused) {
  const TempFolder folder;
  const std::string file = small_rate_trace().write(folder);
  EXPECT_EQ(user_error_of([&] { make_rate_layer(RateTrace::open(file), 4); }), file + ": has 3 steps, 4 asked for");
}

// A step is a block: p and q of token 0 and 1 in step 0, then in step 1, then in step 2.
TEST(RateLayerUnit, BlocksOfStepsAreOperationsOneAfterAnother) {
  const TempFolder folder;
  const LayerTrace layer = make_rate_layer(RateTrace::open(small_rate_trace().write(folder)), 0, {1});
  std::string names;
  for (const OperationTrace& operation : layer.operations) names += operation.name + " ";
  EXPECT_EQ(names, "p q p.2 q.2 p.3 q.3 ");
  EXPECT_EQ(layer.operations[0].expected, (std::vector<int64_t>{1, 0, 0, 0}));
  EXPECT_EQ(layer.operations[2].expected, (std::vector<int64_t>{1, 0, 0, 1}));
  EXPECT_EQ(layer.operations[4].expected, (std::vector<int64_t>{0, 0, 0, 1}));
  EXPECT_EQ(layer.operations[5].expected, (std::vector<int64_t>{5, 4}));
  EXPECT_EQ(layer.inputs[layer.operations[4].input].name, "a.3");
  EXPECT_FALSE(layer.operations[0].restores_state);
  EXPECT_TRUE(layer.operations[0].keeps_state && layer.operations[2].restores_state);
  EXPECT_FALSE(layer.operations[4].keeps_state);
  EXPECT_EQ(rate_register_needs(layer, layer.operations[4]).residue_bits, 15);  // of three steps
}

TEST(RateLayerConfig, BlocksThatDoNotDivideAndRatesThatNobodyRecordedAreRefused) {
  const TempFolder folder;
  const std::string file = small_rate_trace().write(folder);
  EXPECT_EQ(user_error_of([&] { make_rate_layer(RateTrace::open(file), 0, {2}); }),
            file + ": blocks of 2 steps (chip.step_blocks.steps) do not divide 3 steps (workload.steps)");
  EXPECT_EQ(user_error_of([&] {
              make_rate_layer(RateTrace::open(file), 0, {1, 0.5});
            }),
            file + ": holds no spikes to be watched (key 'watched'), which chip.step_blocks.settled_below needs");
}

// The mean change of c's rates after each block, from the recorded spikes.
std::vector<double> changes_by_definition(const RateTrace& trace, int block) {
  std::vector<double> changes;
  for (int after = 2 * block; after <= trace.steps; after += block) {
    double sum = 0;
    for (int m = 0; m < trace.tokens; ++m)
      for (int k = 0; k < trace.watched.size; ++k) {
        double before = 0, now = 0;
        for (int step = 0; step < after; ++step) {
          const int spike = trace.spike(trace.watched.spikes, trace.watched.size, m, step, k);
          now += spike;
          if (step < after - block) before += spike;
        }
        sum += std::abs(now / after - before / (after - block));
      }
    changes.push_back(sum / (trace.tokens * trace.watched.size));
  }
  return changes;
}

TEST(RateLayerUnit, StepsEndWithTheFirstBlockThatHasSettledAndWithNoneBeforeTheLeast) {
  const TempFolder folder;
  const RateTrace trace = RateTrace::open(random_rate_trace({WeightKind::kTernary, 3, 12, 5}).write(folder));
  const std::vector<double> changes = changes_by_definition(trace, 2);
  ASSERT_EQ(changes.size(), 5u);
  for (const double limit : {changes[0] + 0.001, changes[2] + 0.001, 0.0001}) {
    std::vector<int> settled;
    for (size_t i = 0; i < changes.size(); ++i)
      if (changes[i] <= limit) settled.push_back(int(2 * (i + 2)));
    EXPECT_EQ(settled_after(trace, 0, {2, limit}), settled);
    const LayerTrace layer = make_rate_layer(trace, 0, {2, limit});
    EXPECT_EQ(layer.step_run.run, settled.empty() ? 12 : settled.front());
    EXPECT_EQ(layer.step_run.settled, !settled.empty() && settled.front() < 12);  // the last block is not checked
    for (size_t i = 0; i < layer.step_run.changes.size(); ++i)
      EXPECT_NEAR(layer.step_run.changes[i], changes[i], 1e-12);
    const int least = make_rate_layer(trace, 0, {2, limit, 8}).step_run.run;
    EXPECT_GE(least, 8);
  }
}

// p: |w| sums to 3 and 2. A step adds at most (3 << 10) + 100 = 3172 to a state, three of them 9516: 15 bits. q: 3 a
// step, 9 in all.
TEST(RateLayerUnit, RegistersHoldWhatWeightsAndStepsCanReach) {
  const TempFolder folder;
  const LayerTrace layer = make_rate_layer(RateTrace::open(small_rate_trace().write(folder)), 0);
  const RegisterNeeds p = rate_register_needs(layer, layer.operations[0]);
  EXPECT_EQ(p.slope_bits, 3);
  EXPECT_EQ(p.membrane_bits, 8);  // the bias
  EXPECT_EQ(p.threshold_bits, 11);
  EXPECT_EQ(p.residue_bits, 15);
  const RegisterNeeds q = rate_register_needs(layer, layer.operations[1]);
  EXPECT_EQ(q.slope_bits, 3);
  EXPECT_EQ(q.threshold_bits, 0);
  EXPECT_EQ(q.residue_bits, 5);
}

// b fires and is an input: its spikes move on, before the vector unit's other work, without an element of work.
TEST(RateLayerUnit, AnOperationThatIsAnInputForwardsItsSpikes) {
  const TempFolder folder;
  const LayerTrace layer = make_rate_layer(RateTrace::open(random_rate_trace({}).write(folder)), 0);
  ASSERT_EQ(layer.vector_unit.size(), 3u);
  EXPECT_EQ(layer.vector_unit[0].name, "b");
  EXPECT_EQ(layer.vector_unit[0].kind, VectorKind::kForward);
  EXPECT_EQ(layer.vector_unit[0].elements, 0);
  EXPECT_EQ(layer.vector_unit[1].elements, 6 * 3 * 5);  // every step of every token
  EXPECT_EQ(layer.vector_unit[1].vectors, 3 * 5);
}

}  // namespace
}  // namespace spikeloom
