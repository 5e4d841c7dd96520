#include "hw/mapping/placement.h"

namespace spikeloom {

std::vector<int> snake_placement(const Topology& topology) {
  std::vector<int> order;
  for (int y = 0; y < topology.height(); ++y)
    for (int i = 0; i < topology.width(); ++i) {
      const int router = y * topology.width() + (y % 2 ? topology.width() - 1 - i : i);
      for (int k = 0; k < topology.concentration(); ++k) order.push_back(router * topology.concentration() + k);
    }
  return order;
}

}  // namespace spikeloom
