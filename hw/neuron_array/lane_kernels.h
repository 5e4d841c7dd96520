// The inner loops over lanes. Host speed lives here: plain loops, compiled for several instruction sets.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spikeloom {

// slopes[i] += sign * low nibble, slopes[bytes + i] += sign * high nibble of byte i of each row.
// At most 32 rows; nibbles are signed, or unsigned when `unsigned_weights`.
void add_weight_rows(int32_t* slopes, const uint8_t* const* rows, const int8_t* signs, int count, int bytes,
                     bool unsigned_weights);

// membranes[i] += slopes[i] << shift, with a further shift h[i] of each lane when h is not null.
void add_slopes(int64_t* membranes, const int32_t* slopes, int lanes, int shift, const uint8_t* h);

}  // namespace spikeloom
