#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <queue>
#include <set>

#include "hw/noc/route_table.h"

namespace spikeloom {
namespace {

// 4x3 with a memory node west of tile 4 and one north of tile 3.
Topology mesh() { return Topology(4, 3, {{0, 1, kWest}, {3, 0, kNorth}}); }

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

TEST(TopologyUnit, LinkedRoutersAreOfOneBandOrOfTwoThatFollowEachOther) {
  for (const Shape shape : {Shape::kMesh, Shape::kTorus})
    for (const auto& [width, height] : {std::pair{5, 4}, {4, 4}, {7, 1}, {2, 3}}) {
      const Topology topology(width, height, {}, shape);
      std::set<int> bands;
      for (int router = 0; router < topology.routers(); ++router) {
        bands.insert(topology.band(router));
        for (const Port port : {kNorth, kEast, kSouth, kWest}) {
          const int neighbour = topology.neighbour(router, port);
          if (neighbour < 0) continue;
          EXPECT_LE(std::abs(topology.band(router) - topology.band(neighbour)), 1);
        }
      }
      EXPECT_EQ(*bands.begin(), 0);
      EXPECT_EQ(*bands.rbegin() + 1, int(bands.size()));
      EXPECT_GT(bands.size(), 1u);
    }
}

TEST(TopologyUnit, ATorusClosesRowsAndColumnsOfMoreThanOneRouter) {
  const Topology torus(4, 3, {}, Shape::kTorus);
  EXPECT_EQ(torus.neighbour(0, kNorth), 8);
  EXPECT_EQ(torus.neighbour(0, kWest), 3);
  EXPECT_EQ(torus.neighbour(11, kEast), 8);
  EXPECT_EQ(torus.neighbour(11, kSouth), 3);
  EXPECT_EQ(torus.hops(0, 11), 2);  // one step west, one north
  const Topology row(4, 1, {}, Shape::kTorus);
  EXPECT_EQ(row.neighbour(2, kNorth), -1);
}

TEST(TopologyUnit, SeveralNodesShareARouterAndMemoryNodesMayAddAPort) {
  const Topology topology(2, 2, {{1, 1, kLocal}, {0, 0, kWest}}, Shape::kMesh, 2);
  EXPECT_EQ(topology.tiles(), 8);
  EXPECT_EQ(topology.router_of(5), 2);
  EXPECT_EQ(topology.port_of(5), kLocal + 1);
  EXPECT_EQ(topology.router_of(8), 3);
  EXPECT_EQ(topology.port_of(8), kLocal + 2);
  EXPECT_EQ(topology.port_of(9), kWest);
  EXPECT_EQ(topology.ports(3), 7);
  EXPECT_EQ(topology.ports(0), 6);
  EXPECT_EQ(topology.place(5), "0_1_1");
}

// From the source's router on: each router is reached once, and the set's tiles, no others, get the flit.
TEST(RouteTableUnit, MulticastIsATreeThatReachesItsSet) {
  const Topology topology = mesh();
  RouteTable routes(topology, make_routing(0, Shape::kMesh, false), nullptr);
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
        for (int port = 0; port <= kLocal; ++port) {
          if (!(routes.branches(destination, router) >> port & 1)) continue;
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
  RouteTable routes(topology, make_routing(0, Shape::kMesh, false), nullptr);
  EXPECT_EQ(routes.add_multicast(0, {1}), 14);
  EXPECT_EQ(routes.add_multicast(1, {2}), 15);
}

}  // namespace
}  // namespace spikeloom
