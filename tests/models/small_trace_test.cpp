// The small trace of tests/support: wide rows, digits, g and h, worked out by hand.
//
// a: token 0 (E 1, E7 2, g 0 1): -3, (8*2+5)<<2 = 84, -(4+3)<<(1+2+1) = -112, 0;  token 1 (g 2 0): 8, -7, 7, -1
// w: {1,-2,3}, {21,-16,-33}, {-8,7,0}, {2,2,-1}; h: {0,1,2}, {3,0,1}
// V[0,0] = (-3*1 + 84*21) + (-112*-8) * 2^(1+3) = 1761 + 14336 = 16097,  (16097*8 + 512) / 1024 = 126.3
// V[0,1] = (6 - 1344) * 2 + (-784) * 2 = -4244,                          (-33952 + 750) / 1500 = -22.1
// V[0,2] = (-9 - 2772) * 4 + 0 = -11124,                                 (-88992 + 1024) / 2048 = -42.95
// V[1,0] = (8 - 147) * 4 + (-56 - 2) * 8 = -1020,                        (-8160 + 512) / 1024 = -7.5
// V[1,1] = (-16 + 112) * 8 + (49 - 2) = 815,                             (6520 + 750) / 1500 = 4.8
// V[1,2] = (24 + 231) * 16 + 1 * 2 = 4082,                               (32656 + 1024) / 2048 = 16.4
//
// b: token 0: nine times 7; token 1: 1..7, -1, (4+1)<<(1+3) = 80. w: {7,-8} each.
// V[0] = {441, -504}, V[1] = {749, -856}; * 2^8 / {1024, 1030} = 110.8, -124.8, 187.8 (saturates), -212.3 (saturates)

#include <gtest/gtest.h>

#include "models/integer_reference.h"
#include "tests/support/trace_files.h"

namespace spikeloom {
namespace {

enum { kTtfs, kCount, kRadix };

class SmallTraceExact : public testing::Test {
 protected:
  ReferenceResult run(int operation, int code, FiringPolicy firing = FiringPolicy::kRadix) const {
    return run_reference(layer_, layer_.operations[operation], *make_spike_code(code), firing);
  }

  TempFolder folder_;
  LayerTrace layer_ = LayerTrace::open(small_trace().write(folder_));
};

TEST_F(SmallTraceExact, WideRowsDigitsAndShiftsGiveTheHandCalculatedCodes) {
  const std::vector<int> expected = {126, -23, -43, -8, 4, 16};
  for (const int code : {kTtfs, kCount, kRadix}) {
    EXPECT_EQ(run(0, code).outputs, expected);
    EXPECT_EQ(run(0, code, FiringPolicy::kUnary).outputs, expected);
    EXPECT_EQ(run(0, code).largest_membrane, 16097);
  }
}

TEST_F(SmallTraceExact, SaturatingOutputsGiveTheHandCalculatedCodes) {
  for (const int code : {kTtfs, kCount, kRadix}) {
    EXPECT_EQ(run(1, code).outputs, (std::vector<int>{110, -125, 127, -128}));
    EXPECT_EQ(run(1, code).largest_membrane, 856);
  }
}

TEST_F(SmallTraceExact, SpikesAreOnePerValueOrDigitItsSumOrItsBits) {
  EXPECT_EQ(run(0, kTtfs).spikes, 4u + 4u);     // -3, digits 5 and 2, -7; 4, digit 7, 7, -1
  EXPECT_EQ(run(0, kCount).spikes, 17u + 19u);  // 3+5+2+7; 4+7+7+1
  EXPECT_EQ(run(0, kRadix).spikes, 8u + 8u);    // 2+2+1+3; 1+3+3+1
  EXPECT_EQ(run(1, kTtfs).spikes, 9u + 9u);
}

TEST_F(SmallTraceExact, WideInputsAddTwoRowsPerSpike) {
  EXPECT_EQ(run(0, kTtfs).additions, 3u * (1 + 2 * 2 + 1 + 1 + 2 + 1 + 1));
  EXPECT_EQ(run(1, kTtfs).additions, 2u * (9 + 9));
}

TEST_F(SmallTraceExact, MarksUpdateOnlySlopesThatHaveSpiked) {
  // Token 0: slope 0 from step 0, 7 marks. Token 1: slope 0 for 7 marks, slope of x = 3 (magnitude 5) for the last 5.
  EXPECT_EQ(run(1, kTtfs).membrane_updates, 2u * (7 + 7 + 5));
}

TEST_F(SmallTraceExact, RegisterNeedsAreTheHandCalculatedOnes) {
  // q: |a| <= 7<<4 = 112. Slope 9*8 = 72. V = 72*112 = 8064. R = 8064*256 + 515 + 1030*128 = 2196739.
  const RegisterNeeds q = register_needs(layer_, layer_.operations[1]);
  EXPECT_EQ(q.slope_bits, 8);
  EXPECT_EQ(q.membrane_bits, 14);
  EXPECT_EQ(q.threshold_bits, 11);
  EXPECT_EQ(q.residue_bits, 23);
  // p, output 2: |a| <= 7<<6 = 448, digits 63<<3 = 504, g <= 2. Slope 3+15 = 18 (lo row unsigned).
  // V = (448*3 + 504*(15+48)) * 2^(2+2) + 448 * 2^(2+1) = 533120. R = 533120*8 + 1024 + 2048*128 = 4528128.
  const RegisterNeeds p = register_needs(layer_, layer_.operations[0]);
  EXPECT_EQ(p.slope_bits, 6);
  EXPECT_EQ(p.membrane_bits, 21);
  EXPECT_EQ(p.threshold_bits, 12);
  EXPECT_EQ(p.residue_bits, 24);
}

}  // namespace
}  // namespace spikeloom
