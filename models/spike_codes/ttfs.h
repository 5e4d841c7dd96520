// Time to first spike: magnitude p fires once, at step T - p; its weight stays in the slope and is added at the
// remaining p marks.
#pragma once

#include "models/spike_code.h"

namespace spikeloom {

class TtfsCode : public SpikeCode {
 public:
  int steps(int largest) const override { return largest; }
  bool fires(int p, int step, int T) const override { return step == T - p; }
  int step_shift(int) const override { return 0; }
  bool keeps_slopes() const override { return true; }
};

}  // namespace spikeloom
