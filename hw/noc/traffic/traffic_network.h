// A network with a traffic source and sink at every tile position: one measurement of latency and throughput.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "hw/noc/network.h"
#include "hw/noc/network_interface.h"
#include "hw/noc/traffic/traffic_node.h"

namespace spikeloom {

// What one rate and seed gave.
struct LoadPoint {
  double rate = 0;      // offered, flits per cycle and node
  double accepted = 0;  // flits per cycle and node
  double latency = 0;   // mean cycles from generation to the tail's arrival, of measured packets
  Cycle largest_latency = 0;
  uint64_t packets = 0;    // measured
  bool saturated = false;  // packets were left when the drain ended, or arrivals fell behind what was offered
  uint64_t flit_hops = 0;  // over all links, the nodes' own too
  std::string stuck;       // why nothing moves any more; empty: it moves
};

class TrafficNetwork {
 public:
  TrafficNetwork(const NetworkSpec& network, const TrafficSpec& traffic, double rate, uint64_t seed);
  // Simulates until all measured packets have arrived, or the drain's time is over, or nothing moves any more.
  LoadPoint run();
  Cycle active_cycles() const { return clock_.active_cycles(); }

 private:
  void add_node(int node, double rate, uint64_t seed);
  bool falls_behind() const;
  // Called now and then while it runs.
  void watch();

  static constexpr Cycle kPatience = 20000;  // cycles without an arrival, with flits under way: stuck

  NetworkSpec spec_;
  TrafficSpec traffic_;
  Clock clock_;
  EnergyLedger ledger_;
  Topology topology_;
  RouteTable routes_;
  VirtualChannels channels_;
  TrafficResult result_;
  LoadPoint point_;
  Network network_;
  std::deque<RegisteredFifo<Flit>> queues_;
  std::vector<std::unique_ptr<Block>> blocks_;
};

}  // namespace spikeloom
