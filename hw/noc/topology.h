// Where nodes sit on the mesh, and which outputs a router gives to each destination (dimension order, X first).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom {

enum Port { kLocal, kNorth, kEast, kSouth, kWest, kPorts };
constexpr const char* kPortNames[kPorts] = {"local", "north", "east", "south", "west"};

// A memory node hangs on a free edge port of a router.
struct EdgeNode {
  int x = 0, y = 0;
  Port port = kWest;
};

// Nodes: tiles 0 .. width*height-1 (row by row, north row first), then memory nodes.
class Topology {
 public:
  Topology(int width, int height, std::vector<EdgeNode> edges)
      : width_(width), height_(height), edges_(std::move(edges)) {}

  int width() const { return width_; }
  int height() const { return height_; }
  int tiles() const { return width_ * height_; }
  int sources() const { return static_cast<int>(edges_.size()); }
  int nodes() const { return tiles() + sources(); }
  int source_node(int source) const { return tiles() + source; }
  const EdgeNode& edge(int source) const { return edges_[source]; }
  // The router that a node is attached to, and the port of that router.
  int router_of(int node) const;
  Port port_of(int node) const;
  // The router behind a port, -1 at the mesh's edge.
  int neighbour(int router, Port port) const;
  // The output that dimension-order routing takes at `router` towards `node`.
  Port next_port(int router, int node) const;
  // Links between the routers of two nodes.
  int hops(int from, int to) const;

 private:
  int width_, height_;
  std::vector<EdgeNode> edges_;
};

// The outputs of every router for every destination: nodes first, then multicast sets. A multicast follows the union
// of the dimension-order paths from its source, which is a tree.
class RouteTable {
 public:
  explicit RouteTable(const Topology& topology);

  // Adds a multicast set of tiles fed by one source; returns its destination number.
  int add_multicast(int source, const std::vector<int>& tiles);
  // Bit p set: a flit for `destination` leaves `router` by port p.
  uint8_t outputs(int destination, int router) const { return masks_[destination * routers_ + router]; }

 private:
  const Topology& topology_;
  int routers_;
  std::vector<uint8_t> masks_;  // [destination][router]
};

}  // namespace spikeloom
