// Replay source and sink: what hangs on a router when recorded traffic is replayed on a network alone.
//
//     [ recorded packets, by class ] --> packets_out[class]        flits_in[vc] --> [ arrivals ]
//
// Timing   open loop: a flit that was injected in cycle c of the recording is at the network interface in c, or as soon
//          as the flits of its class before it have left room in the interface's queue. Flits are taken when they are
//          seen.
// Energy   none.
// Config   RecordedTraffic, the file of section traffic.
// Differs  the nodes of the recorded chip may have kept flits waiting, and sent later because of that; these do not.
#pragma once

#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/noc/messages.h"
#include "sim/base/recorded_traffic.h"

namespace spikeloom {

// What becomes of each recorded packet; shared by all nodes.
struct ReplayArrivals {
  explicit ReplayArrivals(const RecordedTraffic& traffic)
      : injected(traffic.classes.size(), 0),
        ejected(traffic.classes.size(), 0),
        waited(traffic.packets.size(), 0),
        arrived(traffic.packets.size(), 0),
        left(traffic.packets.size()) {
    for (size_t i = 0; i < left.size(); ++i) left[i] = uint32_t(traffic.fanout(traffic.packets[i]));
    for (const uint32_t fanout : left) deliveries += fanout;
  }
  std::vector<uint64_t> injected, ejected;  // [class]: flits
  std::vector<Cycle> waited;   // [packet]: cycles from its recorded cycle until its head was granted the link
  std::vector<Cycle> arrived;  // [packet]: cycle in which the last destination so far saw its tail
  std::vector<uint32_t> left;  // [packet]: destinations that have not got it
  uint64_t deliveries = 0;     // the same, of all packets
};

class ReplaySource : public Block {
 public:
  sc_core::sc_vector<FifoOut<Flit>> packets_out;  // one per class that the node sends, in their order

  // `packets`: [class that the node sends][i], numbers of packets in order. `destinations`: as the route table numbers
  // those of the recording.
  ReplaySource(const sc_core::sc_module_name& name, Clock& clock, const RecordedTraffic& traffic,
               const std::vector<uint32_t>& destinations, std::vector<std::vector<uint32_t>> packets,
               ReplayArrivals* arrivals);

 private:
  // The packets of a class, and its next flit.
  struct Queue {
    std::vector<uint32_t> packets;
    size_t at = 0;
    uint32_t sent = 0;  // flits of packets[at]
    Cycle due = 0;      // of its next flit
  };
  void tick() override;
  Flit next_flit(const Queue& queue) const;
  void advance(Queue* queue) const;

  const RecordedTraffic& traffic_;
  const std::vector<uint32_t>& destinations_;
  std::vector<Queue> queues_;
  ReplayArrivals* arrivals_;
};

class ReplaySink : public Block {
 public:
  sc_core::sc_vector<FifoIn<Flit>> flits_in;  // one per virtual channel of the node's link

  ReplaySink(const sc_core::sc_module_name& name, Clock& clock, int vcs, const RecordedTraffic& traffic,
             ReplayArrivals* arrivals)
      : Block(name, clock), flits_in("flits_in", vcs), traffic_(traffic), arrivals_(arrivals) {}

 private:
  void tick() override;
  void take(const Flit& flit);
  const RecordedTraffic& traffic_;
  ReplayArrivals* arrivals_;
};

}  // namespace spikeloom
