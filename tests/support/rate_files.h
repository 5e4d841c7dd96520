// Small traces of recorded spikes: one whose results are known by hand, and random ones.
#pragma once

#include "sim/base/weight_packing.h"
#include "tests/support/trace_files.h"

namespace spikeloom {

// Two tokens, three steps, ternary weights. `p` (2 outputs) fires and `q` (1 output) sums; both read `a` (3 inputs).
// Values and results: rate_reference_test.cpp.
TracePair small_rate_trace();

// An encoder's shape: `p` (10 outputs) fires and `q` (7) sums, both read `a` (40 inputs); `b` (9) fires on `a`, and is
// the input of `r` (6), which sums; `c` (24 inputs), which the vector unit makes, is the input of `s` (5), which fires,
// and watched.
struct RateShape {
  WeightKind kind = WeightKind::kTernary;
  int tokens = 3, steps = 5;
  unsigned seed = 1;
};
// With the expected outputs that the formulas of traces/README.md give.
TracePair random_rate_trace(const RateShape& shape);

}  // namespace spikeloom
