// How the weights of a row lie in DRAM, on links and in weight SRAMs. Rows of 4-bit weights (two a byte) are what a
// layer holds on the host; fewer bits are packed from them and unpacked to them.
#pragma once

#include <cstdint>

namespace spikeloom {

// What a layer's weights are: two's complement of 4 bits; -1, 0, 1; or -1, 1.
enum class WeightKind { kFourBits, kTernary, kBinary };

// Bits of a weight: 4; 2; 1.6, five ternary weights a byte (their sum of (w + 1) 3^i, i = 0..4); 1.
enum class WeightPacking { kFourBits, kTwoBits, kFivePerByte, kOneBit };

constexpr WeightPacking packing_of(WeightKind kind, bool five_per_byte) {
  if (kind == WeightKind::kBinary) return WeightPacking::kOneBit;
  if (kind == WeightKind::kFourBits) return WeightPacking::kFourBits;
  return five_per_byte ? WeightPacking::kFivePerByte : WeightPacking::kTwoBits;
}

constexpr int weights_per_byte(WeightPacking packing) {
  return packing == WeightPacking::kOneBit        ? 8
         : packing == WeightPacking::kFivePerByte ? 5
         : packing == WeightPacking::kTwoBits     ? 4
                                                  : 2;
}

// How many values a weight can have.
constexpr int weight_values(WeightPacking packing) {
  return packing == WeightPacking::kOneBit ? 2 : packing == WeightPacking::kFourBits ? 16 : 3;
}

// Bits of a weight behind the memory, unpacked.
constexpr int latched_bits(WeightPacking packing) {
  return packing == WeightPacking::kFourBits ? 4 : packing == WeightPacking::kOneBit ? 1 : 2;
}

// Whole bytes of a row of `count` weights.
constexpr int packed_bytes(WeightPacking packing, int count) {
  return (count + weights_per_byte(packing) - 1) / weights_per_byte(packing);
}

// The signed 4-bit weight i of a row.
inline int nibble_weight(const uint8_t* nibbles, int i) { return ((nibbles[i / 2] >> (i % 2 * 4) & 15) ^ 8) - 8; }

// Writes the low 4 bits of a value at place i of a row, which must be 0 there.
inline void put_nibble(uint8_t* nibbles, int i, int value) {
  nibbles[i / 2] = uint8_t(nibbles[i / 2] | (value & 15) << (i % 2 * 4));
}

// From `count` 4-bit weights to packed_bytes() bytes, and back. Weights must be of the packing's kind.
void pack_weights(WeightPacking packing, const uint8_t* nibbles, int count, uint8_t* bytes);
void unpack_weights(WeightPacking packing, const uint8_t* bytes, int count, uint8_t* nibbles);

}  // namespace spikeloom
