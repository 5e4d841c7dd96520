// Traffic source and sink: what hangs on a router when a network is measured alone.
//
//     [ injection process | queue without bound ] --> packets_out        flits_in[vc] --> [ latency ]
//
// Timing   a packet that is generated in cycle c is at the network interface in c; flits are taken when they are seen.
// Energy   none.
// Config   TrafficSpec, section traffic.
// Differs  the queue is not part of the hardware: time in it counts as latency.
#pragma once

#include <deque>
#include <random>

#include "hw/clock/registered_fifo.h"
#include "hw/noc/link.h"
#include "hw/noc/traffic/traffic_spec.h"

namespace spikeloom {

// What all nodes of a measurement share. Packets born from warmup_cycles on, for measured_cycles, are measured.
struct TrafficResult {
  Cycle begin = 0, end = 0;  // of the measurement
  uint64_t outstanding = 0;  // measured packets under way
  bool generating = true;    // until all measured packets have arrived, or the drain takes too long
  uint64_t packets = 0;      // measured ones that have arrived
  double latency_sum = 0;    // cycles from birth to the tail's arrival
  Cycle largest_latency = 0;
  uint64_t offered_flits = 0;   // of packets born from begin to end
  uint64_t accepted_flits = 0;  // that arrived from begin to end, measured or not
  Cycle last_arrival = 0;       // of any flit
};

class TrafficSource : public Block {
 public:
  FifoOut<Flit> packets_out;

  TrafficSource(const sc_core::sc_module_name& name, Clock& clock, const TrafficSpec& spec, const Topology& topology,
                int node, double rate, uint64_t seed, TrafficResult* result);

 private:
  struct Packet {
    Cycle born;
    int destination;
    uint8_t flow;
  };
  void tick() override;
  void generate();
  Cycle next_birth();

  TrafficSpec spec_;
  const Topology& topology_;
  int node_;
  double chance_;  // of a packet per cycle; in a burst, where injection is bursty
  std::mt19937_64 random_;
  TrafficResult* result_;
  bool in_burst_ = false;
  Cycle birth_ = 0;           // of the next packet
  std::deque<Packet> queue_;  // born, not yet all handed over
  int sent_flits_ = 0;        // of the packet at its front
};

class TrafficSink : public Block {
 public:
  sc_core::sc_vector<FifoIn<Flit>> flits_in;  // one per virtual channel of the node's link

  TrafficSink(const sc_core::sc_module_name& name, Clock& clock, int vcs, TrafficResult* result)
      : Block(name, clock), flits_in("flits_in", vcs), result_(result) {}

 private:
  void tick() override;
  TrafficResult* result_;
};

}  // namespace spikeloom
