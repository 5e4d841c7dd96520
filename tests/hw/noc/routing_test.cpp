// Routing policies against their papers' rules, and the deadlock check.
#include "hw/noc/routing/routing.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "hw/noc/deadlock.h"

namespace spikeloom {
namespace {

enum Policy { kDimensionOrder, kWestFirst, kOddEven };

// All paths that a policy allows from a router to a node; calls `turn` for every pair of consecutive directions.
// Returns the number of paths; fails when one is not as short as possible.
int walk(const Topology& topology, const Routing& routing, int router, RouteState state, int node, int links,
         const std::function<void(int at, int from, int to)>& turn) {
  const RouteChoice choice = routing.next(topology, router, state, node);
  EXPECT_NE(choice.ports, 0);
  if (router == topology.router_of(node)) {
    EXPECT_EQ(choice.ports, 1u << topology.port_of(node));
    return 1;
  }
  int paths = 0;
  for (int port = 0; port < kDirections; ++port) {
    if (!(choice.ports >> port & 1)) continue;
    const int next = topology.neighbour(router, Port(port));
    EXPECT_GE(next, 0);
    EXPECT_EQ(topology.hops(next * topology.concentration(), node), links - 1);
    if (state.in_port < kDirections) turn(router, opposite(Port(state.in_port)), port);
    paths += walk(topology, routing, next, {opposite(Port(port)), choice.partition, state.dice}, node, links - 1, turn);
  }
  return paths;
}

void every_pair(const Topology& topology, Policy policy, const std::function<void(int, int, int)>& turn,
                const std::function<void(int from, int to, int paths)>& done = {}) {
  const auto routing = make_routing(policy, topology.shape(), topology.shape() == Shape::kTorus);
  for (int from = 0; from < topology.routers(); ++from)
    for (int to = 0; to < topology.routers(); ++to) {
      const int paths = walk(topology, *routing, from, {}, to, topology.hops(from, to), turn);
      EXPECT_GE(paths, 1);
      if (done) done(from, to, paths);
    }
}

bool vertical(int direction) { return direction == kNorth || direction == kSouth; }

TEST(RoutingUnit, DimensionOrderGoesAlongXFirstOnOnePath) {
  every_pair(
      Topology(5, 4, {}), kDimensionOrder, [](int, int from, int to) { EXPECT_FALSE(vertical(from) && !vertical(to)); },
      [](int, int, int paths) { EXPECT_EQ(paths, 1); });
}

TEST(RoutingUnit, DimensionOrderTakesTheShorterWayAroundATorus) {
  every_pair(Topology(5, 4, {}, Shape::kTorus), kDimensionOrder, [](int, int, int) {});
}

// Glass and Ni: the two turns into west are left out, everything else of the shortest paths is allowed: binomially many
// paths towards the east, one towards the west.
TEST(RoutingUnit, WestFirstNeverTurnsIntoWest) {
  every_pair(
      Topology(5, 4, {}), kWestFirst, [](int, int from, int to) { EXPECT_FALSE(vertical(from) && to == kWest); },
      [](int from, int to, int paths) {
        const int dx = to % 5 - from % 5, dy = std::abs(to / 5 - from / 5);
        double expected = 1;
        if (dx > 0)
          for (int i = 1; i <= dy; ++i) expected = expected * (dx + i) / i;
        EXPECT_EQ(paths, int(expected + 0.5)) << from << " to " << to;
      });
}

// Chiu, rules 1 and 2: no EN and ES turn in an even column, no NW and SW turn in an odd one.
TEST(RoutingUnit, OddEvenKeepsChiusTwoRules) {
  int choices = 0;
  every_pair(
      Topology(6, 5, {}), kOddEven,
      [](int at, int from, int to) {
        const bool odd = at % 6 % 2 != 0;
        EXPECT_FALSE(!odd && from == kEast && vertical(to)) << "router " << at;
        EXPECT_FALSE(odd && vertical(from) && to == kWest) << "router " << at;
      },
      [&choices](int, int, int paths) { choices += paths > 1; });
  EXPECT_GT(choices, 200);
}

TEST(DeadlockUnit, MeshesOfAllPoliciesAreFree) {
  for (const auto& [width, height] : {std::pair<int, int>{8, 8}, {5, 3}, {1, 7}, {6, 1}})
    for (const Policy policy : {kDimensionOrder, kWestFirst, kOddEven})
      EXPECT_EQ(find_deadlock(Topology(width, height, {}), *make_routing(policy, Shape::kMesh, false)), "");
}

TEST(DeadlockUnit, TheDatelineFreesEveryRing) {
  for (const auto& [width, height] : {std::pair<int, int>{8, 8}, {5, 4}, {3, 3}, {2, 2}, {7, 1}})
    EXPECT_EQ(find_deadlock(Topology(width, height, {}, Shape::kTorus), *make_routing(0, Shape::kTorus, true)), "")
        << width << "x" << height;
}

// A ring of 4 with shortest paths of 2 closes: each channel leads to the next.
TEST(DeadlockUnit, ARingWithoutADatelineIsNamedChannelByChannel) {
  const std::string cycle = find_deadlock(Topology(4, 1, {}, Shape::kTorus), *make_routing(0, Shape::kTorus, false));
  EXPECT_EQ(cycle,
            "router (0,0) east -> router (1,0) east -> router (2,0) east -> router (3,0) east -> router (0,0) east");
}

TEST(DeadlockUnit, TurnModelsDoNotHelpOnATorus) {
  for (const Policy policy : {kWestFirst, kOddEven})
    EXPECT_NE(find_deadlock(Topology(6, 6, {}, Shape::kTorus), *make_routing(policy, Shape::kTorus, true)), "");
}

// Any shortest path at all: the classic circle of four turns.
class FullyAdaptive : public Routing {
 public:
  RouteChoice next(const Topology& topology, int router, const RouteState& state, int node) const override {
    const Offset left = offset_to(topology, router, node, state.dice);
    uint16_t ports = 0;
    if (left.x) ports |= uint16_t(1u << (left.x > 0 ? kEast : kWest));
    if (left.y) ports |= uint16_t(1u << (left.y > 0 ? kSouth : kNorth));
    return {ports ? ports : uint16_t(1u << topology.port_of(node)), 0};
  }
};

TEST(DeadlockUnit, FreeTurnsMakeACircleOfFourRouters) {
  const std::string cycle = find_deadlock(Topology(2, 2, {}), FullyAdaptive());
  EXPECT_EQ(std::count(cycle.begin(), cycle.end(), '>'), 4) << cycle;
}

}  // namespace
}  // namespace spikeloom
