// Host cost of the network: uniform random single-packet traffic on a mesh, routers and links only.
// usage: noc_load SIDE RATE CYCLES [ACTIVE]; ACTIVE: only the first ACTIVE nodes send and receive (others sleep).
// Prints one line: host seconds, flit-hops, cycles in which a block ran.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>
#include <systemc>

#include "hw/noc/network_interface.h"
#include "hw/noc/router.h"

namespace spikeloom {
namespace {

constexpr int kPacketFlits = 4;

// Starts a packet to a random node with a given chance per cycle.
class Source : public Block {
 public:
  FifoOut<Flit> out;
  Source(const sc_core::sc_module_name& name, Clock& clock, int seed, int nodes, double rate, Cycle end)
      : Block(name, clock), out("out"), random_(seed), nodes_(nodes), rate_(rate / kPacketFlits), end_(end) {
    wake_at(1);
  }

 private:
  void tick() override {
    if (now() < end_) wake_at(now() + 1);
    if (left_ == 0 && std::uniform_real_distribution<>()(random_) < rate_) left_ = kPacketFlits;
    if (left_ == 0 || !out->can_push()) return;
    Flit flit;
    flit.head = left_ == kPacketFlits;
    if (flit.head) flit.destination = uint32_t(random_() % nodes_);
    flit.tail = --left_ == 0;
    out->push(flit);
    if (left_ > 0) wake_at(now() + 1);
  }
  std::mt19937 random_;
  int nodes_, left_ = 0;
  double rate_;
  Cycle end_;
};

class Sink : public Block {
 public:
  FifoIn<Flit> in;
  Sink(const sc_core::sc_module_name& name, Clock& clock) : Block(name, clock), in("in") {}

 private:
  void tick() override {
    if (in->can_pop()) in->pop();
    if (!in->empty()) wake_at(now() + 1);
  }
};

int run(int side, double rate, Cycle cycles, int active) {
  Clock clock("clock", 500);
  EnergyLedger ledger(1000);
  const Topology topology(side, side, {});
  const RouteTable routes(topology);
  const FlitFormat format{128, topology.nodes(), 2};
  const LinkSpec spec{8, 1, 1.0}, local{8, 1, 0.0};
  std::deque<Link> links;
  std::deque<RegisteredFifo<Flit>> queues;
  std::vector<std::unique_ptr<Router>> routers;
  std::vector<std::unique_ptr<Block>> nodes;
  for (int i = 0; i < topology.tiles(); ++i)
    routers.push_back(
        std::make_unique<Router>(("router_" + std::to_string(i)).c_str(), clock, i, routes, format, ledger));
  for (int i = 0; i < topology.tiles(); ++i) {
    const std::pair<Port, Port> pairs[] = {{kNorth, kSouth}, {kEast, kWest}, {kSouth, kNorth}, {kWest, kEast}};
    for (const auto& [out, in] : pairs) {
      const int neighbour = topology.neighbour(i, out);
      if (neighbour < 0) continue;
      links.emplace_back(clock, "link", "router", spec, format, ledger);
      routers[i]->out[out](links.back());
      routers[neighbour]->in[in](links.back());
    }
    links.emplace_back(clock, "eject", "node", local, format, ledger);
    Link& eject = links.back();
    routers[i]->out[kLocal](eject);
    links.emplace_back(clock, "inject", "router", local, format, ledger);
    Link& inject = links.back();
    routers[i]->in[kLocal](inject);
    queues.emplace_back(clock, 8);
    const std::string id = std::to_string(i);
    auto source = std::make_unique<Source>(("source_" + id).c_str(), clock, i + 1, active, i < active ? rate : 0.0,
                                           i < active ? cycles : 1);
    auto interface = std::make_unique<NetworkInterface>(("interface_" + id).c_str(), clock, 1, format);
    auto sink = std::make_unique<Sink>(("sink_" + id).c_str(), clock);
    source->out(queues.back());
    interface->in[0](queues.back());
    interface->out(inject);
    sink->in(eject.channel(0));
    nodes.push_back(std::move(source));
    nodes.push_back(std::move(interface));
    nodes.push_back(std::move(sink));
  }
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  const auto start = std::chrono::steady_clock::now();
  sc_core::sc_start();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  uint64_t hops = 0;
  for (const Link& link : links) hops += link.flits();
  std::printf("%.6f %llu %llu\n", seconds, static_cast<unsigned long long>(hops),
              static_cast<unsigned long long>(clock.active_cycles()));
  return 0;
}

}  // namespace
}  // namespace spikeloom

int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: noc_load SIDE RATE CYCLES [ACTIVE]\n"), 2;
  const int side = std::atoi(argv[1]);
  return spikeloom::run(side, std::atof(argv[2]), std::atoll(argv[3]), argc > 4 ? std::atoi(argv[4]) : side * side);
}
