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

// Names of the placements: snake, near_memory, auto.
const std::vector<std::string>& placement_names();

// The order of tiles for passes of `chains` chains of `split` tiles. auto takes the placement with fewer hops: of a
// message from every memory node to every tile in use and one back, and of a message along every link of a chain. `why`
// gets the choice in words.
std::vector<int> place_tiles(int placement, const Topology& topology, int chains, int split, std::string* why);

}  // namespace spikeloom
