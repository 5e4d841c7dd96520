#include <algorithm>
#include <tuple>

#include "hw/mapping/placement.h"

namespace spikeloom {

namespace {

struct Pair {
  int hops, place, part;  // place: in the snake
  bool operator<(const Pair& other) const {
    return std::tie(hops, place, part) < std::tie(other.hops, other.place, other.part);
  }
};

// Shares the tiles out among the parts, as many to each; the nearest pair of a tile and a part is taken first.
std::vector<std::vector<int>> tiles_of_parts(const std::vector<int>& snake, const Topology& topology, int split) {
  std::vector<Pair> pairs;
  for (size_t place = 0; place < snake.size(); ++place)
    for (int part = 0; part < split; ++part)
      pairs.push_back({hops_from_sources(topology, snake[place], part, split), int(place), part});
  std::sort(pairs.begin(), pairs.end());
  std::vector<std::vector<int>> tiles(split);
  std::vector<bool> taken(snake.size(), false);
  for (const Pair& pair : pairs) {
    if (taken[pair.place] || tiles[pair.part].size() == snake.size() / split) continue;
    taken[pair.place] = true;
    tiles[pair.part].push_back(snake[pair.place]);
  }
  return tiles;
}

}  // namespace

std::vector<int> near_source_placement(const Topology& topology, int split) {
  const std::vector<int> snake = snake_placement(topology);
  const auto tiles = tiles_of_parts(snake, topology, split);
  std::vector<int> order;
  for (size_t chain = 0; chain < tiles[0].size(); ++chain)
    for (int part = 0; part < split; ++part) order.push_back(tiles[part][chain]);
  for (const int tile : snake)
    if (std::find(order.begin(), order.end(), tile) == order.end()) order.push_back(tile);
  return order;
}

}  // namespace spikeloom
