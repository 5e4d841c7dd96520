// How lane groups and parts are given to tiles: which passes a phase takes.
#pragma once

#include <vector>

#include "hw/mapping/program.h"

namespace spikeloom {

// Lane groups of one operation: as few as the lanes allow, of even and nearly equal size, none across blocks.
std::vector<TileWork> lane_groups(const LayerTrace& layer, int operation, int lanes);

// The passes of a phase whose blocks of inputs are in `split` parts each: every pass takes as many lane groups as there
// are chains of `split` tiles in `order`. Multicast sets are not made.
std::vector<Pass> make_passes(const std::vector<TileWork>& groups, const InputTrace& input, int split,
                              const std::vector<int>& order);

}  // namespace spikeloom
