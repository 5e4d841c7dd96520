// The integer reference: what the spiking chip computes, spike by spike, without time. hw/ must give the same integers.
#pragma once

#include <cstdint>
#include <vector>

#include "models/firing.h"
#include "models/spike_code.h"
#include "sim/base/trace.h"

namespace spikeloom {

struct ReferenceResult {
  std::vector<int> outputs;       // [M, N]
  uint64_t spikes = 0;            // input spikes over all tokens
  uint64_t additions = 0;         // weights added to slopes, over all outputs
  uint64_t membrane_updates = 0;  // slope-to-membrane additions, per lane
  int64_t largest_membrane = 0;   // largest |V| seen at firing
};

// Runs one operation of a trace for all tokens.
ReferenceResult run_reference(const LayerTrace& layer, const OperationTrace& operation, const SpikeCode& code,
                              FiringPolicy firing);

// Two's complement bits that every register needs for this operation, proven from its weights and the ranges that the
// trace states: no slope at any step, no final membrane, residue or shifted threshold overflows.
struct RegisterNeeds {
  int slope_bits = 0, membrane_bits = 0, threshold_bits = 0, residue_bits = 0;
};
RegisterNeeds register_needs(const LayerTrace& layer, const OperationTrace& operation);

}  // namespace spikeloom
