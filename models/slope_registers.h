// Slopes S_j and membranes V of N lanes: what spikes and step marks do to them, by additions and shifts only.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace spikeloom {

class SlopeRegisters {
 public:
  SlopeRegisters(int slopes, std::vector<int64_t> membranes) : slopes_(slopes), membranes_(std::move(membranes)) {}

  int lanes() const { return static_cast<int>(membranes_.size()); }
  const std::vector<int64_t>& membranes() const { return membranes_; }  // [N]

  // All slopes inactive and 0.
  void start_window() {
    for (auto& slope : slopes_) slope.clear();
  }
  // A spike: S_j += +-weight(n) in every lane n. A slope is active from its first spike on.
  template <typename Weight>
  void add(int j, bool negative, Weight weight) {
    std::vector<int64_t>& S = slopes_[j];
    S.resize(lanes(), 0);
    for (int n = 0; n < lanes(); ++n) S[n] += negative ? -weight(n) : weight(n);
  }
  // A step mark: V += S_j << (shift(j) + lane_shift(n)) for every active slope; returns how many there were.
  template <typename Shift, typename LaneShift>
  int mark(Shift shift, LaneShift lane_shift, bool keep_slopes) {
    int active = 0;
    for (size_t j = 0; j < slopes_.size(); ++j) {
      if (slopes_[j].empty()) continue;
      ++active;
      const int of_slope = shift(static_cast<int>(j));
      for (int n = 0; n < lanes(); ++n) membranes_[n] += slopes_[j][n] * (int64_t{1} << (of_slope + lane_shift(n)));
      if (!keep_slopes) slopes_[j].clear();
    }
    return active;
  }

 private:
  std::vector<std::vector<int64_t>> slopes_;  // [slope][N]; empty while inactive
  std::vector<int64_t> membranes_;
};

}  // namespace spikeloom
