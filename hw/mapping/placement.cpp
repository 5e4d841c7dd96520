#include "hw/mapping/placement.h"

#include <iterator>
#include <tuple>

#include "hw/mapping/program.h"

namespace spikeloom {

namespace {

// Hops that the tiles of one pass cause, one message each. A chain's sums travel to its first tile, and from there.
int hops_of(const std::vector<int>& order, const Topology& topology, int chains, int split) {
  int hops = 0;
  for (int i = 0; i < chains * split; ++i) {
    hops += hops_from_sources(topology, order[i], i % split, split);
    hops += i % split > 0 ? topology.hops(order[i], order[i - 1]) : hops_from_sources(topology, order[i], 0, 1);
  }
  return hops;
}

}  // namespace

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

std::vector<int> place_tiles(int placement, const Topology& topology, int chains, int split, std::string* why) {
  const std::vector<int> orders[] = {snake_placement(topology), near_memory_placement(topology),
                                     near_source_placement(topology, split)};
  const auto& names = placement_names();
  if (placement < int(std::size(orders))) {
    *why = "placed " + names[placement] + " (as configured)";
    return orders[placement];
  }
  std::string all;
  int best = 0, fewest = 0;
  for (int i = 0; i < int(std::size(orders)); ++i) {
    const int hops = hops_of(orders[i], topology, chains, split);
    all += (i ? ", " : "") + names[i] + " " + std::to_string(hops) + (i ? "" : " hops");
    if (i == 0 || hops < fewest) std::tie(best, fewest) = std::make_pair(i, hops);
  }
  *why = "placed " + names[best] + " (auto; " + all + ")";
  return orders[best];
}

}  // namespace spikeloom
