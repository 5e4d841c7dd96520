// Synthetic traffic: rates, patterns and latencies of a network alone; a stuck network is found and described.
#include <gtest/gtest.h>

#include <map>

#include "hw/noc/traffic/traffic_network.h"
#include "tests/support/mesh_probe.h"

namespace spikeloom {
namespace {

TrafficSpec uniform(int packet_flits) {
  TrafficSpec spec;
  spec.packet_flits = packet_flits;
  spec.measured_cycles = spec.drain_cycles = 20000;
  return spec;
}

TEST(TrafficUnit, PatternsSendWhereTheyAreDefined) {
  const Topology topology(4, 4, {});
  std::mt19937_64 random(1);
  TrafficSpec spec;
  spec.pattern = Pattern::kTranspose;
  EXPECT_EQ(draw_destination(spec, topology, 1, random), 4);    // (1, 0) to (0, 1)
  EXPECT_EQ(draw_destination(spec, topology, 11, random), 14);  // (3, 2) to (2, 3)
  spec.pattern = Pattern::kBitComplement;
  EXPECT_EQ(draw_destination(spec, topology, 3, random), 12);
  spec.pattern = Pattern::kHotspot;
  spec.hotspots = {5};
  spec.hotspot_share = 0.5;
  std::map<int, int> count;
  for (int i = 0; i < 16000; ++i) ++count[draw_destination(spec, topology, 0, random)];
  EXPECT_NEAR(count[5], 8000 + 500, 5 * 64);  // binomial, five deviations
  EXPECT_NEAR(count[7], 500, 5 * 22);
}

// Far below saturation everything offered is accepted. 64 nodes, 20,000 cycles, 0.1 flits: 32,000 packets of 4 flits,
// deviation 180 packets.
TEST(TrafficUnit, WhatIsOfferedIsAcceptedBelowSaturation) {
  TrafficNetwork mesh(small_network(8, 8, 8), uniform(4), 0.1, 7);
  const LoadPoint point = mesh.run();
  EXPECT_FALSE(point.saturated);
  EXPECT_NEAR(double(point.packets), 32000, 5 * 180);
  EXPECT_NEAR(point.accepted, 0.1, 0.004);
}

// The measurement ends while many packets are being sent. What stays of none may hold a channel, for which routers with
// a stage of several cycles would ask for ever.
TEST(TrafficUnit, APacketThatHasBegunIsSentToItsEnd) {
  NetworkSpec network = small_network(4, 4, 8);
  network.router.speculative = false;
  network.router.vc_allocation_cycles = 2;
  TrafficNetwork mesh(network, uniform(8), 0.1, 2);
  EXPECT_EQ(mesh.run().stuck, "");
}

// One packet in some 60,000 cycles: none is stuck because none arrived for long.
TEST(TrafficUnit, ALongSilenceIsNoDeadlock) {
  TrafficSpec spec = uniform(4);
  spec.measured_cycles = 1000000;
  TrafficNetwork mesh(small_network(2, 2, 8), spec, 0.00002, 3);
  const LoadPoint point = mesh.run();
  EXPECT_EQ(point.stuck, "");
  EXPECT_GT(point.packets, 5u);
}

TEST(TrafficUnit, BurstsKeepTheMeanRate) {
  TrafficSpec spec = uniform(1);
  spec.bursty = true;
  spec.burst_begins = 0.05;
  spec.burst_ends = 0.15;
  TrafficNetwork mesh(small_network(4, 4, 8), spec, 0.1, 3);
  EXPECT_NEAR(mesh.run().accepted, 0.1, 0.004);
}

// Next to nothing is offered: the mean latency is the closed form at the mean distance, 3 H + 5 with 5.25 hops (two
// coordinates of 8 apart by 2.625 on average), within the deviation of the distance over some 6,400 packets.
TEST(TrafficTiming, LatencyAtNoLoadIsTheClosedFormAtTheMeanDistance) {
  TrafficNetwork mesh(small_network(8, 8, 8), uniform(1), 0.005, 5);
  const LoadPoint point = mesh.run();
  EXPECT_NEAR(point.latency, 3 * 5.25 + 5, 0.5);
}

// Dimension order on an 8x8 mesh cannot carry 0.9 flits per node; bisection alone allows 0.5.
TEST(TrafficUnit, AnOverloadedNetworkIsSaturatedAndStillMoves) {
  TrafficNetwork mesh(small_network(8, 8, 8), uniform(4), 0.9, 2);
  const LoadPoint point = mesh.run();
  EXPECT_TRUE(point.saturated);
  EXPECT_TRUE(point.stuck.empty());
  EXPECT_GT(point.accepted, 0.2);
  EXPECT_LT(point.accepted, 0.5);
}

// BookSim 2 carries 0.191 single flits on this mesh (tests/validate/booksim2.csv). Less is carried for good.
TEST(TrafficUnit, JustBelowWhatItCanCarryANetworkIsNotSaturated) {
  NetworkSpec spec = small_network(8, 8, 8);
  spec.router.speculative = false;
  TrafficSpec traffic = uniform(1);
  traffic.warmup_cycles = 3000;
  TrafficNetwork below(spec, traffic, 0.18, 2);
  EXPECT_FALSE(below.run().saturated);
}

// With more offered than that the backlog grows, by little though it is.
TEST(TrafficUnit, JustAboveWhatItCanCarryANetworkIsSaturated) {
  NetworkSpec spec = small_network(8, 8, 8);
  spec.router.speculative = false;
  TrafficSpec traffic = uniform(1);
  traffic.warmup_cycles = 3000;
  traffic.drain_cycles = 200000;  // long enough for all that is left
  TrafficNetwork above(spec, traffic, 0.205, 2);
  const LoadPoint point = above.run();
  EXPECT_TRUE(point.saturated);
  EXPECT_GT(point.accepted, 0.185);
  EXPECT_LT(point.accepted, 0.2);
}

// A ring without a dateline, driven to its limit, closes its circle of dependencies: nothing moves any more, and the
// oldest flit is named with its place and what it waits for.
TEST(TrafficUnit, ADeadlockedRingIsFoundAndItsOldestFlitNamed) {
  NetworkSpec spec = small_network(8, 1, 2);
  spec.shape = Shape::kTorus;
  spec.dateline = false;
  TrafficSpec traffic = uniform(8);
  traffic.measured_cycles = traffic.drain_cycles = 200000;
  TrafficNetwork ring(spec, traffic, 0.9, 1);
  const LoadPoint point = ring.run();
  ASSERT_FALSE(point.stuck.empty());
  EXPECT_NE(point.stuck.find("the oldest flit ("), std::string::npos) << point.stuck;
  EXPECT_NE(point.stuck.find("router_"), std::string::npos) << point.stuck;
  EXPECT_NE(point.stuck.find("waits for"), std::string::npos) << point.stuck;
}

// The same ring with its dateline survives the same load.
TEST(TrafficUnit, TheSameRingWithADatelineIsNeverStuck) {
  NetworkSpec spec = small_network(8, 1, 2);
  spec.shape = Shape::kTorus;
  spec.vcs_per_class = 2;
  TrafficNetwork ring(spec, uniform(8), 0.9, 1);
  const LoadPoint point = ring.run();
  EXPECT_TRUE(point.stuck.empty()) << point.stuck;
}

// Adaptive routing on every policy, with bursts of long packets at a hotspot: nothing is lost, nothing is stuck.
TEST(TrafficUnit, AdaptivePoliciesDeliverEverything) {
  NetworkSpec spec = small_network(6, 5, 3);
  spec.routing = 2;
  spec.vcs_per_class = 2;
  TrafficSpec traffic = uniform(6);
  traffic.pattern = Pattern::kHotspot;
  traffic.hotspots = {8};
  traffic.hotspot_share = 0.05;
  TrafficNetwork mesh(spec, traffic, 0.05, 4);
  const LoadPoint point = mesh.run();
  EXPECT_FALSE(point.saturated);
  EXPECT_TRUE(point.stuck.empty());
  EXPECT_GT(point.packets, 4500u);
}

}  // namespace
}  // namespace spikeloom
