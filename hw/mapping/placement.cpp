#include "hw/mapping/placement.h"

#include <algorithm>

namespace spikeloom {

namespace {

// Hops that the tiles of one pass cause, one message each: from every memory node and back, and along the chains.
int hops_of(const std::vector<int>& order, const Topology& topology, int chains, int split) {
  int hops = 0;
  for (int i = 0; i < chains * split; ++i) {
    for (int source = 0; source < topology.sources(); ++source)
      hops += 2 * topology.hops(order[i], topology.source_node(source));
    if (i % split > 0) hops += topology.hops(order[i], order[i - 1]);
  }
  return hops;
}

}  // namespace

const std::vector<std::string>& placement_names() {
  static const std::vector<std::string> names = {"snake", "near_memory", "auto"};
  return names;
}

std::vector<int> place_tiles(int placement, const Topology& topology, int chains, int split, std::string* why) {
  const std::vector<int> snake = snake_placement(topology), near = near_memory_placement(topology);
  const int snake_hops = hops_of(snake, topology, chains, split), near_hops = hops_of(near, topology, chains, split);
  const bool takes_near = placement == 1 || (placement == 2 && near_hops < snake_hops);
  *why = "placed " + placement_names()[takes_near] +
         (placement == 2
              ? " (auto; snake " + std::to_string(snake_hops) + " hops, near_memory " + std::to_string(near_hops) + ")"
              : " (as configured)");
  return takes_near ? near : snake;
}

}  // namespace spikeloom
