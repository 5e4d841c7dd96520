// The inner loops over lanes. Host speed lives here: plain loops over whole blocks, compiled for several instruction
// sets. Lanes are kept even ones first, then odd ones, each half padded to whole blocks: the order in which the nibbles
// of a row unpack.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spikeloom {

// Bytes of a row that are worked on together: 64 lanes.
constexpr int kLaneBlock = 32;

// Bytes that a row of `lanes` 4-bit weights takes on the host, padded to whole blocks; also the lanes of one half.
constexpr int padded_half(int lanes) { return ((lanes + 1) / 2 + kLaneBlock - 1) / kLaneBlock * kLaneBlock; }

// slopes[i] += sign * low nibble of byte i, slopes[half + i] += sign * high nibble, for each row; half is a multiple of
// kLaneBlock. At most 32 rows; nibbles are signed, or unsigned when `unsigned_weights`.
void add_weight_rows(int32_t* slopes, int half, const uint8_t* const* rows, const int8_t* signs, int count,
                     bool unsigned_weights);

// The same with a factor of -31..31 for each row.
void add_weight_products(int32_t* slopes, int half, const uint8_t* const* rows, const int8_t* factors, int count,
                         bool unsigned_weights);

// membranes[i] += slopes[i] << shift, with a further shift h[i] of each lane when h is not null.
void add_slopes(int64_t* membranes, const int32_t* slopes, int lanes, int shift, const uint8_t* h);

}  // namespace spikeloom
