// The integer reference: what the spiking chip computes, spike by spike, without time. hw/ must give the same integers.
#pragma once

#include <cstdint>
#include <vector>

#include "models/firing.h"
#include "models/register_needs.h"
#include "models/spike_code.h"
#include "sim/base/trace.h"

namespace spikeloom {

struct ReferenceResult {
  std::vector<int> outputs;       // [M, N]
  uint64_t spikes = 0;            // input spikes over all tokens
  uint64_t additions = 0;         // weights added to slopes, over all outputs
  uint64_t membrane_updates = 0;  // slope-to-membrane additions, per lane
  int64_t largest_membrane = 0;   // largest |V| seen at firing

  // Appends the output code of a final membrane.
  void fire(int64_t membrane, int64_t theta, int F, int output_bits, FiringPolicy policy);
};

// Runs one operation of a trace for all tokens.
ReferenceResult run_reference(const LayerTrace& layer, const OperationTrace& operation, const SpikeCode& code,
                              FiringPolicy firing);

RegisterNeeds register_needs(const LayerTrace& layer, const OperationTrace& operation);

}  // namespace spikeloom
