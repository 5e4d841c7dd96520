#include "hw/noc/network.h"

#include <algorithm>

namespace spikeloom {

Network::Network(Clock& clock, const std::string& prefix, const NetworkSpec& spec, const Topology& topology,
                 const RouteTable& routes, const VirtualChannels& channels, const FlitFormat& format,
                 EnergyLedger& ledger, bool reversed)
    : clock_(clock),
      prefix_(prefix),
      spec_(spec),
      channels_(channels),
      topology_(topology),
      format_(format),
      ledger_(ledger),
      into_(topology.nodes(), nullptr),
      to_(topology.nodes(), nullptr) {
  routers_.resize(topology.routers());
  for (int i = 0; i < topology.routers(); ++i) {
    const int router = reversed ? topology.routers() - 1 - i : i;
    routers_[router] = std::make_unique<Router>(router_name(router).c_str(), clock, router, topology.ports(router),
                                                spec_.router, routes, channels_, format, ledger);
  }
  for (int router = 0; router < topology.routers(); ++router)
    for (const Port direction : {kNorth, kEast, kSouth, kWest}) connect(router, direction);
}

void Network::set_bands() {
  const LinkSpec link = spec_.link_between_routers();
  clock_.set_cycles_between_bands(Cycle(std::min(link.latency_cycles, link.credit_cycles)));
  for (int router = 0; router < topology_.routers(); ++router)
    routers_[router]->set_band(uint32_t(topology_.band(router)));
}

std::string Network::router_name(int router) const {
  return "router_" + std::to_string(topology_.x(router)) + "_" + std::to_string(topology_.y(router));
}

void Network::connect(int router, Port direction) {
  const int neighbour = topology_.neighbour(router, direction);
  if (neighbour < 0) return;
  Link& link = new_link("link" + router_name(router).substr(6) + "_" + port_name(direction), router_name(neighbour),
                        spec_.link_between_routers());
  routers_[router]->out[direction](link);
  routers_[neighbour]->in[opposite(direction)](link);
}

Link& Network::new_link(const std::string& name, const std::string& receiver, const LinkSpec& spec) {
  links_.emplace_back(clock_, prefix_ + name, prefix_ + receiver, spec, format_, ledger_);
  return links_.back();
}

Link& Network::new_link_into(int node, const std::string& name) {
  const int router = topology_.router_of(node);
  Link& link = new_link(name, router_name(router), spec_.link_into_network(is_tile(node)));
  routers_[router]->in[topology_.port_of(node)](link);
  into_[node] = &link;
  return link;
}

Link& Network::new_link_to(int node, const std::string& name, const std::string& receiver) {
  Link& link = new_link(name, receiver, spec_.link_to_node(is_tile(node)));
  routers_[topology_.router_of(node)]->out[topology_.port_of(node)](link);
  to_[node] = &link;
  return link;
}

uint64_t Network::flit_hops() const {
  uint64_t hops = 0;
  for (const Link& link : links_) hops += link.flits();
  return hops;
}

std::string Network::oldest_flit(Cycle now, Cycle at_least) const {
  Router::Waiting oldest;
  bool found = false;
  for (const auto& router : routers_)
    for (const Router::Waiting& waiting : router->waiting()) {
      if (found && waiting.born >= oldest.born) continue;
      oldest = waiting;
      found = true;
    }
  if (!found || now - oldest.born < at_least) return "";
  return "the oldest flit (" + oldest.flit + ", " + std::to_string(now - oldest.born) +
         " cycles in the network) is at " + oldest.place + " and waits for " + oldest.reason;
}

}  // namespace spikeloom
