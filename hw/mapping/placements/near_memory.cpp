#include <algorithm>

#include "hw/mapping/placement.h"

namespace spikeloom {

std::vector<int> near_memory_placement(const Topology& topology) {
  std::vector<int> order = snake_placement(topology), hops(topology.tiles(), 0);
  for (int tile = 0; tile < topology.tiles(); ++tile)
    for (int source = 0; source < topology.sources(); ++source)
      hops[tile] += topology.hops(tile, topology.source_node(source));
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return hops[a] < hops[b]; });
  return order;
}

}  // namespace spikeloom
