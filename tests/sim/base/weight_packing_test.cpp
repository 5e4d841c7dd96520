#include "sim/base/weight_packing.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace spikeloom {
namespace {

std::vector<uint8_t> nibbles_of(const std::vector<int>& weights) {
  std::vector<uint8_t> bytes((weights.size() + 1) / 2, 0);
  for (size_t i = 0; i < weights.size(); ++i) bytes[i / 2] |= uint8_t((weights[i] & 15) << (i % 2 * 4));
  return bytes;
}

std::vector<uint8_t> packed(WeightPacking packing, const std::vector<int>& weights) {
  const int count = static_cast<int>(weights.size());
  std::vector<uint8_t> bytes(packed_bytes(packing, count), 0xff);
  pack_weights(packing, nibbles_of(weights).data(), count, bytes.data());
  return bytes;
}

TEST(WeightPackingUnit, BytesAreThoseOfTheDefinition) {
  EXPECT_EQ(packed(WeightPacking::kOneBit, {1, -1, -1, 1, 1, 1, -1, -1, 1}), (std::vector<uint8_t>{0b00111001, 1}));
  EXPECT_EQ(packed(WeightPacking::kTwoBits, {1, -1, 0, -1, 1}), (std::vector<uint8_t>{0b11001101, 1}));
  // (1+1) + (-1+1) 3 + (0+1) 9 + (-1+1) 27 + (1+1) 81 = 173; a last byte of one weight: 0 + 1 = 1
  EXPECT_EQ(packed(WeightPacking::kFivePerByte, {1, -1, 0, -1, 1, 0}), (std::vector<uint8_t>{173, 1}));
  EXPECT_EQ(packed(WeightPacking::kFourBits, {-8, 7, 3}), (std::vector<uint8_t>{0x78, 3}));
}

// 1, 2, 1.6 and 4 bits a weight, and what whole bytes waste.
TEST(WeightPackingUnit, RowsTakeWholeBytes) {
  EXPECT_EQ(packed_bytes(WeightPacking::kOneBit, 128), 16);
  EXPECT_EQ(packed_bytes(WeightPacking::kTwoBits, 128), 32);
  EXPECT_EQ(packed_bytes(WeightPacking::kFivePerByte, 128), 26);
  EXPECT_EQ(packed_bytes(WeightPacking::kFourBits, 128), 64);
  EXPECT_EQ(packed_bytes(WeightPacking::kOneBit, 9), 2);
}

TEST(WeightPackingUnit, UnpackingGivesTheWeightsBack) {
  std::mt19937 random(1);
  for (const WeightKind kind : {WeightKind::kFourBits, WeightKind::kTernary, WeightKind::kBinary})
    for (const bool five : {false, true})
      for (int count = 1; count <= 41; ++count) {
        std::vector<int> weights(count);
        for (int& w : weights)
          w = kind == WeightKind::kFourBits  ? int(random() % 16) - 8
              : kind == WeightKind::kTernary ? int(random() % 3) - 1
                                             : int(random() % 2) * 2 - 1;
        const WeightPacking packing = packing_of(kind, five);
        std::vector<uint8_t> nibbles((count + 1) / 2, 0xff);
        unpack_weights(packing, packed(packing, weights).data(), count, nibbles.data());
        EXPECT_EQ(nibbles, nibbles_of(weights)) << count;
      }
}

}  // namespace
}  // namespace spikeloom
