// Network: routers and the links between them and to the nodes. Wiring, and what can be said of the whole.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "hw/noc/network_spec.h"
#include "hw/noc/route_table.h"
#include "hw/noc/router.h"

namespace spikeloom {

class Network {
 public:
  // `prefix`: of the names of routers and links. `reversed` builds routers in the opposite order: it must not matter.
  Network(Clock& clock, const std::string& prefix, const NetworkSpec& spec, const Topology& topology,
          const RouteTable& routes, const VirtualChannels& channels, const FlitFormat& format, EnergyLedger& ledger,
          bool reversed = false);

  // The links of a node: the receiver of what it sends is its router; `receiver` is the node's name in the ledger.
  Link& new_link_into(int node, const std::string& name);
  Link& new_link_to(int node, const std::string& name, const std::string& receiver);
  // The same once they are made; null: none was.
  Link* link_into(int node) { return into_[node]; }
  Link* link_to(int node) { return to_[node]; }

  // Puts every router into its band of the clock; blocks of a node belong into that of its router.
  void set_bands();
  uint32_t band_of_node(int node) const { return uint32_t(topology_.band(topology_.router_of(node))); }

  const Router& router(int index) const { return *routers_[index]; }
  const std::deque<Link>& links() const { return links_; }
  const NetworkSpec& spec() const { return spec_; }
  // Flits over all links, the nodes' own too.
  uint64_t flit_hops() const;
  // "router_1_2"
  std::string router_name(int router) const;
  // The flit that has been in the network for longest, where it is and what it waits for; empty: there is none.
  // Only when it has been in the network for `at_least` cycles.
  std::string oldest_flit(Cycle now, Cycle at_least = 0) const;

 private:
  void connect(int router, Port direction);
  Link& new_link(const std::string& name, const std::string& receiver, const LinkSpec& spec);
  bool is_tile(int node) const { return node < topology_.tiles(); }

  Clock& clock_;
  std::string prefix_;
  NetworkSpec spec_;
  VirtualChannels channels_;
  const Topology& topology_;
  FlitFormat format_;
  EnergyLedger& ledger_;
  std::deque<Link> links_;
  std::vector<Link*> into_, to_;  // [node]
  std::vector<std::unique_ptr<Router>> routers_;
};

}  // namespace spikeloom
