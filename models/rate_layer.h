// Recorded spikes as a layer that mapping, memories and network work with: a row of activations for each token and
// time step, a bit for each input; and what a neuron does from step to step.
//
// Neurons  integrate-and-fire: V += (S << F) + bias; a spike and V -= theta where V >= theta, once a step; V = 0 before
//          a token's first step. Running sums: A += S, and A is the output. S: the step's sum of weights.
// Vector   what the trace lists of one step happens in every step. Operations that fire may be an input as they are:
//          their spikes only move to the memory nodes of that input's windows (`forward`).
#pragma once

#include "models/register_needs.h"
#include "sim/base/rate_trace.h"
#include "sim/base/trace.h"

namespace spikeloom {

// The first `steps` steps of a trace (0: all). Throws UserError if it has fewer.
LayerTrace make_rate_layer(const RateTrace& trace, int steps);

// As register_needs of models/integer_reference.h: slopes and membranes hold the sum of a step, residues the neuron's
// state from step to step.
RegisterNeeds rate_register_needs(const LayerTrace& layer, const OperationTrace& operation);

}  // namespace spikeloom
