// How many spikes carry the values of an input: counted on paper.
#include "models/spike_count.h"

#include <gtest/gtest.h>

#include <vector>

namespace spikeloom {
namespace {

enum { kTtfs, kCount, kRadix };

// Two rows of three signed inputs, the last one of two 3-bit digits: 5, 0, digits (0, 3); -2, 7, digits (1, 7).
class SpikeCountUnit : public testing::Test {
 protected:
  SpikeCountUnit() {
    input_.size = 3;
    input_.digits = true;
    input_.wide = {2};
    input_.wide_rank = {-1, -1, 0};
    input_.codes = codes_.data();
  }
  int of_row(int code, int m) const {
    int spikes = 0;
    for (int k = 0; k < input_.size; ++k) spikes += spikes_of(input_, *make_spike_code(code), m, k);
    return spikes;
  }
  const std::vector<uint8_t> codes_ = {5, 0, 3, 8 + 2, 7, 64 + 8 + 7};
  InputTrace input_;
};

TEST_F(SpikeCountUnit, AValueHasAsManySpikesAsItsCodeGivesIt) {
  EXPECT_EQ(of_row(kTtfs, 0), 2);
  EXPECT_EQ(of_row(kTtfs, 1), 4);
  EXPECT_EQ(of_row(kCount, 0), 5 + 3);
  EXPECT_EQ(of_row(kCount, 1), 2 + 7 + 1 + 7);
  EXPECT_EQ(of_row(kRadix, 0), 2 + 2);          // 101, 011
  EXPECT_EQ(of_row(kRadix, 1), 1 + 3 + 1 + 3);  // 010, 111, 001, 111
}

TEST_F(SpikeCountUnit, MultipliedDigitsCountWhereTheyAreNotZero) {
  EXPECT_EQ(factors_of(input_, 0, 0), 1);
  EXPECT_EQ(factors_of(input_, 0, 1), 0);
  EXPECT_EQ(factors_of(input_, 0, 2), 1);
  EXPECT_EQ(factors_of(input_, 1, 2), 2);
}

TEST_F(SpikeCountUnit, MeansAreOverTheRows) {
  EXPECT_EQ(mean_spikes(input_, *make_spike_code(kCount), false, 2), (std::vector<double>{3.5, 3.5, 5.5}));
  EXPECT_EQ(mean_spikes(input_, *make_spike_code(kCount), true, 2), (std::vector<double>{1, 0.5, 1.5}));
}

// Of a causal input row 0 sees the first position, row 1 the first two.
TEST_F(SpikeCountUnit, MeansAreOverTheRowsThatSeeAnInput) {
  input_.causal = Causal::kInputs;
  EXPECT_EQ(mean_spikes(input_, *make_spike_code(kCount), false, 2), (std::vector<double>{3.5, 7, 0}));
}

}  // namespace
}  // namespace spikeloom
