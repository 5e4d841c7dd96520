// How many spikes, or factors of a product, carry the values of an input.
#pragma once

#include <vector>

#include "models/spike_code.h"
#include "sim/base/trace.h"

namespace spikeloom {

// Spikes of the value at row m (a token, or a step) of input k.
int spikes_of(const InputTrace& input, const SpikeCode& code, int m, int k);
// Of a code that is multiplied: its digits that are not 0; binary16 has one.
int factors_of(const InputTrace& input, int m, int k);
// [k] the mean of either over those of the first `rows` rows that see input k; 0 where none does.
std::vector<double> mean_spikes(const InputTrace& input, const SpikeCode& code, bool multiplies, int rows);

}  // namespace spikeloom
