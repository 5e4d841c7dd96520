// Routers and links together: latency, throughput, credits, order and energy on whole meshes.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include "tests/support/mesh_probe.h"

namespace spikeloom {
namespace {

// A 4x3 mesh with memory nodes west of tile 4 and east of tile 7.
Topology mesh_4x3() { return Topology(4, 3, {{0, 1, kWest}, {3, 1, kEast}}); }
Topology row(int width) { return Topology(width, 1, {{0, 0, kWest}}); }

// Sent in c over the node's own link (1 cycle), a flit is visible at its router in c + 1 and leaves in that cycle; each
// of the H links takes L cycles, each further router none beyond; the last link, to the node, takes 1 cycle:
// it can be taken in c + 1 + H*L + 1.
Cycle arrival(Cycle sent, int hops, int link_latency) { return sent + 2 + Cycle(hops) * link_latency; }

void every_pair_takes(int link_latency) {
  MeshProbe mesh(mesh_4x3(), 1, {4, link_latency, 1.0});
  Cycle cycle = 1;
  std::map<int, std::vector<Cycle>> expected;
  for (int from = 0; from < mesh.topology.nodes(); ++from)
    for (int to = 0; to < mesh.topology.nodes(); ++to, cycle += 100) {  // far enough apart to be alone
      mesh.send(from, cycle, to, 1);
      expected[to].push_back(arrival(cycle, mesh.topology.hops(from, to), link_latency));
    }
  sc_core::sc_start();
  for (int to = 0; to < mesh.topology.nodes(); ++to) EXPECT_EQ(mesh.sink(to).cycles, expected[to]) << "node " << to;
}

TEST(MeshTiming, EveryPairOfNodesIsItsHopsApartWithLinksOfOneCycle) { every_pair_takes(1); }
TEST(MeshTiming, EveryPairOfNodesIsItsHopsApartWithLinksOfThreeCycles) { every_pair_takes(3); }

TEST(RouterTiming, FlitLeavesInTheCycleInWhichItIsVisible) {
  MeshProbe mesh(row(1), 1, {4, 1, 1.0});
  mesh.send(1, 10, 0, 1);  // from the memory node to the only tile: in at 11, out over the last link at 12
  sc_core::sc_start();
  EXPECT_EQ(mesh.sink(0).cycles, (std::vector<Cycle>{12}));
}

TEST(RouterTiming, StreamsOneFlitACycle) {
  MeshProbe mesh(row(4), 1, {4, 1, 1.0});
  const int flits = 200;
  mesh.send(0, 10, 3, flits);
  sc_core::sc_start();
  for (int i = 0; i < flits; ++i) EXPECT_EQ(mesh.sink(3).cycles[i], arrival(10 + i, 3, 1)) << i;
}

// A place of the buffer serves once in L + 1 cycles: sent in c, taken in c + L, credit in c + L + 1. With b < L + 1
// places, flits go in groups of b, one group a round trip.
TEST(LinkTiming, FewerPlacesThanTheRoundTripLimitThroughput) {
  const int L = 3, b = 2, flits = 40;
  MeshProbe mesh(row(2), 1, {b, L, 1.0});
  mesh.send(0, 10, 1, flits);
  sc_core::sc_start();
  ASSERT_EQ(mesh.sink(1).count(), size_t(flits));
  for (int i = 0; i < flits; ++i) EXPECT_EQ(mesh.sink(1).cycles[i], arrival(10, 1, L) + i / b * (L + 1) + i % b) << i;
}

TEST(LinkTiming, AsManyPlacesAsTheRoundTripGiveFullThroughput) {
  const int L = 3, b = 4, flits = 40;
  MeshProbe mesh(row(2), 1, {b, L, 1.0});
  mesh.send(0, 10, 1, flits);
  sc_core::sc_start();
  ASSERT_EQ(mesh.sink(1).count(), size_t(flits));
  EXPECT_EQ(mesh.sink(1).cycles.back(), arrival(10 + flits - 1, 1, L));
}

// Tile 0 and tile 1 send to tile 2 at once; both streams want the link from 1 to 2.
TEST(RouterUnit, PacketsOfOneVirtualChannelAreNotInterleaved) {
  MeshProbe mesh(row(3), 2, {4, 1, 1.0});
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

// The same on two channels: the link carries one flit a cycle, the channels in turn.
TEST(RouterTiming, TwoVirtualChannelsShareALinkFairly) {
  MeshProbe mesh(row(3), 2, {4, 1, 1.0});
  const int flits = 30;
  mesh.send(0, 10, 2, flits, 0);  // visible at router 1 in 12
  mesh.send(1, 11, 2, flits, 1);  // visible at router 1 in 12 too
  sc_core::sc_start();
  // Both streams together take 2 * flits cycles from 12 on; one more to the eject buffer.
  std::vector<Cycle> all;
  for (int vc = 0; vc < 2; ++vc) {
    ASSERT_EQ(mesh.sink(2, vc).count(), size_t(flits));
    all.insert(all.end(), mesh.sink(2, vc).cycles.begin(), mesh.sink(2, vc).cycles.end());
    for (int i = 1; i < flits; ++i) EXPECT_EQ(mesh.sink(2, vc).cycles[i] - mesh.sink(2, vc).cycles[i - 1], 2u) << i;
  }
  std::sort(all.begin(), all.end());
  for (int i = 0; i < 2 * flits; ++i) EXPECT_EQ(all[i], Cycle(12 + 1 + 1 + i)) << i;
}

TEST(RouterUnit, ABlockedChannelLetsTheOtherPass) {
  MeshProbe mesh(row(3), 2, {4, 1, 1.0});
  mesh.sink(2, 0).stall(0, 500);
  mesh.send(0, 10, 2, 30, 0);
  mesh.send(1, 100, 2, 10, 1);
  sc_core::sc_start();
  EXPECT_EQ(mesh.sink(2, 1).cycles.back(), arrival(109, 1, 1));
  EXPECT_EQ(mesh.sink(2, 0).count(), 30u);
}

TEST(RouterUnit, MulticastGivesEachDestinationEveryFlitOnce) {
  MeshProbe mesh(mesh_4x3(), 1, {4, 1, 1.0});
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
  MeshProbe mesh(mesh_4x3(), 1, {4, 1, 1.0});
  std::vector<int> tiles;
  for (int i = 0; i < 12; ++i) tiles.push_back(i);
  const int all = mesh.routes.add_multicast(0, tiles);
  mesh.send(12, 10, all, 20);
  sc_core::sc_start();
  for (int tile = 0; tile < 12; ++tile)
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(mesh.sink(tile).cycles[i], arrival(10 + i, mesh.topology.hops(12, tile), 1)) << tile << " " << i;
}

// Tile 0 takes nothing until cycle 100. Its b places fill; the next flit leaves by the free branch to tile 1 alone
// and stays in the router's buffer, so that tile 1 gets b + 1 flits until then, and everything in the end.
TEST(RouterUnit, AStalledBranchHoldsTheStreamAndLosesNothing) {
  const int b = 4, flits = 40;
  MeshProbe mesh(row(2), 1, {b, 1, 1.0});
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
  // From 100 on tile 0 takes a flit a cycle; the first freed place is used in 101.
  EXPECT_EQ(mesh.sink(0).cycles.back(), Cycle(100 + flits - 1));
}

// Random packets between all nodes on three channels, sinks that stall at random: every flow of packets keeps its
// order, and nothing is lost.
TEST(MeshUnit, RandomStallsLoseAndReorderNothing) {
  MeshProbe mesh(mesh_4x3(), 3, {2, 2, 1.0});
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
  MeshProbe mesh(row(4), 3, {4, 1, 1.5});
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
  for (const auto& counter : mesh.ledger.counters()) {
    if (counter->event() != EnergyEvent::kLinkBitMm) continue;
    EXPECT_EQ(counter->scale(), counter->block().find("link_") == 0 ? 1.5 : 0.0) << counter->block();
  }
}

// One flit written into router 0, read and granted once for each of two branches; then one branch at router 1.
TEST(MeshEnergy, AForkReadsItsBufferOncePerBranchAndRoutesOnce) {
  const int F = 6;
  MeshProbe mesh(row(2), 1, {4, 1, 1.0});
  const int both = mesh.routes.add_multicast(0, {0, 1});
  mesh.sink(1).stall(0, 60);  // a branch that waits is not charged again
  mesh.send(2, 10, both, F);
  sc_core::sc_start();
  const uint64_t wire_bits = 128 + 2;
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kRouterBufferReadBit, "router_0"), 2 * F * wire_bits);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kSwitchArbitration, "router_0"), 2u * F);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kCrossbarBit, "router_1"), F * wire_bits);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kRouteComputation), 2u);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kRouterBufferWriteBit, "router_0"), F * wire_bits);
  EXPECT_EQ(counted(mesh.ledger, EnergyEvent::kRouterBufferWriteBit, "node_0"), F * wire_bits);
}

// Flits through routers: hops + 1 for each flit of a unicast.
TEST(MeshUnit, RoutersPassEachFlitOncePerHop) {
  MeshProbe mesh(mesh_4x3(), 1, {4, 1, 1.0});
  mesh.send(0, 10, 11, 7);
  mesh.send(5, 10, 6, 3);
  sc_core::sc_start();
  uint64_t passed = 0;
  for (const auto& router : mesh.routers) passed += router->flits();
  EXPECT_EQ(passed, 7u * (5 + 1) + 3u * (1 + 1));
}

}  // namespace
}  // namespace spikeloom
