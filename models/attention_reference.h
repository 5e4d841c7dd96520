// Attention spike by spike, without time: what the spiking chip computes for `scores` and `mix`.
//
// scores  the inputs are a head's d dimensions, row i holds dimension i of every key, a lane is a position.
// mix     the inputs are the positions, row n is the value vector of position n, a lane is a dimension.
#pragma once

#include "models/activation_code.h"
#include "models/integer_reference.h"
#include "sim/base/attention_trace.h"

namespace spikeloom {

// Outputs [M, H, C]; 0 where a token does not see the position.
ReferenceResult run_scores(const AttentionTrace& attention, int tokens, const SpikeCode& code, FiringPolicy firing);
// Outputs [M, H d].
ReferenceResult run_mix(const AttentionTrace& attention, int tokens, const SpikeCode& code, FiringPolicy firing);

// Proven from the keys and values of all C positions and the ranges of the codes that meet them.
RegisterNeeds scores_needs(const AttentionTrace& attention);
RegisterNeeds mix_needs(const AttentionTrace& attention);

}  // namespace spikeloom
