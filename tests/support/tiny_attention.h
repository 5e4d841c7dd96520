// Random attention made in memory, with expected outputs from the formulas of traces/README.md.
#pragma once

#include <vector>

#include "sim/base/trace.h"

namespace spikeloom {

struct TinyAttentionSpec {
  int tokens = 3, first_position = 0;
  int heads = 2, kv_heads = 1, head_dim = 4;
  bool digits = false;  // of queries
  int output_bits = 10;
  unsigned seed = 1;
};

// A layer of nothing but attention. It owns what the trace points to, so it stays where it is.
class TinyAttention {
 public:
  explicit TinyAttention(const TinyAttentionSpec& spec);
  TinyAttention(const TinyAttention&) = delete;
  TinyAttention& operator=(const TinyAttention&) = delete;

  LayerTrace trace;

 private:
  int random(int least, int most);
  void make_queries(const TinyAttentionSpec& spec);
  void make_keys_and_values();
  void make_probabilities();
  void make_expected();
  int64_t query(int m, int k) const;
  int64_t probability(int row, int n) const;

  std::vector<uint8_t> query_codes_, query_mask_, keys_, values_, probability_codes_, probability_mask_;
  uint64_t state_;
};

}  // namespace spikeloom
