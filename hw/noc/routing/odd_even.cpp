#include "hw/noc/routing/policies.h"

namespace spikeloom {

RouteChoice OddEven::next(const Topology& topology, int router, const RouteState& state, int node) const {
  const Offset left = offset_to(topology, router, node, state.dice);
  if (left.x == 0 && left.y == 0) return {uint16_t(1u << topology.port_of(node)), 0};
  const uint16_t vertical = left.y == 0 ? uint16_t(0) : uint16_t(1u << (left.y > 0 ? kSouth : kNorth));
  const bool odd_here = topology.x(router) % 2 != 0;
  if (left.x == 0) return {vertical, 0};
  if (left.x < 0) {
    // The turn back into west must not come in an odd column, so north and south are left for even ones.
    return {uint16_t(1u << kWest | (odd_here ? 0 : vertical)), 0};
  }
  if (left.y == 0) return {1u << kEast, 0};
  uint16_t ports = 0;
  const bool heads_east = state.in_port == kWest;
  if (odd_here || !heads_east) ports |= vertical;
  // Entering an even destination column eastwards would leave no way to turn there.
  const bool odd_target = topology.x(topology.router_of(node)) % 2 != 0;
  if (odd_target || left.x != 1) ports |= 1u << kEast;
  return {ports, 0};
}

}  // namespace spikeloom
