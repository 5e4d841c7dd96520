// Recorded spikes as a layer that mapping, memories and network work with: a row of activations for each token and
// time step, a bit for each input; and what a neuron does from step to step.
//
// Neurons  integrate-and-fire: V += (S << F) + bias; a spike and V -= theta where V >= theta, once a step; V = 0 before
//          a token's first step. Running sums: A += S, and A is the output. S: the step's sum of weights.
// Vector   what the trace lists of one step happens in every step. Operations that fire may be an input as they are:
//          their spikes only move to the memory nodes of that input's windows (`forward`).
// Blocks   all operations take a block of steps before they take the next one: operations, inputs and entries of the
//          vector unit are there once for each block, from the second on with its number (`key.2`). Neurons go on from
//          the state that they had. Where blocks end early, an entry `settled` checks each from the second on, but
//          for the last, by the rule of models/settling.h; the blocks after the first that has settled are not there.
#pragma once

#include <vector>

#include "models/register_needs.h"
#include "sim/base/rate_trace.h"
#include "sim/base/trace.h"

namespace spikeloom {

// How a sequencer takes steps: `steps` of all operations before the next ones (0: all at once); done with a block in
// which rates have changed by at most `settled_below` spikes a step (0: never), but not before `least` steps.
struct StepBlocks {
  int steps = 0;
  double settled_below = 0;
  int least = 0;
};

// The first `steps` steps of a trace (0: all). Throws UserError if it has fewer, if blocks do not divide them, or if
// the trace does not hold the spikes that are to be watched.
LayerTrace make_rate_layer(const RateTrace& trace, int steps, const StepBlocks& blocks = {});

// The steps after whose blocks rates have settled, ascending, of the first `steps` (0: all). Throws as make_rate_layer.
std::vector<int> settled_after(const RateTrace& trace, int steps, const StepBlocks& blocks);

// As register_needs of models/integer_reference.h: slopes and membranes hold the sum of a step, residues the neuron's
// state from step to step.
RegisterNeeds rate_register_needs(const LayerTrace& layer, const OperationTrace& operation);

}  // namespace spikeloom
