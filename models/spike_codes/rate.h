// Rate code: spikes as they were recorded, one step at a time. A value is a spike or none.
#pragma once

#include <cassert>

#include "models/spike_code.h"

namespace spikeloom {

class RateCode : public SpikeCode {
 public:
  int steps(int largest) const override {
    assert(largest == 1);
    return 1;
  }
  bool fires(int p, int, int) const override { return p == 1; }
  int step_shift(int) const override { return 0; }
  bool keeps_slopes() const override { return false; }
};

}  // namespace spikeloom
