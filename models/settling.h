// When spiking rates have settled, so that further time steps say little: the rule of a chip's early exit.
//
// After t steps, the last B of which were a block, with c spikes of a neuron before the block and n in it, its average
// spiking rate has changed by |(c + n) / t - c / (t - B)| = |n (t - B) - c B| / (t (t - B)). Rates have settled where
// the mean change over all tokens and neurons is at most a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spikeloom {

class Settling {
 public:
  // `limit`: spikes a step, 0 .. 1, in units of 2^-16.
  Settling(size_t neurons, int block, double limit);

  // Takes the spikes of the next block, [neurons] each. True if rates have settled; never after the first block.
  bool add_block(const std::vector<int>& spikes);
  // Mean change of the last block, spikes a step; 1 after the first.
  double change() const { return change_; }

 private:
  std::vector<int64_t> counts_;
  int block_, steps_ = 0;
  int64_t limit_;
  double change_ = 1;
};

}  // namespace spikeloom
