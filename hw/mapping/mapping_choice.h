// Into how many parts the inputs of a phase are split, and which tiles take them: each as configured, or automatic,
// both by one cost (mapping_estimate.h). Of the splits and placements that are left open, those count that are
// estimated to take the fewest cycles, or within a twentieth of them, which is as far as the estimate is to be trusted;
// of these the one with the fewest flit-hops is taken.
#pragma once

#include <string>
#include <vector>

#include "hw/mapping/mapping_estimate.h"

namespace spikeloom {

struct MappingCandidate {
  MappingEstimate estimate;
  int placement = 0;       // index into placement_names()
  std::vector<int> order;  // of tiles
};

// What is left open by the configuration and the input, by split, then placement; at least one. Placements that give a
// split the same order count once.
std::vector<MappingCandidate> mapping_candidates(const PhaseWork& work, const MappingSpec& mapping);

// The index of the one that the rule above takes; of equal ones the first.
size_t best_of(const std::vector<MappingCandidate>& candidates);

// The best; `why` gets the choice, what it is estimated to cost, and the next best, in words.
MappingCandidate choose_mapping(const PhaseWork& work, const MappingSpec& mapping, PhaseChoice* why);

}  // namespace spikeloom
