// What messages put on links, counted by hand on a mesh of six routers.
#include "hw/mapping/traffic.h"

#include <gtest/gtest.h>

namespace spikeloom {
namespace {

// Tiles 0 1 2 / 3 4 5; memory node 6 west of tile 0.
Topology three_by_two() { return {3, 2, {{0, 0, kWest}}, Shape::kMesh, 1}; }

// Node, 0, 1, 2, 5: x first, three links between routers. Each of its five links carries all of it.
TEST(TrafficUnit, AUnicastTakesDimensionOrder) {
  const Topology topology = three_by_two();
  Traffic traffic(topology);
  traffic.unicast(6, 5, 7);
  EXPECT_EQ(traffic.flit_hops(), 21);
  EXPECT_EQ(traffic.busiest_flits(), 7);
  // From 3 to 2: 3, 4, 5, 2, nothing in common with it, since links of two directions are two.
  traffic.unicast(3, 2, 6);
  EXPECT_EQ(traffic.flit_hops(), 21 + 18);
  EXPECT_EQ(traffic.busiest_flits(), 7);
  // From 1 to 2: the link from 1 to 2 has 7 + 2, as has no other.
  traffic.unicast(1, 2, 2);
  EXPECT_EQ(traffic.busiest_flits(), 9);
}

// To 2, 4 and 5: links 0-1, 1-2, 1-4, 2-5, each once; apart the paths would take 2 + 2 + 3.
TEST(TrafficUnit, AMulticastTakesEveryLinkOfItsTreeOnce) {
  const Topology topology = three_by_two();
  Traffic traffic(topology);
  traffic.multicast(6, {2, 4, 5}, 10);
  EXPECT_EQ(traffic.flit_hops(), 40);
  EXPECT_EQ(traffic.busiest_flits(), 10);
  traffic.multicast(6, {4}, 1);
  EXPECT_EQ(traffic.flit_hops(), 42);
  EXPECT_EQ(traffic.busiest_flits(), 11);
}

// Two messages from far apart meet on the link into tile 0; no link between routers carries both.
TEST(TrafficUnit, TheLinkIntoANodeCounts) {
  const Topology topology = three_by_two();
  Traffic traffic(topology);
  traffic.unicast(1, 0, 5);
  traffic.unicast(3, 0, 4);
  EXPECT_EQ(traffic.busiest_flits(), 9);
  EXPECT_EQ(traffic.flit_hops(), 9);
}

// The last tile of a ring of five is one link away.
TEST(TrafficUnit, ATorusIsCrossedTheShorterWay) {
  const Topology ring(5, 1, {}, Shape::kTorus, 1);
  Traffic traffic(ring);
  traffic.unicast(0, 4, 3);
  EXPECT_EQ(traffic.flit_hops(), 3);
}

// Tiles of one router exchange messages over their own links alone.
TEST(TrafficUnit, NeighboursAtARouterTakeNoHop) {
  const Topology topology(1, 1, {}, Shape::kMesh, 2);
  Traffic traffic(topology);
  traffic.unicast(0, 1, 3);
  EXPECT_EQ(traffic.flit_hops(), 0);
  EXPECT_EQ(traffic.busiest_flits(), 3);
}

}  // namespace
}  // namespace spikeloom
