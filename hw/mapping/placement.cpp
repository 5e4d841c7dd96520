#include "hw/mapping/placement.h"

#include "hw/mapping/program.h"

namespace spikeloom {

int hops_from_sources(const Topology& topology, int tile, int part, int split) {
  const SourceShare share{split, topology.sources()};
  int hops = 0;
  for (int source = 0; source < topology.sources(); ++source)
    if (share.serves(source, part)) hops += topology.hops(tile, topology.source_node(source));
  return hops;
}

const std::vector<std::string>& placement_names() {
  static const std::vector<std::string> names = {"snake", "near_memory", "near_source", "auto"};
  return names;
}

std::vector<int> place_tiles(int placement, const Topology& topology, int split) {
  if (placement == 0) return snake_placement(topology);
  return placement == 1 ? near_memory_placement(topology) : near_source_placement(topology, split);
}

}  // namespace spikeloom
