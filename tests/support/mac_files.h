// Small multiply-accumulate traces, whose results are known by hand.
#pragma once

#include "tests/support/trace_files.h"

namespace spikeloom {

// Two tokens. Input `a` of 4, groups of 2: activations of 4 and 3 bits with zero points, weights of 4 and 3 bits; it is
// read by `p` (2 outputs). Values and results: mac_reference_test.cpp.
TracePair small_mac_trace();
// binary16, one token: `a` of 4 is read by `p` (2 outputs).
TracePair small_binary16_trace();

}  // namespace spikeloom
