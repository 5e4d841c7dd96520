// Routers and links together: latency, throughput, credits, order and energy on whole networks.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "tests/support/mesh_probe.h"

namespace spikeloom {
namespace {

// A memory node west of router (0, 1) and one east of router (3, 1).
const std::vector<EdgeNode> kTwoNodes = {{0, 1, kWest}, {3, 1, kEast}};
const std::vector<EdgeNode> kOneNode = {{0, 0, kWest}};

// A pipeline as BookSim 2 has it: routes ahead, one cycle each for both allocations, switch and link.
NetworkSpec four_stage(NetworkSpec spec) {
  spec.router.speculative = false;
  return spec;
}

// Granted its node's link in c, a head flit is on the wires in c + 1 and seen by the router in c + 2. Alone, it is
// granted the switch there in that cycle (speculative) or the next one, crosses, is on the wires: 3 or 4 cycles a
// router, H + 1 routers.
Cycle arrival(Cycle sent, int hops, int per_hop = 3) { return sent + 2 + Cycle(hops + 1) * per_hop; }

// Latency without load, to the cycle, between all pairs of nodes: with BookSim 2's four stages 4 H + 6 + (L - 1) from
// the cycle of generation, which is that of the link's grant; speculative 3 H + 5 + (L - 1).
void every_pair_takes(const NetworkSpec& spec, int per_hop, int constant, int flits,
                      const std::vector<EdgeNode>& memory_nodes = {}) {
  MeshProbe mesh(spec, 1, memory_nodes);
  Cycle cycle = 1;
  std::map<int, std::vector<Cycle>> expected;
  for (int from = 0; from < mesh.topology.nodes(); ++from)
    for (int to = 0; to < mesh.topology.nodes(); ++to, cycle += 150)  // far enough apart to be alone
      for (int i = 0; i < flits; ++i) {
        if (i == 0) mesh.send(from, cycle, to, flits);
        expected[to].push_back(cycle + Cycle(per_hop * mesh.topology.hops(from, to) + constant + i));
      }
  sc_core::sc_start();
  for (int to = 0; to < mesh.topology.nodes(); ++to) EXPECT_EQ(mesh.sink(to).cycles, expected[to]) << "node " << to;
}

TEST(MeshTiming, EveryPairTakesFourCyclesAHopAndSixWithoutSpeculation) {
  every_pair_takes(four_stage(small_network(8, 8, 8)), 4, 6, 1);
}
TEST(MeshTiming, EveryPairTakesThreeCyclesAHopAndFiveWithSpeculation) {
  every_pair_takes(small_network(8, 8, 8), 3, 5, 1);
}
TEST(MeshTiming, LongerPacketsTakeACycleMoreForEachFurtherFlit) {
  every_pair_takes(four_stage(small_network(4, 4, 8)), 4, 6, 4);
}
TEST(MeshTiming, MemoryNodesAreAsFarAsTheirRouters) { every_pair_takes(small_network(4, 3, 8), 3, 5, 2, kTwoNodes); }

// Routing 2, both allocations 2 and 3, switch 2, wires 3: 12 a hop. A tile's own wires take 1: 1 + 1 before the first
// router, and 10 from the last one on.
TEST(MeshTiming, EveryStageTakesItsCycles) {
  NetworkSpec spec = four_stage(small_network(4, 3, 16));
  spec.router.routing_cycles = 2;
  spec.router.vc_allocation_cycles = 2;
  spec.router.switch_allocation_cycles = 3;
  spec.router.switch_cycles = 2;
  spec.link_cycles = 3;
  every_pair_takes(spec, 12, 12, 1);
  EXPECT_EQ(spec.latency_alone(3, 5), 12 * 3 + 12 + 4 * 3);  // flits ask for the switch one after another
}

// Two flits that share nothing but the stage, the second `late` cycles behind: it is taken up when it is there and
// the stage of three cycles that began with the first one has ended.
void a_stage_of_three_cycles_begins_again_when_it_has_ended(int RouterSpec::*stage) {
  NetworkSpec spec = four_stage(small_network(1, 1, 8));
  spec.concentration = 4;
  spec.router.*stage = 3;
  MeshProbe mesh(spec, 1);
  for (int late = 0; late < 8; ++late) {
    mesh.send(0, 100 * (late + 1), 1, 1);
    mesh.send(2, 100 * (late + 1) + late, 3, 1);
  }
  sc_core::sc_start();
  for (int late = 0; late < 8; ++late)
    EXPECT_EQ(mesh.sink(3).cycles[late] - mesh.sink(1).cycles[late], Cycle(late == 0 ? 0 : std::max(late, 3))) << late;
}

TEST(RouterTiming, RoutingIsNotPipelined) {
  a_stage_of_three_cycles_begins_again_when_it_has_ended(&RouterSpec::routing_cycles);
}
TEST(RouterTiming, VcAllocationIsNotPipelined) {
  a_stage_of_three_cycles_begins_again_when_it_has_ended(&RouterSpec::vc_allocation_cycles);
}
TEST(RouterTiming, SwitchAllocationIsNotPipelined) {
  a_stage_of_three_cycles_begins_again_when_it_has_ended(&RouterSpec::switch_allocation_cycles);
}
TEST(RouterTiming, CrossingIsNotPipelined) {
  a_stage_of_three_cycles_begins_again_when_it_has_ended(&RouterSpec::switch_cycles);
}

// BookSim 2 gives a torus links of 2 cycles and its nodes links of 1: 2 to the first router, 5 a hop (both allocations,
// the switch, 2 of wires), 4 from the last router on.
TEST(TorusTiming, ATileIsACycleFromItsRouterHoweverLongALinkIs) {
  NetworkSpec spec = four_stage(small_network(4, 4, 8));
  spec.shape = Shape::kTorus;
  spec.vcs_per_class = 2;
  spec.link_cycles = 2;
  every_pair_takes(spec, 5, 6, 4);
}

// A memory node's own link is a hop's, of 2 cycles: 3 to its router, 4 a hop, of which the last leads to the other one.
TEST(MeshTiming, AMemoryNodeIsAHopFromItsRouter) {
  NetworkSpec spec = small_network(4, 3, 8);
  spec.link_cycles = 2;
  MeshProbe mesh(spec, 1, kTwoNodes);
  const int west = mesh.topology.source_node(0), east = mesh.topology.source_node(1);
  mesh.send(west, 10, east, 1);
  mesh.send(west, 50, 4, 1);  // the tile at its router: a cycle less
  sc_core::sc_start();
  EXPECT_EQ(mesh.sink(east).cycles, (std::vector<Cycle>{10 + 3 + 4 * 4}));
  EXPECT_EQ(mesh.sink(4).cycles, (std::vector<Cycle>{50 + 3 + 3}));
}

// On a ring of 5 the longest way is 2; 1 link in each direction more than in a row.
TEST(TorusTiming, EveryPairGoesTheShorterWayAround) {
  NetworkSpec spec = small_network(5, 4, 8);
  spec.shape = Shape::kTorus;
  spec.vcs_per_class = 2;
  MeshProbe torus(spec, 1);
  Cycle cycle = 1;
  std::map<int, std::vector<Cycle>> expected;
  for (int from = 0; from < 20; ++from)
    for (int to = 0; to < 20; ++to, cycle += 100) {
      torus.send(from, cycle, to, 1);
      const int dx = std::abs(from % 5 - to % 5), dy = std::abs(from / 5 - to / 5);
      expected[to].push_back(arrival(cycle, std::min(dx, 5 - dx) + std::min(dy, 4 - dy)));
    }
  sc_core::sc_start();
  for (int to = 0; to < 20; ++to) EXPECT_EQ(torus.sink(to).cycles, expected[to]) << "node " << to;
}

TEST(MeshTiming, NodesThatShareARouterAreNoHopApart) {
  NetworkSpec spec = small_network(3, 2, 8);
  spec.concentration = 3;
  MeshProbe mesh(spec, 1);
  mesh.send(0, 10, 2, 1);   // the same router
  mesh.send(1, 10, 17, 1);  // router (0, 0) to (2, 1)
  sc_core::sc_start();
  EXPECT_EQ(mesh.sink(2).cycles, (std::vector<Cycle>{arrival(10, 0)}));
  EXPECT_EQ(mesh.sink(17).cycles, (std::vector<Cycle>{arrival(10, 3)}));
}

TEST(RouterTiming, StreamsOneFlitACycle) {
  MeshProbe mesh(small_network(4, 1, 6), 1);
  const int flits = 200;
  mesh.send(0, 10, 3, flits);
  sc_core::sc_start();
  for (int i = 0; i < flits; ++i) EXPECT_EQ(mesh.sink(3).cycles[i], arrival(10 + i, 3)) << i;
}

// A place of a buffer serves once in 6 cycles: its flit is granted in c and seen in c + 3 (switch, wires, buffer); it
// goes on in that cycle, its credit is usable in c + 6 (wires, bookkeeping). With b < 6 places flits go in groups of b.
TEST(LinkTiming, FewerPlacesThanTheRoundTripLimitThroughput) {
  const int b = 2, flits = 40;
  MeshProbe mesh(small_network(2, 1, b), 1);
  EXPECT_EQ(mesh.spec.round_trip_flits(), 6);
  mesh.send(0, 10, 1, flits);
  sc_core::sc_start();
  ASSERT_EQ(mesh.sink(1).count(), size_t(flits));
  for (int i = 0; i < flits; ++i) EXPECT_EQ(mesh.sink(1).cycles[i], arrival(10, 1) + i / b * 6 + i % b) << i;
}

TEST(LinkTiming, AsManyPlacesAsTheRoundTripGiveFullThroughput) {
  const int flits = 40;
  MeshProbe mesh(small_network(2, 1, 6), 1);
  mesh.send(0, 10, 1, flits);
  sc_core::sc_start();
  ASSERT_EQ(mesh.sink(1).count(), size_t(flits));
  EXPECT_EQ(mesh.sink(1).cycles.back(), arrival(10 + flits - 1, 1));
}

TEST(LinkUnit, ShallowBuffersAreWarnedOfWithTheThroughputThatIsLost) {
  EXPECT_EQ(small_network(2, 1, 6).warning(), "");
  EXPECT_NE(small_network(2, 1, 3).warning().find("at most 50 %"), std::string::npos);
}

// Tile 0 and tile 1 send to tile 2 at once; both streams want the link from 1 to 2.
TEST(RouterUnit, PacketsOfOneVirtualChannelAreNotInterleaved) {
  MeshProbe mesh(small_network(3, 1, 6), 2);
  for (int packet = 0; packet < 5; ++packet) {
    mesh.send(0, 10, 2, 4, 0, 100 + packet);
    mesh.send(1, 11, 2, 4, 0, 200 + packet);
  }
  sc_core::sc_start();
  const auto& flits = mesh.sink(2).values;
  ASSERT_EQ(flits.size(), 40u);
  for (size_t i = 0; i < flits.size(); ++i) {
    EXPECT_EQ(flits[i].bits[0], flits[i / 4 * 4].bits[0]) << i;
    EXPECT_EQ(flits[i].bits[1], i % 4) << i;
  }
}

// The same on two channels: the link carries one flit a cycle, the channels in turn once both are there.
TEST(RouterTiming, TwoVirtualChannelsShareALinkFairly) {
  MeshProbe mesh(small_network(3, 1, 8), 2);
  const int flits = 30;
  mesh.send(0, 10, 2, flits, 0);  // seen at router 1 in 15
  mesh.send(1, 13, 2, flits, 1);  // seen at router 1 in 15 too
  sc_core::sc_start();
  std::vector<Cycle> all;
  for (int vc = 0; vc < 2; ++vc) {
    ASSERT_EQ(mesh.sink(2, vc).count(), size_t(flits));
    all.insert(all.end(), mesh.sink(2, vc).cycles.begin(), mesh.sink(2, vc).cycles.end());
    for (int i = 3; i + 3 < flits; ++i) EXPECT_EQ(mesh.sink(2, vc).cycles[i] - mesh.sink(2, vc).cycles[i - 1], 2u) << i;
  }
  std::sort(all.begin(), all.end());
  // Router 1 grants the link in 15 for the first time; 3 cycles to router 2, 3 to the sink; one flit a cycle.
  for (int i = 0; i < 2 * flits; ++i) EXPECT_EQ(all[i], Cycle(15 + 6 + i)) << i;
}

TEST(RouterUnit, ABlockedChannelLetsTheOtherPass) {
  MeshProbe mesh(small_network(3, 1, 6), 2);
  mesh.sink(2, 0).stall(0, 500);
  mesh.send(0, 10, 2, 30, 0);
  mesh.send(1, 100, 2, 10, 1);
  sc_core::sc_start();
  EXPECT_EQ(mesh.sink(2, 1).cycles.back(), arrival(109, 1));
  EXPECT_EQ(mesh.sink(2, 0).count(), 30u);
}

// Packets that need no order spread over their class's channels: one that is blocked lets the next one pass.
TEST(RouterUnit, APacketWithoutOrderTakesAnyFreeChannelOfItsClass) {
  NetworkSpec spec = small_network(3, 1, 6);
  spec.vcs_per_class = 2;
  MeshProbe mesh(spec, 1);
  mesh.sink(2, 0).stall(0, 500);
  mesh.sink(2, 1).stall(0, 500);
  mesh.send(0, 10, 2, 4, 0, 1, false);
  mesh.send(1, 30, 2, 4, 0, 2, false);
  sc_core::sc_start();
  EXPECT_EQ(mesh.sink(2, 0).count(), 4u);
  EXPECT_EQ(mesh.sink(2, 1).count(), 4u);
}

TEST(RouterUnit, MulticastGivesEachDestinationEveryFlitOnce) {
  MeshProbe mesh(small_network(4, 3, 6), 1, kTwoNodes);
  std::vector<int> tiles;
  for (int i = 0; i < 12; ++i) tiles.push_back(i);
  const int all = mesh.routes.add_multicast(0, tiles);
  const int some = mesh.routes.add_multicast(0, {0, 6, 11});
  mesh.send(12, 10, all, 20, 0, 1);
  mesh.send(12, 10, some, 20, 0, 2);
  sc_core::sc_start();
  for (int tile = 0; tile < 12; ++tile) {
    const bool in_both = tile == 0 || tile == 6 || tile == 11;
    const auto& flits = mesh.sink(tile).values;
    ASSERT_EQ(flits.size(), in_both ? 40u : 20u) << tile;
    for (size_t i = 0; i < flits.size(); ++i) {
      EXPECT_EQ(flits[i].bits[0], i < 20 ? 1u : 2u);
      EXPECT_EQ(flits[i].bits[1], i % 20);
    }
  }
  EXPECT_EQ(mesh.sink(13).count(), 0u);
}

// Without load a fork costs no time: every tile gets flit i as if it were the only destination.
TEST(RouterTiming, MulticastArrivesAsEarlyAsUnicast) {
  MeshProbe mesh(small_network(4, 3, 6), 1, kTwoNodes);
  std::vector<int> tiles;
  for (int i = 0; i < 12; ++i) tiles.push_back(i);
  const int all = mesh.routes.add_multicast(0, tiles);
  mesh.send(12, 10, all, 20);
  sc_core::sc_start();
  for (int tile = 0; tile < 12; ++tile)
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(mesh.sink(tile).cycles[i], arrival(10 + i, mesh.topology.hops(12, tile))) << tile << " " << i;
}

// Tile 0 takes nothing until cycle 100. Its b places fill; the next flit leaves by the free branch to tile 1 alone
// and stays in the router's buffer, so that tile 1 gets b + 1 flits until then, and everything in the end.
TEST(RouterUnit, AStalledBranchHoldsTheStreamAndLosesNothing) {
  const int b = 6, flits = 40;
  MeshProbe mesh(small_network(2, 1, b), 1, kOneNode);
  const int both = mesh.routes.add_multicast(0, {0, 1});
  mesh.sink(0).stall(0, 100);
  mesh.send(2, 10, both, flits);
  sc_core::sc_start();
  EXPECT_EQ(mesh.sink(0).count_by(99), 0u);
  EXPECT_EQ(mesh.sink(1).count_by(99), size_t(b + 1));
  for (int tile = 0; tile < 2; ++tile) {
    ASSERT_EQ(mesh.sink(tile).count(), size_t(flits));
    for (int i = 0; i < flits; ++i) EXPECT_EQ(mesh.sink(tile).values[i].bits[1], uint64_t(i));
  }
  // From 100 on tile 0 takes a flit a cycle: the credit of the first is used in 103, and b = 6 places bridge that.
  EXPECT_EQ(mesh.sink(0).cycles.back(), Cycle(100 + flits - 1));
}

// Random packets between all nodes on three channels, sinks that stall at random: every flow of packets keeps its
// order, and nothing is lost.
TEST(MeshUnit, RandomStallsLoseAndReorderNothing) {
  MeshProbe mesh(small_network(4, 3, 2), 3, kTwoNodes);
  std::mt19937 random(7);
  std::map<std::tuple<int, int, int>, std::vector<uint64_t>> sent, received;  // by source, destination, channel
  for (int node = 0; node < 14; ++node) {
    for (int vc = 0; vc < 3; ++vc)
      mesh.sink(node, vc).stall_when(
          [node, vc](Cycle c) { return (c * 31 + node * 17 + vc * 7) * 2654435761u % 97 < 40; });
    for (uint64_t packet = 0; packet < 60; ++packet) {
      const int to = int(random() % 14), vc = int(random() % 3), flits = 1 + int(random() % 9);
      const uint64_t id = uint64_t(node) << 32 | packet;
      mesh.send(node, 1 + random() % 5, to, flits, vc, id);
      for (int i = 0; i < flits; ++i) sent[{node, to, vc}].push_back(packet << 8 | unsigned(i));
    }
  }
  sc_core::sc_start();
  uint64_t in = 0, out = 0;
  for (int node = 0; node < 14; ++node) {
    in += mesh.sources[node]->sent.size();
    for (int vc = 0; vc < 3; ++vc)
      for (const Flit& flit : mesh.sink(node, vc).values) {
        received[{int(flit.bits[0] >> 32), node, vc}].push_back((flit.bits[0] & 0xffffffff) << 8 | flit.bits[1]);
        ++out;
      }
  }
  EXPECT_EQ(in, out);
  EXPECT_EQ(sent, received);
}

// A packet of F flits over H links passes H + 1 routers and H + 2 links, those at its ends included.
TEST(MeshEnergy, EveryFlitHopIsChargedOnce) {
  const int F = 5;
  NetworkSpec spec = small_network(4, 1, 6);
  spec.link_length_mm = 1.5;
  MeshProbe mesh(spec, 3, kOneNode);
  mesh.send(0, 10, 3, F, 2);
  sc_core::sc_start();
  const uint64_t H = 3, wire_bits = 128 + 2 + 2;  // payload, head and tail, channel number of three
  EXPECT_EQ(uint64_t(mesh.format.wire_bits()), wire_bits);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kLinkBitMm), F * (H + 2) * wire_bits);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kRouterBufferWriteBit), F * (H + 2) * wire_bits);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kRouterBufferReadBit), F * (H + 1) * wire_bits);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kCrossbarBit), F * (H + 1) * wire_bits);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kSwitchArbitration), F * (H + 1));
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kRouteComputation), H + 1);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kVcAllocation), H + 1);
  for (const auto& counter : mesh.ledger.counters()) {
    if (counter->event() != EnergyEvent::kLinkBitMm) continue;
    // Node 4 is the memory node.
    const bool long_wire = counter->block().find("link_") == 0 || counter->block().find("node_4") == 0;
    EXPECT_EQ(counter->scale(), long_wire ? 1.5 : 0.0) << counter->block();
  }
}

// One flit written into router 0, read and granted once for each of two branches; then one branch at router 1.
TEST(MeshEnergy, AForkReadsItsBufferOncePerBranchAndRoutesOnce) {
  const int F = 6;
  MeshProbe mesh(small_network(2, 1, 6), 1, kOneNode);
  const int both = mesh.routes.add_multicast(0, {0, 1});
  mesh.sink(1).stall(0, 60);  // a branch that waits is not charged again
  mesh.send(2, 10, both, F);
  sc_core::sc_start();
  const uint64_t wire_bits = 128 + 2;
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kRouterBufferReadBit, "router_0_0"), 2 * F * wire_bits);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kSwitchArbitration, "router_0_0"), 2u * F);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kCrossbarBit, "router_1_0"), F * wire_bits);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kRouteComputation), 2u);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kVcAllocation), 3u);  // two branches, then one
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kRouterBufferWriteBit, "router_0_0"), F * wire_bits);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kRouterBufferWriteBit, "node_0"), F * wire_bits);
}

// Flits through routers: hops + 1 for each flit of a unicast.
TEST(MeshUnit, RoutersPassEachFlitOncePerHop) {
  MeshProbe mesh(small_network(4, 3, 6), 1, kTwoNodes);
  mesh.send(0, 10, 11, 7);
  mesh.send(5, 10, 6, 3);
  sc_core::sc_start();
  uint64_t passed = 0;
  for (int router = 0; router < mesh.topology.routers(); ++router) passed += mesh.network.router(router).flits();
  EXPECT_EQ(passed, 7u * (5 + 1) + 3u * (1 + 1));
}

}  // namespace
}  // namespace spikeloom
