// Registers that weight rows are added to, one for each token, exponent and lane: slopes, or accumulators of products.
#pragma once

#include <algorithm>
#include <vector>

#include "hw/neuron_array/lane_kernels.h"
#include "hw/neuron_array/neuron_command.h"
#include "models/activation_code.h"

namespace spikeloom {

class SlopeBank {
 public:
  SlopeBank(int tokens, int half)
      : half_(half), slopes_(size_t(tokens) * kMostSlopes * 2 * half, 0), active_(tokens, 0) {}

  // Which of a token's hold something, one bit each.
  uint32_t active(int slot) const { return active_[slot]; }
  bool is_open(const WeightedRow& row) const;
  void close(int slot) { active_[slot] = 0; }
  void close_all() { std::fill(active_.begin(), active_.end(), 0u); }
  // The first weight of a window is written, not added: nothing has to clear a slope.
  void open(const WeightedRow& row);
  // Adds products, and opens the slopes that are not.
  void add_products(const NeuronCommand& command);
  // Adds rows, or products, to open slopes.
  void add(const NeuronCommand& command);
  // Even lanes, then odd ones, each padded.
  const int32_t* lanes(int slot, int slope) const { return &slopes_[(size_t(slot) * kMostSlopes + slope) * 2 * half_]; }

 private:
  int32_t* registers(int slot, int slope) { return &slopes_[(size_t(slot) * kMostSlopes + slope) * 2 * half_]; }

  int half_;
  std::vector<int32_t> slopes_;   // [slot][slope][padded lane]
  std::vector<uint32_t> active_;  // [slot]
};

}  // namespace spikeloom
