// What messages put on the links of a network in dimension order: flits through every link, each node's own ones
// included. No queue is looked at: the link with most flits is a lower bound in cycles, at a flit a cycle.
//
// Adaptive policies spread unicasts further, and on a torus multicasts do not cross the rings' ends; neither is seen.
#pragma once

#include <memory>
#include <vector>

#include "hw/noc/routing/routing.h"
#include "hw/noc/topology.h"

namespace spikeloom {

class Traffic {
 public:
  explicit Traffic(const Topology& topology);

  void unicast(int from, int to, double flits);
  // A tree: flits take every link of the union of the paths once.
  void multicast(int from, const std::vector<int>& to, double flits);

  // Of the link that carries most.
  double busiest_flits() const;
  // Over links between routers alone, as the energy of the network goes.
  double flit_hops() const;

 private:
  // The links that leave a router, and behind all of them the links that leave nodes.
  int link(int router, int port) const { return router * kMostPorts + port; }
  int link_of(int node) const { return topology_.routers() * kMostPorts + node; }
  // Calls visit(link) along the path.
  template <typename Visit>
  void walk(int from, int to, Visit visit) const;

  const Topology& topology_;
  std::unique_ptr<Routing> routing_;
  std::vector<double> flits_;  // [link]
  std::vector<int> taken_by_;  // [link]: the last multicast that took it
  int multicasts_ = 0;
};

}  // namespace spikeloom
