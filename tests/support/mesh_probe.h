// A mesh of routers and links alone, with a mock at every node that sends flits and one per virtual channel that takes
// them.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "hw/noc/router.h"
#include "tests/support/fifo_probe.h"

namespace spikeloom {

// Sends its flits in order over a link, flit i not before its cycle, one a cycle.
class LinkSource : public Block {
 public:
  std::vector<Cycle> sent;

  LinkSource(const sc_core::sc_module_name& name, Clock& clock, Link& link) : Block(name, clock), link_(link) {
    link.set_producer(this);
  }
  void add(Cycle cycle, const Flit& flit) {
    if (plan_.empty()) wake_at(cycle);
    plan_.emplace_back(cycle, flit);
  }

 private:
  void tick() override {
    if (sent.size() == plan_.size() || now() < plan_[sent.size()].first) return;
    if (!link_.can_send(plan_[sent.size()].second.vc)) return;
    link_.send(plan_[sent.size()].second);
    sent.push_back(now());
    if (sent.size() < plan_.size()) wake_at(std::max(now() + 1, plan_[sent.size()].first));
  }
  Link& link_;
  std::vector<std::pair<Cycle, Flit>> plan_;
};

// Sinks are indexed [node][virtual channel]. Links to and from nodes take one cycle, as in the chip.
class MeshProbe {
 public:
  Clock clock{"clock", 500};
  EnergyLedger ledger{1};
  Topology topology;
  RouteTable routes;
  FlitFormat format;
  std::deque<Link> links;
  std::vector<std::unique_ptr<Router>> routers;
  std::vector<std::unique_ptr<LinkSource>> sources;
  std::vector<std::vector<std::unique_ptr<FifoSink<Flit>>>> sinks;

  MeshProbe(Topology shape, int vcs, const LinkSpec& spec)
      : topology(std::move(shape)), routes(topology), format{128, topology.nodes(), vcs}, spec_(spec) {
    for (int i = 0; i < topology.tiles(); ++i)
      routers.push_back(
          std::make_unique<Router>(("router_" + std::to_string(i)).c_str(), clock, i, routes, format, ledger));
    for (int i = 0; i < topology.tiles(); ++i) connect_neighbours(i);
    for (int node = 0; node < topology.nodes(); ++node) connect_node(node);
  }

  FifoSink<Flit>& sink(int node, int vc = 0) { return *sinks[node][vc]; }
  // A packet whose flits carry `id` and their number in the packet.
  void send(int from, Cycle cycle, int destination, int flits, int vc = 0, uint64_t id = 0) {
    for (int i = 0; i < flits; ++i) {
      Flit flit;
      flit.head = i == 0;
      flit.tail = i + 1 == flits;
      flit.vc = uint8_t(vc);
      flit.destination = uint32_t(destination);
      flit.bits[0] = id;
      flit.bits[1] = uint64_t(i);
      sources[from]->add(cycle, flit);
    }
  }

 private:
  Link& new_link(const std::string& name, const std::string& receiver, bool local) {
    LinkSpec spec = spec_;
    if (local) {
      spec.latency_cycles = 1;
      spec.length_mm = 0;
    }
    links.emplace_back(clock, name, receiver, spec, format, ledger);
    return links.back();
  }
  void connect_neighbours(int router) {
    const Port opposite[kPorts] = {kLocal, kSouth, kWest, kNorth, kEast};
    for (const Port port : {kNorth, kEast, kSouth, kWest}) {
      const int next = topology.neighbour(router, port);
      if (next < 0) continue;
      Link& link = new_link("link_" + std::to_string(router) + "_" + std::to_string(next),
                            "router_" + std::to_string(next), false);
      routers[router]->out[port](link);
      routers[next]->in[opposite[port]](link);
    }
  }
  void connect_node(int node) {
    const int router = topology.router_of(node);
    const std::string name = "node_" + std::to_string(node);
    Link& inject = new_link(name + "_inject", "router_" + std::to_string(router), true);
    Link& eject = new_link(name + "_eject", name, true);
    routers[router]->in[topology.port_of(node)](inject);
    routers[router]->out[topology.port_of(node)](eject);
    sources.push_back(std::make_unique<LinkSource>((name + "_source").c_str(), clock, inject));
    sinks.emplace_back();
    for (int vc = 0; vc < format.vcs; ++vc) {
      sinks.back().push_back(std::make_unique<FifoSink<Flit>>((name + "_sink_" + std::to_string(vc)).c_str(), clock));
      sinks.back().back()->in(eject.channel(vc));
    }
  }
  LinkSpec spec_;
};

}  // namespace spikeloom
