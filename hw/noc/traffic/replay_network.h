// A network on which recorded traffic is replayed: a source and a sink at every tile and memory node.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hw/noc/network.h"
#include "hw/noc/network_interface.h"
#include "hw/noc/traffic/replay_node.h"

namespace spikeloom {

// What a class of messages, or all of them, experienced. Latencies are from the recorded cycle of a packet's head to
// the cycle in which the last of its destinations sees its tail.
struct ReplayedClass {
  std::string name;
  uint64_t packets = 0;
  uint64_t injected = 0, ejected = 0;  // flits; one that a multicast delivers n times is ejected n times
  double latency = 0;                  // mean
  double recorded_latency = 0;         // mean of the recording
  double waited = 0;                   // mean cycles that heads were injected later than recorded
  Cycle largest_latency = 0;
  int64_t latest = 0;  // most cycles that a tail arrived later than recorded; below 0: all arrived earlier
};

struct Replay {
  std::vector<ReplayedClass> classes;                 // those that have packets, then all of them together
  Cycle last_arrival = 0, recorded_last_arrival = 0;  // of any tail
  uint64_t flit_hops = 0;                             // over all links, the nodes' own too
  std::string stuck;                                  // why packets have not arrived; empty: all have
};

class ReplayNetwork {
 public:
  // The nodes must be those of the recording.
  ReplayNetwork(const NetworkSpec& spec, const Topology& topology, const RecordedTraffic& traffic);
  // Simulates until every packet has arrived, or nothing moves any more. `progress`: told the share that has arrived.
  Replay run(const std::function<void(double share)>& progress = {});
  const Network& network() const { return network_; }
  const EnergyLedger& ledger() const { return ledger_; }

 private:
  void add_source(int node, std::vector<std::vector<uint32_t>> packets);
  void add_sink(int node);
  ReplayedClass account(int message_class) const;

  NetworkSpec spec_;
  const RecordedTraffic& traffic_;
  Clock clock_;
  EnergyLedger ledger_;
  Topology topology_;
  RouteTable routes_;
  VirtualChannels channels_;
  Network network_;
  std::vector<uint32_t> destinations_;  // of the recording -> of the route table
  ReplayArrivals arrivals_;
  std::deque<RegisteredFifo<Flit>> queues_;
  std::vector<std::unique_ptr<Block>> blocks_;
};

}  // namespace spikeloom
