#include "hw/noc/topology.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>

namespace spikeloom {

std::string port_name(int port) {
  static const char* const names[] = {"north", "east", "south", "west", "local"};
  return port <= kLocal ? names[port] : "local_" + std::to_string(port - kLocal);
}

Port opposite(Port direction) {
  assert(direction < kDirections);
  return Port((direction + 2) % kDirections);
}

const std::vector<std::string>& shape_names() {
  static const std::vector<std::string> names = {"mesh", "torus"};
  return names;
}

Topology::Topology(int width, int height, std::vector<EdgeNode> memory_nodes, Shape shape, int concentration)
    : width_(width),
      height_(height),
      shape_(shape),
      concentration_(concentration),
      memory_nodes_(std::move(memory_nodes)),
      locals_(static_cast<size_t>(width) * height, concentration) {
  for (int tile = 0; tile < tiles(); ++tile)
    attachments_.push_back({tile / concentration, kLocal + tile % concentration});
  for (const EdgeNode& node : memory_nodes_) {
    const int router = node.y * width_ + node.x;
    attachments_.push_back({router, node.port == kLocal ? kLocal + locals_[router]++ : int(node.port)});
  }
  for (int router = 0; router < routers(); ++router) assert(ports(router) <= kMostPorts);
}

int Topology::neighbour(int router, Port direction) const {
  static const int kStepX[] = {0, 1, 0, -1}, kStepY[] = {-1, 0, 1, 0};
  int to_x = x(router) + kStepX[direction], to_y = y(router) + kStepY[direction];
  if (shape_ == Shape::kTorus) {
    to_x = (to_x + width_) % width_;
    to_y = (to_y + height_) % height_;
  }
  if (to_x < 0 || to_x >= width_ || to_y < 0 || to_y >= height_) return -1;
  const int to = to_y * width_ + to_x;
  return to == router ? -1 : to;
}

int Topology::band(int router) const {
  const int column = x(router), row = y(router);
  if (shape_ == Shape::kMesh) return column + row;
  return std::min(column, width_ - 1 - column) + std::min(row, height_ - 1 - row);
}

int Topology::hops(int from, int to) const {
  const int a = router_of(from), b = router_of(to);
  int dx = std::abs(x(a) - x(b)), dy = std::abs(y(a) - y(b));
  if (shape_ == Shape::kTorus) {
    dx = std::min(dx, width_ - dx);
    dy = std::min(dy, height_ - dy);
  }
  return dx + dy;
}

std::string Topology::place(int tile) const {
  const int router = router_of(tile);
  return std::to_string(x(router)) + "_" + std::to_string(y(router)) +
         (concentration_ > 1 ? "_" + std::to_string(tile % concentration_) : "");
}

std::string Topology::name() const {
  return std::to_string(width_) + "x" + std::to_string(height_) + " " + shape_names()[int(shape_)] +
         (concentration_ > 1 ? ", " + std::to_string(concentration_) + " nodes a router" : "");
}

}  // namespace spikeloom
