#include "hw/noc/routing/routing.h"

#include "hw/noc/routing/policies.h"

namespace spikeloom {

namespace {

// Steps from `from` to `to` in a row of `size`.
int steps(int from, int to, int size, bool ring, bool backwards_on_tie) {
  const int direct = to - from;
  if (!ring) return direct;
  const int forward = (direct + size) % size;
  if (2 * forward < size || (2 * forward == size && !backwards_on_tie)) return forward;
  return forward - size;
}

}  // namespace

Offset offset_to(const Topology& topology, int router, int node, uint8_t dice) {
  const int target = topology.router_of(node);
  const bool ring = topology.shape() == Shape::kTorus;
  return {steps(topology.x(router), topology.x(target), topology.width(), ring, dice & 1),
          steps(topology.y(router), topology.y(target), topology.height(), ring, dice & 2)};
}

const std::vector<std::string>& routing_names() {
  static const std::vector<std::string> names = {"dimension_order", "west_first", "odd_even"};
  return names;
}

std::unique_ptr<Routing> make_routing(int index, Shape shape, bool dateline) {
  if (index == 1) return std::make_unique<WestFirst>();
  if (index == 2) return std::make_unique<OddEven>();
  return std::make_unique<DimensionOrder>(shape == Shape::kTorus && dateline);
}

}  // namespace spikeloom
