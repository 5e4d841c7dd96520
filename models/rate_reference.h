// What an operation on recorded spikes gives, straight from the file: a sum of weights for each step, a neuron for each
// output. The chip must give the same.
#pragma once

#include <vector>

#include "sim/base/rate_trace.h"

namespace spikeloom {

// [M, T, N]: spikes (0 or 1) of an operation that fires, running sums of any other.
std::vector<int64_t> run_rate_reference(const RateTrace& trace, const RateOperation& operation);

// What the file says that run_rate_reference gives.
std::vector<int64_t> rate_expected(const RateTrace& trace, const RateOperation& operation);

}  // namespace spikeloom
