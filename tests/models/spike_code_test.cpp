#include "models/spike_code.h"

#include <gtest/gtest.h>

namespace spikeloom {
namespace {

struct SpikeTrain {
  int spikes = 0;
  int64_t membrane = 0;  // what a weight of 1 adds in one window
};

// One input of magnitude p and weight 1 through the window of the contract: slope, marks, membrane.
SpikeTrain integrate(const SpikeCode& code, int p, int largest) {
  const int T = code.steps(largest);
  SpikeTrain train;
  int64_t slope = 0;
  for (int step = 0; step < T; ++step) {
    if (code.fires(p, step, T)) {
      ++slope;
      ++train.spikes;
    }
    train.membrane += slope << code.step_shift(step);
    if (!code.keeps_slopes()) slope = 0;
  }
  return train;
}

enum { kTtfs, kCount, kRadix };

TEST(SpikeCodeUnit, NamesAndCodesAreInOneOrder) {
  EXPECT_EQ(spike_code_names(), (std::vector<std::string>{"ttfs", "count", "radix", "rate"}));
  EXPECT_TRUE(make_spike_code(kTtfs)->keeps_slopes());
  EXPECT_TRUE(make_spike_code(kCount)->repeats());
  EXPECT_EQ(make_spike_code(kRadix)->steps(15), 4);
}

TEST(SpikeCodeUnit, SpikesOfEveryMagnitudeAddUpToIt) {
  for (const int index : {kTtfs, kCount, kRadix})
    for (const int largest : {7, 15, 31})
      for (int p = 0; p <= largest; ++p)
        EXPECT_EQ(integrate(*make_spike_code(index), p, largest).membrane, p) << spike_code_names()[index];
}

TEST(SpikeCodeUnit, TtfsFiresOnceAtTMinusP) {
  const auto code = make_spike_code(kTtfs);
  for (const int largest : {7, 15, 31}) {
    EXPECT_EQ(code->steps(largest), largest);
    EXPECT_EQ(integrate(*code, 0, largest).spikes, 0);
    for (int p = 1; p <= largest; ++p) {
      EXPECT_EQ(integrate(*code, p, largest).spikes, 1);
      EXPECT_TRUE(code->fires(p, largest - p, largest));
    }
  }
}

TEST(SpikeCodeUnit, CountFiresPTimesUpToTheLastStep) {
  const auto code = make_spike_code(kCount);
  for (const int largest : {7, 15, 31}) {
    EXPECT_EQ(code->steps(largest), largest);
    for (int p = 0; p <= largest; ++p) {
      EXPECT_EQ(integrate(*code, p, largest).spikes, p);
      for (int step = 0; step < largest; ++step) EXPECT_EQ(code->fires(p, step, largest), step >= largest - p);
    }
  }
}

TEST(SpikeCodeUnit, RateSendsTheSpikeThatIsThere) {
  const auto code = make_spike_code(kRateCode);
  EXPECT_EQ(code->steps(1), 1);
  for (const int spike : {0, 1}) EXPECT_EQ(integrate(*code, spike, 1).membrane, spike);
}

TEST(SpikeCodeUnit, RadixFiresOncePerSetBit) {
  const auto code = make_spike_code(kRadix);
  EXPECT_EQ(code->steps(7), 3);
  EXPECT_EQ(code->steps(15), 4);
  EXPECT_EQ(code->steps(31), 5);
  for (int p = 0; p <= 31; ++p) EXPECT_EQ(integrate(*code, p, 31).spikes, __builtin_popcount(p));
}

}  // namespace
}  // namespace spikeloom
