// Placements: the order in which tiles are given lane groups. With an input split, each run of `split` tiles of it is a
// chain that sums partial membranes.
// Contract: every tile once. Each policy is one file beside this one.
#pragma once

#include <string>
#include <vector>

#include "hw/noc/topology.h"

namespace spikeloom {

// snake: row by row, every other row backwards, so that a chain's partial membranes travel one link.
std::vector<int> snake_placement(const Topology& topology);
// near_memory: tiles that are the fewest hops from all memory nodes come first, so that a pass that does not fill the
// chip stays near them.
std::vector<int> near_memory_placement(const Topology& topology);
// near_source: every part of the inputs gets as many tiles, those that are the fewest hops from the memory nodes that
// hold it; chains reach from part to part. Weights and codes travel less, partial membranes further.
std::vector<int> near_source_placement(const Topology& topology, int split);

// Names of the placements: snake, near_memory, near_source; behind these auto, which mapping_choice.h decides.
const std::vector<std::string>& placement_names();
constexpr int kPlacements = 3;  // without auto

// The hops from the memory nodes that hold the part of the inputs to the tile, summed.
int hops_from_sources(const Topology& topology, int tile, int part, int split);
// The order of tiles for chains of `split` of them.
std::vector<int> place_tiles(int placement, const Topology& topology, int split);

}  // namespace spikeloom
