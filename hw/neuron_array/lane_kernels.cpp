#include "hw/neuron_array/lane_kernels.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define SPIKELOOM_MANY_ISAS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SPIKELOOM_MANY_ISAS
#endif

namespace spikeloom {

namespace {

constexpr int kBlock = 32;  // bytes at a time: 64 lanes

// Sums of up to 32 rows of 4-bit weights fit 16 bits.
inline __attribute__((always_inline)) void add_block(int32_t* low, int32_t* high, const uint8_t* const* rows,
                                                     const int8_t* signs, int count, int at, int bytes,
                                                     bool unsigned_weights) {
  int16_t sum_low[kBlock] = {}, sum_high[kBlock] = {};
  const int16_t offset = unsigned_weights ? 0 : 8;
  const uint8_t flip = unsigned_weights ? 0 : 0x88;  // (nibble ^ 8) - 8 sign-extends a nibble
  for (int r = 0; r < count; ++r) {
    const uint8_t* row = rows[r] + at;
    const int16_t sign = signs[r];
    for (int i = 0; i < bytes; ++i) {
      const uint8_t byte = row[i] ^ flip;
      sum_low[i] = int16_t(sum_low[i] + sign * int16_t((byte & 15) - offset));
      sum_high[i] = int16_t(sum_high[i] + sign * int16_t((byte >> 4) - offset));
    }
  }
  for (int i = 0; i < bytes; ++i) low[i] += sum_low[i];
  for (int i = 0; i < bytes; ++i) high[i] += sum_high[i];
}

}  // namespace

SPIKELOOM_MANY_ISAS
void add_weight_rows(int32_t* slopes, const uint8_t* const* rows, const int8_t* signs, int count, int bytes,
                     bool unsigned_weights) {
  int at = 0;
  for (; at + kBlock <= bytes; at += kBlock)
    add_block(slopes + at, slopes + bytes + at, rows, signs, count, at, kBlock, unsigned_weights);
  if (at < bytes) add_block(slopes + at, slopes + bytes + at, rows, signs, count, at, bytes - at, unsigned_weights);
}

SPIKELOOM_MANY_ISAS
void add_slopes(int64_t* membranes, const int32_t* slopes, int lanes, int shift, const uint8_t* h) {
  if (h) {
    for (int i = 0; i < lanes; ++i) membranes[i] += int64_t(slopes[i]) * (int64_t{1} << (shift + h[i]));
  } else {
    const int64_t factor = int64_t{1} << shift;
    for (int i = 0; i < lanes; ++i) membranes[i] += int64_t(slopes[i]) * factor;
  }
}

}  // namespace spikeloom
