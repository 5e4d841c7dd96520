// A network whose routers run in bands does in every cycle what it does when all run in turn.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>

#include "tests/support/mesh_probe.h"

namespace spikeloom {
namespace {

const std::vector<EdgeNode> kTwoNodes = {{0, 1, kLocal}, {3, 2, kLocal}};

struct Half : sc_core::sc_module {
  MeshProbe mesh;
  Half(const sc_core::sc_module_name& name, const NetworkSpec& spec) : sc_module(name), mesh(spec, 2, kTwoNodes) {}
};

// The same random packets, some of them multicasts, and the same stalls for every mesh.
void send_at_random(MeshProbe* mesh) {
  std::mt19937 random(3);
  const int tiles = mesh->topology.tiles(), nodes = mesh->topology.nodes();
  std::vector<int> some;
  for (int tile = 0; tile < tiles; tile += 3) some.push_back(tile);
  const int set = mesh->routes.add_multicast(0, some);
  for (int node = 0; node < nodes; ++node) {
    for (size_t vc = 0; vc < mesh->sinks[node].size(); ++vc)
      mesh->sink(node, int(vc)).stall_when([node, vc](Cycle c) {
        return (c * 31 + Cycle(node) * 17 + vc * 7) * 2654435761u % 97 < 40;
      });
    Cycle cycle = 1;
    for (int packet = 0; packet < 40; ++packet, cycle += random() % 40) {
      const bool multicast = node == tiles && packet % 4 == 0;  // from memory node 0
      mesh->send(node, cycle, multicast ? set : int(random() % unsigned(nodes)), 1 + int(random() % 6),
                 int(random() % 2), 0, multicast || random() % 2 == 0);
    }
  }
}

void put_in_bands(MeshProbe* mesh) {
  mesh->network.set_bands();
  for (int node = 0; node < mesh->topology.nodes(); ++node) {
    mesh->sources[node]->set_band(mesh->network.band_of_node(node));
    for (auto& sink : mesh->sinks[node]) sink->set_band(mesh->network.band_of_node(node));
  }
  mesh->clock.set_quantum(Clock::kQuantum);
  mesh->clock.set_bands_from(6);
}

// Every event of every block in every cycle.
std::map<std::tuple<std::string, EnergyEvent, Cycle>, uint64_t> events(MeshProbe* mesh) {
  mesh->ledger.close();
  std::map<std::tuple<std::string, EnergyEvent, Cycle>, uint64_t> counts;
  for (const EnergyRecord& record : mesh->ledger.records()) {
    const EnergyCounter& counter = *mesh->ledger.counters()[record.counter];
    const std::string& block = counter.block();
    counts[{block.substr(block.find('.') + 1), counter.event(), record.window_begin}] += record.count;
  }
  return counts;
}

NetworkSpec network(const std::string& kind) {
  NetworkSpec spec = small_network(5, 4, 3);
  spec.vcs_per_class = 2;
  if (kind == "torus" || kind == "slow torus") spec.shape = Shape::kTorus;
  if (kind == "odd even") spec.routing = 2;
  if (kind == "two tiles a router") spec.concentration = 2;
  if (kind == "row") spec.width = 20, spec.height = 3;
  if (kind == "speed-ups") {
    spec.router.wait_for_tail_credit = true;
    spec.router.input_speedup = spec.router.output_speedup = 2;
  }
  if (kind == "slow torus") {
    spec.router.speculative = false;
    spec.router.routing_cycles = spec.router.vc_allocation_cycles = 2;
    spec.router.switch_allocation_cycles = spec.router.switch_cycles = 2;
    spec.link_cycles = 3;
  }
  return spec;
}

class Bands : public testing::TestWithParam<const char*> {};
using BandsExact = Bands;

TEST_P(BandsExact, EveryEventOfEveryCycleIsTheSame) {
  Half serial("serial", network(GetParam())), banded("banded", network(GetParam()));
  for (MeshProbe* mesh : {&serial.mesh, &banded.mesh}) send_at_random(mesh);
  put_in_bands(&banded.mesh);
  sc_core::sc_start();
  const auto expected = events(&serial.mesh);
  EXPECT_GT(expected.size(), 20000u);
  const Cycle in_bands = banded.mesh.clock.cycles_in_bands(), active = banded.mesh.clock.active_cycles();
  EXPECT_GT(in_bands, 100u);    // while the network is busy,
  EXPECT_LT(in_bands, active);  // but not when little is left
  EXPECT_EQ(expected, events(&banded.mesh));
  EXPECT_EQ(serial.mesh.clock.now(), banded.mesh.clock.now());
  EXPECT_EQ(serial.mesh.clock.active_cycles(), banded.mesh.clock.active_cycles());
  for (int node = 0; node < serial.mesh.topology.nodes(); ++node) {
    EXPECT_EQ(serial.mesh.sources[node]->sent, banded.mesh.sources[node]->sent) << "node " << node;
    for (size_t vc = 0; vc < serial.mesh.sinks[node].size(); ++vc)
      EXPECT_EQ(serial.mesh.sink(node, int(vc)).cycles, banded.mesh.sink(node, int(vc)).cycles) << "node " << node;
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, BandsExact,
                         testing::Values("mesh", "torus", "odd even", "two tiles a router", "row", "slow torus",
                                         "speed-ups"));

}  // namespace
}  // namespace spikeloom
