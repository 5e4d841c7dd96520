// Attention as two operations of a layer that a chip maps like any other, `scores` and `mix`.
//
// scores  a row per token and head of a group (the heads that share keys and values); a block per group, whose inputs
//         are the query's d dimensions, whose weight row i holds dimension i of every key, whose outputs are the
//         positions. A row has the outputs that its token sees.
// mix     the same rows and blocks; a block's inputs are the positions, weight row n is the value vector of position n
//         with an exponent of its own, outputs are the d dimensions. A row has the inputs that its token sees.
#pragma once

#include "models/register_needs.h"
#include "sim/base/trace.h"

namespace spikeloom {

// Inserts both behind the operations of the first input, for the first `tokens` tokens and the positions that they see;
// does nothing where the trace holds no attention. Throws UserError when heads that share keys have different
// thresholds, which a lane has one register for.
void add_attention_operations(LayerTrace* layer, int tokens);

// Of any operation of such a layer.
RegisterNeeds operation_needs(const LayerTrace& layer, const OperationTrace& operation);

}  // namespace spikeloom
