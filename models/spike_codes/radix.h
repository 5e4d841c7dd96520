// Radix code: one spike per set bit of the magnitude; the spike of bit b comes at step b and counts 2^b.
#pragma once

#include "models/spike_code.h"
#include "sim/base/bits.h"

namespace spikeloom {

class RadixCode : public SpikeCode {
 public:
  int steps(int largest) const override { return ceil_log2(largest + 1); }
  bool fires(int p, int step, int) const override { return p >> step & 1; }
  int step_shift(int step) const override { return step; }
  bool keeps_slopes() const override { return false; }
};

}  // namespace spikeloom
