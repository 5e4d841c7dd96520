#include "hw/neuron_array/lane_kernels.h"

#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define SPIKELOOM_MANY_ISAS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SPIKELOOM_MANY_ISAS
#endif

namespace spikeloom {

namespace {

// GNU vector types: as wide as a block; the compiler splits them for narrower machines.
using Bytes = int8_t __attribute__((vector_size(kLaneBlock)));
using Sums = int16_t __attribute__((vector_size(2 * kLaneBlock)));
using Lanes = int32_t __attribute__((vector_size(4 * kLaneBlock)));

inline __attribute__((always_inline)) void add_lanes(int32_t* slopes, const Sums& sums) {
  Lanes lanes;
  std::memcpy(&lanes, slopes, sizeof lanes);
  lanes += __builtin_convertvector(sums, Lanes);
  std::memcpy(slopes, &lanes, sizeof lanes);
}

// One block of up to 32 rows: sums of 4-bit weights, and of their products with 5-bit factors, fit 16 bits.
// (nibble ^ 8) - 8 sign-extends a nibble, and (w ^ -1) - -1 negates a weight.
template <bool kFactors>
inline __attribute__((always_inline)) void add_block(int32_t* low, int32_t* high, const uint8_t* const* rows,
                                                     const int8_t* signs, int count, int at, bool unsigned_weights) {
  const int8_t flip = unsigned_weights ? 0 : 8;
  Sums sum_low = {}, sum_high = {};
  for (int r = 0; r < count; ++r) {
    Bytes row;
    std::memcpy(&row, rows[r] + at, sizeof row);
    if (kFactors) {
      sum_low += __builtin_convertvector(((row & 15) ^ flip) - flip, Sums) * signs[r];
      sum_high += __builtin_convertvector((((row >> 4) & 15) ^ flip) - flip, Sums) * signs[r];
      continue;
    }
    const int8_t negate = signs[r] < 0 ? -1 : 0;
    const Bytes weight_low = ((((row & 15) ^ flip) - flip) ^ negate) - negate;
    const Bytes weight_high = (((((row >> 4) & 15) ^ flip) - flip) ^ negate) - negate;
    sum_low += __builtin_convertvector(weight_low, Sums);
    sum_high += __builtin_convertvector(weight_high, Sums);
  }
  add_lanes(low, sum_low);
  add_lanes(high, sum_high);
}

}  // namespace

SPIKELOOM_MANY_ISAS
void add_weight_rows(int32_t* slopes, int half, const uint8_t* const* rows, const int8_t* signs, int count,
                     bool unsigned_weights) {
  for (int at = 0; at < half; at += kLaneBlock)
    add_block<false>(slopes + at, slopes + half + at, rows, signs, count, at, unsigned_weights);
}

SPIKELOOM_MANY_ISAS
void add_weight_products(int32_t* slopes, int half, const uint8_t* const* rows, const int8_t* factors, int count,
                         bool unsigned_weights) {
  for (int at = 0; at < half; at += kLaneBlock)
    add_block<true>(slopes + at, slopes + half + at, rows, factors, count, at, unsigned_weights);
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
