// Attention spike by spike, without time: what the spiking chip computes for `scores` and `mix`.
//
// scores  the inputs are a head's d dimensions, row i holds dimension i of every key, a lane is a position.
// mix     the inputs are the positions, row n is the value vector of position n, a lane is a dimension.
#pragma once

#include "models/integer_reference.h"
#include "sim/base/attention_trace.h"

namespace spikeloom {

// The slope that a probability's spike adds a value vector to. Both have an exponent field: the spike's index of
// activation_code.h, 0..4, and the value's shift, 0..7. Normal values (index 0) use the slopes 0..7, one per shift;
// salient ones, whose shift depends on E too, those from 8, one per sum of both fields.
constexpr int kMixSalientBase = 8;
constexpr int kMixSlopes = kMixSalientBase + 3 + 7 + 1;
constexpr int mix_slope(int spike_slope, int value_shift) {
  return spike_slope == 0 ? value_shift : kMixSalientBase + spike_slope - 1 + value_shift;
}
constexpr int mix_shift(int slope, int E) { return slope < kMixSalientBase ? slope : slope - kMixSalientBase + 1 + E; }

// Outputs [M, H, C]; 0 where a token does not see the position.
ReferenceResult run_scores(const AttentionTrace& attention, int tokens, const SpikeCode& code, FiringPolicy firing);
// Outputs [M, H d].
ReferenceResult run_mix(const AttentionTrace& attention, int tokens, const SpikeCode& code, FiringPolicy firing);

// Proven from the keys and values of all C positions and the ranges of the codes that meet them.
RegisterNeeds scores_needs(const AttentionTrace& attention);
RegisterNeeds mix_needs(const AttentionTrace& attention);

}  // namespace spikeloom
