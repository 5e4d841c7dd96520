// A mesh of routers and links alone, with a mock at every node that sends flits and one per virtual channel that takes
// them.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "hw/noc/network.h"
#include "tests/support/fifo_probe.h"

namespace spikeloom {

// Sends its flits in order over a link, flit i not before its cycle, one a cycle.
class LinkSource : public Block {
 public:
  std::vector<Cycle> sent;

  LinkSource(const sc_core::sc_module_name& name, Clock& clock, Link& link) : Block(name, clock), link_(link) {}
  void add(Cycle cycle, const Flit& flit, int vc) {
    if (plan_.empty()) wake_at(cycle);
    plan_.push_back({cycle, flit, vc});
  }

 private:
  void end_of_elaboration() override { link_.set_producer(this); }
  void tick() override {
    if (sent.size() == plan_.size() || now() < plan_[sent.size()].cycle) return;
    const Planned& next = plan_[sent.size()];
    if (!link_.can_send(next.vc)) return;
    link_.send(next.flit, next.vc);
    sent.push_back(now());
    if (sent.size() < plan_.size()) wake_at(std::max(now() + 1, plan_[sent.size()].cycle));
  }
  struct Planned {
    Cycle cycle;
    Flit flit;
    int vc;
  };
  Link& link_;
  std::vector<Planned> plan_;
};

// A small mesh whose routers take 3 cycles a hop: both allocations in one, then the switch, then the wires.
inline NetworkSpec small_network(int width, int height, int buffer_flits) {
  NetworkSpec spec;
  spec.width = width;
  spec.height = height;
  spec.buffer_flits = buffer_flits;
  spec.link_bits = 128;
  spec.link_length_mm = 1.0;
  spec.router.speculative = true;
  return spec;
}

// Sinks are indexed [node][virtual channel]. Every message class has vcs_per_class of the spec.
class MeshProbe {
 public:
  Clock clock{"clock", 500};
  EnergyLedger ledger{1};
  NetworkSpec spec;
  Topology topology;
  RouteTable routes;
  VirtualChannels channels;
  FlitFormat format;
  Network network;
  std::vector<std::unique_ptr<LinkSource>> sources;
  std::vector<std::vector<std::unique_ptr<FifoSink<Flit>>>> sinks;

  MeshProbe(const NetworkSpec& network_spec, int classes, std::vector<EdgeNode> memory_nodes = {})
      : spec(network_spec),
        topology(spec.topology(std::move(memory_nodes))),
        routes(spec.routes(topology)),
        channels(spec.channels(classes)),
        format{spec.link_bits, topology.nodes(), channels.count()},
        network(clock, "", spec, topology, routes, channels, format, ledger) {
    for (int node = 0; node < topology.nodes(); ++node) connect_node(node);
  }

  FifoSink<Flit>& sink(int node, int vc = 0) { return *sinks[node][vc]; }
  // A packet of an ordered flow whose flits carry `id` and their number in the packet, on the first virtual channel of
  // its class.
  void send(int from, Cycle cycle, int destination, int flits, int message_class = 0, uint64_t id = 0,
            bool ordered = true) {
    for (int i = 0; i < flits; ++i) {
      Flit flit;
      flit.head = i == 0;
      flit.tail = i + 1 == flits;
      flit.message_class = uint8_t(message_class);
      flit.ordered = ordered;
      flit.destination = uint32_t(destination);
      flit.bits[0] = id;
      flit.bits[1] = uint64_t(i);
      sources[from]->add(cycle, flit, channels.first(message_class));
    }
  }

 private:
  void connect_node(int node) {
    const std::string name = "node_" + std::to_string(node);
    Link& inject = network.new_link_into(node, name + "_inject");
    Link& eject = network.new_link_to(node, name + "_eject", name);
    sources.push_back(std::make_unique<LinkSource>((name + "_source").c_str(), clock, inject));
    sinks.emplace_back();
    for (int vc = 0; vc < format.vcs; ++vc) {
      sinks.back().push_back(std::make_unique<FifoSink<Flit>>((name + "_sink_" + std::to_string(vc)).c_str(), clock));
      sinks.back().back()->in(eject.channel(vc));
    }
  }
};

}  // namespace spikeloom
