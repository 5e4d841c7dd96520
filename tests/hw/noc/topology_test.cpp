#include "hw/noc/topology.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <queue>

namespace spikeloom {
namespace {

// 4x3 with a memory node west of tile 4 and one north of tile 3.
Topology mesh() { return Topology(4, 3, {{0, 1, kWest}, {3, 0, kNorth}}); }

int bits(uint8_t mask) { return __builtin_popcount(mask); }

TEST(TopologyUnit, EveryNodeHangsOnItsRouterAndPort) {
  const Topology topology = mesh();
  EXPECT_EQ(topology.nodes(), 14);
  for (int tile = 0; tile < 12; ++tile) {
    EXPECT_EQ(topology.router_of(tile), tile);
    EXPECT_EQ(topology.port_of(tile), kLocal);
  }
  EXPECT_EQ(topology.source_node(1), 13);
  EXPECT_EQ(topology.router_of(12), 4);
  EXPECT_EQ(topology.port_of(12), kWest);
  EXPECT_EQ(topology.router_of(13), 3);
  EXPECT_EQ(topology.port_of(13), kNorth);
}

TEST(TopologyUnit, NeighboursAreMutualAndEndAtTheEdge) {
  const Topology topology = mesh();
  EXPECT_EQ(topology.neighbour(0, kNorth), -1);
  EXPECT_EQ(topology.neighbour(0, kWest), -1);
  EXPECT_EQ(topology.neighbour(11, kEast), -1);
  EXPECT_EQ(topology.neighbour(11, kSouth), -1);
  EXPECT_EQ(topology.neighbour(5, kNorth), 1);
  EXPECT_EQ(topology.neighbour(5, kEast), 6);
  EXPECT_EQ(topology.neighbour(5, kSouth), 9);
  EXPECT_EQ(topology.neighbour(5, kWest), 4);
}

// Every path goes along X until the column is right, then along Y, and is as long as the Manhattan distance.
TEST(RouteTableUnit, PathsGoAlongXFirst) {
  const Topology topology = mesh();
  const RouteTable routes(topology);
  for (int from = 0; from < topology.tiles(); ++from) {
    for (int to = 0; to < topology.nodes(); ++to) {
      int router = from, links = 0;
      bool turned = false;
      while (router != topology.router_of(to)) {
        const uint8_t mask = routes.outputs(to, router);
        ASSERT_EQ(bits(mask), 1);
        const Port port = Port(__builtin_ctz(mask));
        const bool along_x = port == kEast || port == kWest;
        EXPECT_FALSE(along_x && turned);
        turned = turned || !along_x;
        router = topology.neighbour(router, port);
        ASSERT_GE(router, 0);
        ++links;
      }
      EXPECT_EQ(routes.outputs(to, router), 1u << topology.port_of(to));
      const int target = topology.router_of(to);
      EXPECT_EQ(links, std::abs(from % 4 - target % 4) + std::abs(from / 4 - target / 4));
      EXPECT_EQ(links, topology.hops(from, to));
    }
  }
}

// From the source's router on: each router is reached once, and the set's tiles, no others, get the flit.
TEST(RouteTableUnit, MulticastIsATreeThatReachesItsSet) {
  const Topology topology = mesh();
  RouteTable routes(topology);
  const std::vector<std::vector<int>> sets = {{0}, {0, 11}, {1, 2, 5, 9}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}};
  for (int source = 0; source < 2; ++source) {
    for (const std::vector<int>& set : sets) {
      const int destination = routes.add_multicast(source, set);
      std::vector<int> reached(topology.tiles(), 0), ejected(topology.tiles(), 0);
      std::queue<int> front;
      front.push(topology.router_of(topology.source_node(source)));
      while (!front.empty()) {
        const int router = front.front();
        front.pop();
        ASSERT_EQ(++reached[router], 1) << "router " << router;
        for (int port = 0; port < kPorts; ++port) {
          if (!(routes.outputs(destination, router) >> port & 1)) continue;
          if (port == kLocal)
            ++ejected[router];
          else
            front.push(topology.neighbour(router, Port(port)));
        }
      }
      for (int tile = 0; tile < topology.tiles(); ++tile)
        EXPECT_EQ(ejected[tile], std::count(set.begin(), set.end(), tile)) << "tile " << tile;
    }
  }
}

TEST(RouteTableUnit, MulticastSetsAreNumberedAfterTheNodes) {
  const Topology topology = mesh();
  RouteTable routes(topology);
  EXPECT_EQ(routes.add_multicast(0, {1}), 14);
  EXPECT_EQ(routes.add_multicast(1, {2}), 15);
}

}  // namespace
}  // namespace spikeloom
