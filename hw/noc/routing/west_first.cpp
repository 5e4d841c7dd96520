#include "hw/noc/routing/policies.h"

namespace spikeloom {

RouteChoice WestFirst::next(const Topology& topology, int router, const RouteState& state, int node) const {
  const Offset left = offset_to(topology, router, node, state.dice);
  if (left.x == 0 && left.y == 0) return {uint16_t(1u << topology.port_of(node)), 0};
  if (left.x < 0) return {1u << kWest, 0};
  uint16_t ports = 0;
  if (left.x > 0) ports |= 1u << kEast;
  if (left.y != 0) ports |= uint16_t(1u << (left.y > 0 ? kSouth : kNorth));
  return {ports, 0};
}

}  // namespace spikeloom
