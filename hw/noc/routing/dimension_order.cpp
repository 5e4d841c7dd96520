#include <cstdlib>

#include "hw/noc/routing/policies.h"

namespace spikeloom {

RouteChoice DimensionOrder::next(const Topology& topology, int router, const RouteState& state, int node) const {
  Offset left = offset_to(topology, router, node, state.dice);
  if (left.x == 0 && left.y == 0) return {uint16_t(1u << topology.port_of(node)), 0};
  const bool in_x = left.x != 0;
  const int step = in_x ? left.x : left.y;
  const Port port = in_x ? (step > 0 ? kEast : kWest) : (step > 0 ? kSouth : kNorth);
  if (!dateline_) return {uint16_t(1u << port), 0};
  // Already on this ring: the partition stays. Half-way ties were broken when the ring was entered.
  if (state.in_port < kDirections && opposite(Port(state.in_port)) == port)
    return {uint16_t(1u << port), state.partition};
  const int at = in_x ? topology.x(router) : topology.y(router);
  const int size = in_x ? topology.width() : topology.height();
  const bool crosses = at + step < 0 || at + step >= size;
  return {uint16_t(1u << port), uint8_t(crosses)};
}

}  // namespace spikeloom
