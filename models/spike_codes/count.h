// Spike counts: magnitude p fires p times, at steps T - p .. T - 1; each spike counts for one mark.
#pragma once

#include "models/spike_code.h"

namespace spikeloom {

class CountCode : public SpikeCode {
 public:
  int steps(int largest) const override { return largest; }
  bool fires(int p, int step, int T) const override { return step >= T - p; }
  int step_shift(int) const override { return 0; }
  bool keeps_slopes() const override { return false; }
  bool repeats() const override { return true; }
};

}  // namespace spikeloom
