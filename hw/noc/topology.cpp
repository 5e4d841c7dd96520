#include "hw/noc/topology.h"

#include <cstdlib>

namespace spikeloom {

int Topology::router_of(int node) const {
  if (node < tiles()) return node;
  const EdgeNode& edge = edges_[node - tiles()];
  return edge.y * width_ + edge.x;
}

Port Topology::port_of(int node) const { return node < tiles() ? kLocal : edges_[node - tiles()].port; }

int Topology::neighbour(int router, Port port) const {
  const int x = router % width_, y = router / width_;
  if (port == kNorth && y > 0) return router - width_;
  if (port == kSouth && y + 1 < height_) return router + width_;
  if (port == kEast && x + 1 < width_) return router + 1;
  if (port == kWest && x > 0) return router - 1;
  return -1;
}

Port Topology::next_port(int router, int node) const {
  const int target = router_of(node);
  const int dx = target % width_ - router % width_, dy = target / width_ - router / width_;
  if (dx != 0) return dx > 0 ? kEast : kWest;
  if (dy != 0) return dy > 0 ? kSouth : kNorth;
  return port_of(node);
}

int Topology::hops(int from, int to) const {
  const int a = router_of(from), b = router_of(to);
  return std::abs(a % width_ - b % width_) + std::abs(a / width_ - b / width_);
}

RouteTable::RouteTable(const Topology& topology) : topology_(topology), routers_(topology.tiles()) {
  masks_.resize(static_cast<size_t>(topology.nodes()) * routers_);
  for (int node = 0; node < topology.nodes(); ++node)
    for (int router = 0; router < routers_; ++router)
      masks_[node * routers_ + router] = uint8_t(1u << topology.next_port(router, node));
}

int RouteTable::add_multicast(int source, const std::vector<int>& tiles) {
  const int destination = static_cast<int>(masks_.size()) / routers_;
  masks_.resize(masks_.size() + routers_, 0);
  uint8_t* mask = &masks_[static_cast<size_t>(destination) * routers_];
  for (const int tile : tiles) {
    int router = topology_.router_of(topology_.source_node(source));
    for (;;) {
      const Port port = topology_.next_port(router, tile);
      mask[router] |= uint8_t(1u << port);
      if (port == kLocal) break;
      router = topology_.neighbour(router, port);
    }
  }
  return destination;
}

}  // namespace spikeloom
