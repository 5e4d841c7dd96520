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

// Four tiles in a row between two memory nodes; each holds one of two parts of the inputs.
Topology row_of_four() { return {4, 1, {{0, 0, kWest}, {3, 0, kEast}}, Shape::kMesh, 1}; }

TEST(PlacementUnit, NearSourceGivesEveryPartTheTilesAtItsMemoryNode) {
  EXPECT_EQ(near_source_placement(row_of_four(), 2), (std::vector<int>{0, 3, 1, 2}));
}

// All nodes hold a whole input; one tile is left over when chains of three are made of four.
TEST(PlacementUnit, NearSourceOfWholeInputsIsNearMemoryAndLeftOverTilesComeLast) {
  EXPECT_EQ(near_source_placement(three_by_two(), 1), near_memory_placement(three_by_two()));
  EXPECT_EQ(near_source_placement(row_of_four(), 3).size(), 4u);
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

TEST(PlacementUnit, EveryNameIsAPlacementOfItsOwnAndAutoComesLast) {
  ASSERT_EQ(placement_names(), (std::vector<std::string>{"snake", "near_memory", "near_source", "auto"}));
  ASSERT_EQ(kPlacements, 3);
  EXPECT_EQ(place_tiles(0, row_of_four(), 2), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(place_tiles(1, three_by_two(), 2), (std::vector<int>{0, 1, 3, 2, 4, 5}));
  EXPECT_EQ(place_tiles(2, row_of_four(), 2), (std::vector<int>{0, 3, 1, 2}));
}

}  // namespace
}  // namespace spikeloom
