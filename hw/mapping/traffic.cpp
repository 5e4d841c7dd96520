#include "hw/mapping/traffic.h"

#include <algorithm>

namespace spikeloom {

Traffic::Traffic(const Topology& topology)
    : topology_(topology),
      routing_(make_routing(0, topology.shape(), false)),
      flits_(topology.routers() * kMostPorts + topology.nodes(), 0),
      taken_by_(flits_.size(), 0) {}

template <typename Visit>
void Traffic::walk(int from, int to, Visit visit) const {
  visit(link_of(from));
  const int last = topology_.router_of(to);
  RouteState state;
  for (int router = topology_.router_of(from); router != last;) {
    const uint16_t ports = routing_->next(topology_, router, state, to).ports;
    int port = 0;
    while (!(ports >> port & 1)) ++port;
    visit(link(router, port));
    router = topology_.neighbour(router, Port(port));
    state.in_port = opposite(Port(port));
  }
  visit(link(last, topology_.port_of(to)));
}

void Traffic::unicast(int from, int to, double flits) {
  walk(from, to, [&](int link) { flits_[link] += flits; });
}

void Traffic::multicast(int from, const std::vector<int>& to, double flits) {
  ++multicasts_;
  for (const int node : to)
    walk(from, node, [&](int link) {
      if (taken_by_[link] == multicasts_) return;
      taken_by_[link] = multicasts_;
      flits_[link] += flits;
    });
}

double Traffic::busiest_flits() const { return *std::max_element(flits_.begin(), flits_.end()); }

double Traffic::flit_hops() const {
  double hops = 0;
  for (int router = 0; router < topology_.routers(); ++router)
    for (int port = 0; port < kDirections; ++port)
      if (topology_.neighbour(router, Port(port)) >= 0) hops += flits_[link(router, port)];
  return hops;
}

}  // namespace spikeloom
