// Where nodes sit on a mesh or torus of routers, and which routers are neighbours.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom {

// Ports of a router: one per direction, then one per node that is attached to it.
enum Port : int { kNorth, kEast, kSouth, kWest, kLocal };
constexpr int kDirections = kLocal;
constexpr int kMostPorts = 16;

// "north" ... "west", "local", "local_1" ...
std::string port_name(int port);
Port opposite(Port direction);

enum class Shape { kMesh, kTorus };
// By Shape, as configs name them.
const std::vector<std::string>& shape_names();

// A memory node hangs on a router's free edge port, or on a local port of its own.
struct EdgeNode {
  int x = 0, y = 0;
  Port port = kWest;
};

// Nodes: tiles first, `concentration` of them at each router (router 0's, router 1's ...), then memory nodes. Routers
// are numbered row by row, north row first. A torus closes every row and column that is longer than one router.
class Topology {
 public:
  Topology(int width, int height, std::vector<EdgeNode> memory_nodes, Shape shape = Shape::kMesh,
           int concentration = 1);

  Shape shape() const { return shape_; }
  int width() const { return width_; }
  int height() const { return height_; }
  int concentration() const { return concentration_; }
  int routers() const { return width_ * height_; }
  int tiles() const { return routers() * concentration_; }
  int sources() const { return static_cast<int>(memory_nodes_.size()); }
  int nodes() const { return tiles() + sources(); }
  int source_node(int source) const { return tiles() + source; }
  int x(int router) const { return router % width_; }
  int y(int router) const { return router / width_; }
  // The router that a node is attached to, and the port of that router.
  int router_of(int node) const { return attachments_[node].router; }
  int port_of(int node) const { return attachments_[node].port; }
  // Ports of a router, used or not: directions, then local ones.
  int ports(int router) const { return kLocal + locals_[router]; }
  // The router behind a direction, -1 at the mesh's edge.
  int neighbour(int router, Port direction) const;
  // Diagonals of routers, numbered so that linked ones are of the same band or of two with following numbers: a torus
  // is folded in both directions.
  int band(int router) const;
  // Links between the routers of two nodes on a shortest path.
  int hops(int from, int to) const;
  // "2_1" for the tile of router (2, 1); "2_1_0", "2_1_1" ... where several share it.
  std::string place(int tile) const;
  // "4x3 mesh", "8x8 torus, 2 nodes a router"
  std::string name() const;

 private:
  struct Attachment {
    int router, port;
  };
  int width_, height_;
  Shape shape_;
  int concentration_;
  std::vector<EdgeNode> memory_nodes_;
  std::vector<Attachment> attachments_;  // [node]
  std::vector<int> locals_;              // [router]: local ports
};

}  // namespace spikeloom
