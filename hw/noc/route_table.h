// Where every router sends a packet: unicasts by the routing policy, multicasts along a tree.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hw/noc/messages.h"
#include "hw/noc/routing/routing.h"
#include "hw/noc/topology.h"

namespace spikeloom {

// What a router does with a packet.
struct Route {
  uint16_t ports = 0;     // all of them for a multicast, one of them else
  uint8_t partition = 0;  // of the virtual channels behind them
  bool multicast = false;
};

// A multicast follows the union of the dimension-order paths from its source, which is a tree; on a torus, of paths
// that do not cross the rings' ends. Ordered unicasts take dimension order, too; others what the policy offers.
class RouteTable {
 public:
  // `adaptive`: for packets that need no order; null: dimension order for all.
  RouteTable(const Topology& topology, std::unique_ptr<Routing> ordered, std::unique_ptr<Routing> adaptive);

  // Adds a multicast set of tiles fed by one source; returns its destination number: nodes come first, then sets.
  int add_multicast(int source, const std::vector<int>& tiles);
  // `partition`: of the virtual channels in which it came.
  Route route(const Flit& head, int router, int in_port, uint8_t partition) const;
  // The outputs of a multicast set at a router.
  uint16_t branches(int set, int router) const { return trees_[size_t(set - nodes_) * topology_.routers() + router]; }
  const Routing& routing(bool ordered) const { return ordered || !adaptive_ ? *ordered_ : *adaptive_; }

 private:
  const Topology& topology_;
  int nodes_;
  std::unique_ptr<Routing> ordered_, adaptive_;
  std::vector<uint16_t> trees_;  // [set][router]
};

}  // namespace spikeloom
