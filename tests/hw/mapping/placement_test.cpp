// Which tiles get work first.
#include "hw/mapping/placement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace spikeloom {
namespace {

// Tiles 0 1 2 / 3 4 5, a memory node west of tile 0.
Topology three_by_two(int concentration = 1) { return {3, 2, {{0, 0, kWest}}, Shape::kMesh, concentration}; }

TEST(PlacementUnit, SnakeGoesBackEveryOtherRow) {
  EXPECT_EQ(snake_placement(three_by_two()), (std::vector<int>{0, 1, 2, 5, 4, 3}));
}

// Links to the node's router: 0; 1 and 3 one; 2 and 4 two; 5 three. Equal ones as in snake.
TEST(PlacementUnit, NearMemoryGoesByHops) {
  EXPECT_EQ(near_memory_placement(three_by_two()), (std::vector<int>{0, 1, 3, 2, 4, 5}));
}

TEST(PlacementUnit, EveryTileOfAConcentratedMeshIsPlacedOnce) {
  for (const auto& placement : {snake_placement, near_memory_placement}) {
    std::vector<int> order = placement(three_by_two(2));
    ASSERT_EQ(order.size(), 12u);
    std::sort(order.begin(), order.end());
    for (int i = 0; i < 12; ++i) EXPECT_EQ(order[i], i);
  }
  const std::vector<int> snake = snake_placement(three_by_two(2));
  EXPECT_EQ(std::vector<int>(snake.begin(), snake.begin() + 4), (std::vector<int>{0, 1, 2, 3}));
}

// Three single tiles: snake takes 0, 1, 2 (0 + 1 + 2 hops from the node), near_memory 0, 1, 3 (0 + 1 + 1); both ways.
TEST(PlacementUnit, AutoTakesFewerHopsAndSaysWhy) {
  std::string why;
  EXPECT_EQ(place_tiles(2, three_by_two(), 3, 1, &why), near_memory_placement(three_by_two()));
  EXPECT_EQ(why, "placed near_memory (auto; snake 6 hops, near_memory 4)");
  // Two chains of three: all tiles either way; near_memory's chains take 1 + 2 and 2 + 1 hops, snake's 2 and 2.
  EXPECT_EQ(place_tiles(2, three_by_two(), 2, 3, &why), snake_placement(three_by_two()));
  EXPECT_EQ(place_tiles(1, three_by_two(), 2, 3, &why), near_memory_placement(three_by_two()));
  EXPECT_EQ(why, "placed near_memory (as configured)");
}

}  // namespace
}  // namespace spikeloom
