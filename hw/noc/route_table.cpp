#include "hw/noc/route_table.h"

namespace spikeloom {

namespace {

// Dimension order that never crosses the end of a row or column.
int port_within(const Topology& topology, int router, int node) {
  const int target = topology.router_of(node);
  const int dx = topology.x(target) - topology.x(router), dy = topology.y(target) - topology.y(router);
  if (dx != 0) return dx > 0 ? kEast : kWest;
  if (dy != 0) return dy > 0 ? kSouth : kNorth;
  return topology.port_of(node);
}

}  // namespace

RouteTable::RouteTable(const Topology& topology, std::unique_ptr<Routing> ordered, std::unique_ptr<Routing> adaptive)
    : topology_(topology), nodes_(topology.nodes()), ordered_(std::move(ordered)), adaptive_(std::move(adaptive)) {}

int RouteTable::add_multicast(int source, const std::vector<int>& tiles) {
  const int set = nodes_ + static_cast<int>(trees_.size()) / topology_.routers();
  trees_.resize(trees_.size() + topology_.routers(), 0);
  uint16_t* branches = &trees_[trees_.size() - topology_.routers()];
  for (const int tile : tiles) {
    int router = topology_.router_of(topology_.source_node(source));
    for (;;) {
      const int port = port_within(topology_, router, tile);
      branches[router] |= uint16_t(1u << port);
      if (port >= kDirections) break;
      router = topology_.neighbour(router, Port(port));
    }
  }
  return set;
}

Route RouteTable::route(const Flit& head, int router, int in_port, uint8_t partition) const {
  if (int(head.destination) >= nodes_) return {branches(int(head.destination), router), 0, true};
  const RouteChoice choice =
      routing(head.ordered).next(topology_, router, {in_port, partition, head.flow}, int(head.destination));
  return {choice.ports, choice.partition, false};
}

}  // namespace spikeloom
