// A layer's attention as traces/README.md describes it: two operations, `scores` (queries times keys) and `mix`
// (probabilities times values). M tokens, H heads of d dimensions, G heads of keys and values, C positions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/bits.h"
#include "sim/base/code_rows.h"

namespace spikeloom {

class Description;

// Codes with exponents per token and head.
struct HeadCodes : CodeRows {
  bool digits = false;
  double u = 0, salient_k = 0, salient_share = 0;
  int most_E = 0, most_E7 = 0;
  std::vector<int64_t> e, E, E7;  // [M, H]; E7 all zero without digits
};

// Signed 4-bit vectors, one per position and head of keys or values.
struct CachedVectors {
  int width = 0;                   // G d
  double u = 0;                    // real unit
  const uint8_t* codes = nullptr;  // [C, G d / 2], low nibble first

  int at(int position, int column) const {
    return static_cast<int>(
        sign_extend(codes[static_cast<size_t>(position) * (width / 2) + column / 2] >> (column % 2 * 4), 4));
  }
};

struct AttentionOperation {
  int F = 0, gamma = 0, output_bits = 0;
  std::vector<int64_t> theta;     // [H]
  std::vector<int64_t> expected;  // scores [M, H, C], 0 where not seen; mix [M, H d]
};

struct AttentionTrace {
  int heads = 0, kv_heads = 0, head_dim = 0, context = 0;  // H, G, d, C
  int first_position = 0;                                  // of token 0
  HeadCodes queries;                                       // M rows of H d, signed
  HeadCodes probabilities;                                 // M H rows of C, unsigned with z = 0
  CachedVectors keys, values;
  std::vector<int64_t> key_e;        // [C, G]
  std::vector<int64_t> value_e_min;  // [G]
  std::vector<int64_t> value_shift;  // [C, G], 0..most_value_shift
  int most_value_shift = 0;
  AttentionOperation scores, mix;

  int kv_head(int head) const { return head / (heads / kv_heads); }
  // Token m sees the positions 0 .. seen(m) - 1.
  int seen(int m) const { return first_position + m + 1; }
  int key(int position, int kv_head, int i) const { return keys.at(position, kv_head * head_dim + i); }
  int value(int position, int kv_head, int i) const { return values.at(position, kv_head * head_dim + i); }
  int shift(int position, int kv_head) const {
    return static_cast<int>(value_shift[static_cast<size_t>(position) * kv_heads + kv_head]);
  }
};

// Key `attention` of an activations file of `tokens` tokens with its tensors; nothing where the key is missing.
// Throws UserError naming the key or tensor.
std::optional<AttentionTrace> read_attention(const SafetensorsFile& file, const Description& top, int tokens);

}  // namespace spikeloom
