// What a multiply-accumulate chip computes, step by step as traces/README.md states it: every product and sum rounded
// to binary32, to nearest, ties to even, nothing fused (the source is compiled with -ffp-contract=off).
#pragma once

#include <vector>

#include "sim/base/mac_trace.h"

namespace spikeloom {

// Outputs y [M, N] of an operation, for all tokens.
std::vector<float> run_mac_reference(const MacTrace& trace, const MacOperation& operation);

}  // namespace spikeloom
