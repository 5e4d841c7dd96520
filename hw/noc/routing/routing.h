// Which outputs a packet may take at a router, and which share of its class's virtual channels there.
//
// Contract: every policy leads each packet to its destination on a shortest path. It decides from where the packet is,
// how it came in and what it carries; deadlock freedom is not trusted but checked, on the dependency graph of the
// channels (hw/noc/deadlock.h), before a network is built.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hw/noc/topology.h"

namespace spikeloom {

// What a packet brings along that a policy may look at.
struct RouteState {
  int in_port = kLocal;   // through which it entered the router
  uint8_t partition = 0;  // partition of the virtual channels in which it travelled
  uint8_t dice = 0;       // bits that the packet's source drew, to break ties
};

struct RouteChoice {
  uint16_t ports = 0;     // bit p set: port p leads closer to the destination
  uint8_t partition = 0;  // which of the policy's partitions of virtual channels it takes there
};

class Routing {
 public:
  virtual ~Routing() = default;
  virtual RouteChoice next(const Topology& topology, int router, const RouteState& state, int node) const = 0;
  // How many partitions every class's virtual channels are divided into: vcs_per_class must be a multiple.
  virtual int partitions() const { return 1; }
  // May offer several ports: packets between two nodes can pass each other.
  virtual bool adaptive() const { return false; }
};

// By index into routing_names(): dimension_order, west_first, odd_even.
const std::vector<std::string>& routing_names();
// Without `dateline`, dimension order on a torus keeps to one partition: it can deadlock.
std::unique_ptr<Routing> make_routing(int index, Shape shape, bool dateline);

// The steps that are left, east and south positive; on a torus around the shorter way, and ties (exactly half around)
// by the packet's dice: bit 0 for x, bit 1 for y.
struct Offset {
  int x, y;
};
Offset offset_to(const Topology& topology, int router, int node, uint8_t dice);

}  // namespace spikeloom
