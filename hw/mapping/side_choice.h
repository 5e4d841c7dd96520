// How each phase's packed codes mark salient values: with a mask or an index list, as configured or the shorter one.
#pragma once

#include <string>
#include <vector>

#include "hw/mapping/program.h"

namespace spikeloom {

enum class SidePolicy { kMask, kIndexList, kAuto };

const std::vector<std::string>& side_policy_names();

// Bits that mark salient values, on average over the rows of a phase and summed over its windows and memory nodes; for
// lists as the input's salient share lets expect.
struct SideEstimate {
  double mask = 0, list = 0;
};
SideEstimate estimate_side(const Program& program, const Phase& phase, const InputTrace& input);

// Sets Phase::side_format of every phase of spikes, and says in Phase::choice why.
void choose_side_formats(const LayerTrace& layer, SidePolicy policy, Program* program);

}  // namespace spikeloom
