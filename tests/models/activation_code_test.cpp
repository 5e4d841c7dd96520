// Every code byte of every format against the tables of NUMBERS.md, worked out by hand.

#include "models/activation_code.h"

#include <gtest/gtest.h>

namespace spikeloom {
namespace {

constexpr CodeFormat kSignedFloating{ActivationCode::kSigned, SalientFormat::kFloating, false};
constexpr CodeFormat kSignedDigits{ActivationCode::kSigned, SalientFormat::kFloating, true};
constexpr CodeFormat kSignedShifted{ActivationCode::kSigned, SalientFormat::kShifted, false};
constexpr CodeFormat kUnsignedFloating{ActivationCode::kUnsigned, SalientFormat::kFloating, false};
constexpr CodeFormat kUnsignedExtended{ActivationCode::kUnsigned, SalientFormat::kExtended, false};

// What the spikes of a code add up to: sum of +-magnitude * 2^j.
int64_t value_of(const CodeFormat& format, int byte, bool salient, bool digit_pair, int E = 0, int E7 = 0) {
  const SpikeValues values = format.decode(static_cast<uint8_t>(byte), salient, digit_pair);
  int64_t sum = 0;
  for (int i = 0; i < values.count; ++i) {
    const SpikeValue& spike = values.value[i];
    EXPECT_GT(spike.magnitude, 0) << "a zero must stay silent";
    EXPECT_LE(spike.magnitude, format.largest_magnitude());
    const int64_t shifted = int64_t{spike.magnitude} << format.shift(spike.slope, E, E7);
    sum += spike.negative ? -shifted : shifted;
  }
  return sum;
}

TEST(ActivationCodeUnit, SignedNormalIsASignAndThreeBitsOfMagnitude) {
  const int expected[16] = {0, 1, 2, 3, 4, 5, 6, 7, 0, -1, -2, -3, -4, -5, -6, -7};
  for (const CodeFormat& format : {kSignedFloating, kSignedDigits, kSignedShifted})
    for (int byte = 0; byte < 16; ++byte)
      for (int E = 0; E <= 7; ++E) EXPECT_EQ(value_of(format, byte, false, false, E, E), expected[byte]) << byte;
}

TEST(ActivationCodeUnit, UnsignedNormalIsTheCodeItselfBeforeZ) {
  for (int byte = 0; byte < 16; ++byte) EXPECT_EQ(value_of(kUnsignedFloating, byte, false, false, 7), byte);
}

TEST(ActivationCodeUnit, ExtendedNormalCodesStandFor8To23) {
  for (int byte = 0; byte < 16; ++byte) EXPECT_EQ(value_of(kUnsignedExtended, byte, false, false), byte + 8);
}

TEST(ActivationCodeUnit, ExtendedSalientCodesStandFor0To31) {
  for (int byte = 0; byte < 32; ++byte) EXPECT_EQ(value_of(kUnsignedExtended, byte, true, false, 3), byte);
}

TEST(ActivationCodeUnit, FloatingSalientIsFourPlusFShiftedByOnePlusXPlusE) {
  const int expected[16] = {8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112};  // E = 0, positive
  for (const CodeFormat& format : {kSignedFloating, kUnsignedFloating}) {
    for (int E = 0; E <= 7; ++E)
      for (int byte = 0; byte < 16; ++byte) {
        EXPECT_EQ(value_of(format, byte, true, false, E), int64_t{expected[byte]} << E) << byte;
        EXPECT_EQ(value_of(format, byte + 16, true, false, E), -(int64_t{expected[byte]} << E)) << byte;
      }
  }
}

TEST(ActivationCodeUnit, ShiftedSalientIsASignAndFourBitsShiftedByE) {
  for (int E = 0; E <= 7; ++E)
    for (int q = 0; q < 16; ++q) {
      EXPECT_EQ(value_of(kSignedShifted, q, true, false, E), q * (1 << E));
      EXPECT_EQ(value_of(kSignedShifted, q + 16, true, false, E), -q * (1 << E));
    }
}

TEST(ActivationCodeUnit, DigitPairIsASignAndTwoOctalDigitsShiftedByE7) {
  for (int E7 = 0; E7 <= 7; ++E7)
    for (int d1 = 0; d1 < 8; ++d1)
      for (int d0 = 0; d0 < 8; ++d0) {
        const int byte = d1 * 8 + d0;
        EXPECT_EQ(value_of(kSignedDigits, byte, false, true, 5, E7), (8 * d1 + d0) * (1 << E7));
        EXPECT_EQ(value_of(kSignedDigits, byte + 64, true, true, 5, E7), -(8 * d1 + d0) * (1 << E7));
      }
}

TEST(ActivationCodeUnit, DigitPairHasOneSpikePerNonzeroDigit) {
  EXPECT_EQ(kSignedDigits.decode(0, false, true).count, 0);
  EXPECT_EQ(kSignedDigits.decode(5, false, true).count, 1);
  EXPECT_EQ(kSignedDigits.decode(3 << 3, false, true).count, 1);
  EXPECT_EQ(kSignedDigits.decode(3 << 3 | 5, false, true).count, 2);
}

TEST(ActivationCodeUnit, HiRowsOfWideInputsAreShiftedByFourMore) {
  for (const CodeFormat& format : {kSignedFloating, kSignedDigits, kSignedShifted})
    for (int slope = 0; slope < format.slope_bases(); ++slope)
      for (int E = 0; E <= 7; ++E)
        EXPECT_EQ(format.shift(slope + kSlopeBases, E, E), format.shift(slope, E, E) + 4) << slope;
}

TEST(ActivationCodeUnit, StepsAreThoseOfTheContractsTable) {
  EXPECT_EQ(kSignedFloating.largest_magnitude(), 7);
  EXPECT_EQ(kSignedDigits.largest_magnitude(), 7);
  EXPECT_EQ(kSignedShifted.largest_magnitude(), 15);
  EXPECT_EQ(kUnsignedFloating.largest_magnitude(), 15);
  EXPECT_EQ(kUnsignedExtended.largest_magnitude(), 31);
}

TEST(ActivationCodeUnit, LargestValueIsTheLargestOfAllCodes) {
  EXPECT_EQ(kSignedFloating.largest_value(false, 0, 0), 112);
  EXPECT_EQ(kSignedFloating.largest_value(false, 7, 0), 112 << 7);
  EXPECT_EQ(kSignedDigits.largest_value(true, 0, 7), 63 << 7);
  EXPECT_EQ(kSignedShifted.largest_value(false, 2, 0), 60);
  EXPECT_EQ(kUnsignedFloating.largest_value(false, 1, 0), 224);
  EXPECT_EQ(kUnsignedExtended.largest_value(false, 7, 0), 31);
}

TEST(ActivationCodeUnit, SideArrayHoldsOneBitPerSalientValueAndThreePerDigitPair) {
  EXPECT_EQ(kSignedFloating.side_bits(false, false), 0);
  EXPECT_EQ(kSignedFloating.side_bits(true, false), 1);
  EXPECT_EQ(kUnsignedExtended.side_bits(true, false), 1);
  EXPECT_EQ(kSignedDigits.side_bits(true, false), 1);
  EXPECT_EQ(kSignedDigits.side_bits(false, true), 3);
  EXPECT_EQ(kSignedDigits.side_bits(true, true), 3);
}

}  // namespace
}  // namespace spikeloom
