// A network as its config section describes it: shape, routers, links, virtual channels.
#pragma once

#include <vector>

#include "hw/noc/link.h"
#include "hw/noc/router.h"
#include "hw/noc/topology.h"
#include "hw/noc/virtual_channels.h"
#include "sim/base/config.h"

namespace spikeloom {

struct NetworkSpec {
  Shape shape = Shape::kMesh;
  int width = 0, height = 0, concentration = 1;
  int routing = 0;  // index into routing_names()
  bool dateline = true;
  int vcs_per_class = 1, buffer_flits = 0;
  int link_bits = 0, link_cycles = 1, credit_cycles = 1;
  double link_length_mm = 0;
  RouterSpec router;
  std::string buffer_key, buffer_place;  // the dotted path of buffer_flits, and where it was written

  // Reads a `network` section. Throws UserError for missing, unknown or out-of-range keys.
  static NetworkSpec read(ConfigNode& section);

  // Without memory nodes, or with those of a chip.
  Topology topology(std::vector<EdgeNode> memory_nodes = {}) const {
    return Topology(width, height, std::move(memory_nodes), shape, concentration);
  }
  // Ordered packets take dimension order, others the policy of `routing`.
  RouteTable routes(const Topology& topology) const;
  VirtualChannels channels(int classes, std::vector<int> arrival_channels = {}) const;
  // Between routers: switch and wires before a flit is seen, wires back and the sender's bookkeeping for a credit; the
  // cycle of the grant itself is the 1. A node's own link has no switch before it, and its interface counts credits
  // as they come in. A memory node's wires are as long as a hop's; a tile sits at its router (`near`): 0 mm, a cycle
  // at most.
  LinkSpec link_between_routers() const { return link_from_router(link_cycles, link_length_mm); }
  LinkSpec link_into_network(bool near) const {
    const int wires = node_link_cycles(near);
    return {buffer_flits, 1 + wires, 1 + wires, near ? 0 : link_length_mm, false, router.wait_for_tail_credit};
  }
  LinkSpec link_to_node(bool near) const {
    LinkSpec link = link_from_router(node_link_cycles(near), near ? 0 : link_length_mm);
    link.to_node = true;
    return link;
  }
  // Cycles from hop to hop of a head flit that never waits.
  int hop_cycles() const;
  // Buffer places that let one virtual channel send a flit in every cycle of a packet.
  int round_trip_flits() const;
  // Cycles from a packet's birth at a tile to its tail's arrival at another one over `hops` links between routers,
  // alone in the network; of several flits a lower bound where switch_cycles > 1.
  int latency_alone(int hops, int flits) const;
  // What throughput is lost by buffers shallower than the credit loop, for a warning; empty: none.
  std::string warning() const;
  // "4x3 mesh, dimension_order, 2 virtual channels of 6 flits"; per class of messages where there are several.
  std::string text(int classes = 1) const;

 private:
  int node_link_cycles(bool near) const { return near && link_cycles > 1 ? 1 : link_cycles; }
  LinkSpec link_from_router(int wires, double length_mm) const {
    return {buffer_flits, 1 + router.switch_cycles + wires, 1 + wires + credit_cycles, length_mm,
            false,        router.wait_for_tail_credit};
  }
};

// The list `memory_nodes` of a section, each at a free port of `topology` (one without memory nodes). Throws UserError.
std::vector<EdgeNode> read_memory_nodes(ConfigNode& section, const Topology& topology);
// Throws UserError at the section's vcs_per_class when a router cannot have that many channels for `classes`, and at
// input_speedup when it has fewer channels than that.
void check_channels(ConfigNode& network, const NetworkSpec& spec, int classes);

}  // namespace spikeloom
