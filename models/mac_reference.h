// What a multiply-accumulate chip computes, step by step as traces/README.md states it: every product and sum rounded
// to binary32, to nearest, ties to even, nothing fused (the source is compiled with -ffp-contract=off).
#pragma once

#include <vector>

#include "sim/base/mac_trace.h"

namespace spikeloom {

// Outputs y [M, N] of an operation, for all tokens.
std::vector<float> run_mac_reference(const MacTrace& trace, const MacOperation& operation);

// The same of an integer trace whose operands are dequantized to binary16 before they are multiplied: y = 0; for
// k = 0 .. K-1, in group i: y = fl(y + fl16(fl((q[m,k] - z[m,i]) * sx[m,i])) * fl16(fl(w[k,n] * sw[i,n]))). The
// products are exact in binary32; fl16 rounds to binary16, ties to even, and saturates. Not the trace's y: every
// operand is rounded.
std::vector<float> run_operand_reference(const MacTrace& trace, const MacOperation& operation);

}  // namespace spikeloom
