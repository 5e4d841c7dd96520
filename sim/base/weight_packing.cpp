#include "sim/base/weight_packing.h"

#include <cassert>
#include <cstring>

namespace spikeloom {

namespace {

// What a weight adds to its byte at place i, and the weight that byte has there.
int packed_at(WeightPacking packing, int w, int i) {
  if (packing == WeightPacking::kOneBit) return (w > 0) << i;
  if (packing == WeightPacking::kTwoBits) return (w & 3) << 2 * i;
  constexpr int kPowers[] = {1, 3, 9, 27, 81};
  return (w + 1) * kPowers[i];
}
int unpacked_at(WeightPacking packing, int byte, int i) {
  if (packing == WeightPacking::kOneBit) return byte >> i & 1 ? 1 : -1;
  if (packing == WeightPacking::kTwoBits) return ((byte >> 2 * i & 3) ^ 2) - 2;
  for (; i > 0; --i) byte /= 3;
  return byte % 3 - 1;
}

}  // namespace

void pack_weights(WeightPacking packing, const uint8_t* nibbles, int count, uint8_t* bytes) {
  if (packing == WeightPacking::kFourBits) {
    std::memcpy(bytes, nibbles, packed_bytes(packing, count));
    return;
  }
  std::memset(bytes, 0, packed_bytes(packing, count));
  const int each = weights_per_byte(packing);
  for (int i = 0; i < count; ++i) {
    const int w = nibble_weight(nibbles, i);
    assert(-1 <= w && w <= 1 && (w != 0 || packing != WeightPacking::kOneBit));
    bytes[i / each] = uint8_t(bytes[i / each] + packed_at(packing, w, i % each));
  }
}

void unpack_weights(WeightPacking packing, const uint8_t* bytes, int count, uint8_t* nibbles) {
  if (packing == WeightPacking::kFourBits) {
    std::memcpy(nibbles, bytes, packed_bytes(packing, count));
    return;
  }
  std::memset(nibbles, 0, packed_bytes(WeightPacking::kFourBits, count));
  const int each = weights_per_byte(packing);
  for (int i = 0; i < count; ++i) put_nibble(nibbles, i, unpacked_at(packing, bytes[i / each], i % each));
}

}  // namespace spikeloom
