// Listens to the links between nodes and routers of a chip and keeps what its network interfaces inject.
#pragma once

#include <deque>
#include <vector>

#include "hw/noc/network.h"
#include "sim/base/recorded_traffic.h"

namespace spikeloom {

class TrafficRecorder {
 public:
  // Listens from now on, to all links of nodes that the network has; records cycles from .. to - 1, until the file
  // would be larger than limit_bytes.
  TrafficRecorder(Clock& clock, Network& network, const Topology& topology, const RouteTable& routes, Cycle from,
                  Cycle to, uint64_t limit_bytes);
  ~TrafficRecorder();
  TrafficRecorder(const TrafficRecorder&) = delete;
  TrafficRecorder& operator=(const TrafficRecorder&) = delete;

  // The recording of a run of `cycles` cycles: packets, destination sets, cycles and flit-hops; the rest is left to the
  // caller. Packets that were not all injected within the recorded cycles, or have not all arrived, are left out.
  RecordedTraffic finish(Cycle cycles) const;
  bool full() const { return full_; }

 private:
  struct Tap;
  struct Packet {
    RecordedPacket recorded;  // destinations as the route table numbers them
    Cycle tail = 0;           // cycle of its last flit so far
    bool complete = false;    // that is the tail
    uint32_t arrivals = 0;    // destinations that have got it
  };
  struct Gap {
    uint32_t packet, cycles;
  };
  void injects(int node, int vc, Flit& flit);
  void arrives(const Flit& flit, Cycle cycle);
  bool spend(uint64_t bytes);
  std::vector<int> members(uint32_t set) const;
  std::vector<uint32_t> kept(Cycle end) const;

  Clock& clock_;
  Network& network_;
  const Topology& topology_;
  const RouteTable& routes_;
  Cycle from_, end_;
  uint64_t bytes_left_;
  bool full_ = false;
  std::deque<Tap> taps_;
  std::vector<Packet> packets_;
  std::vector<Gap> gaps_;                         // as they came
  std::vector<std::vector<uint32_t>> under_way_;  // [node][virtual channel]: packet from 1, or 0
  std::vector<bool> seen_set_;                    // [set]
};

}  // namespace spikeloom
