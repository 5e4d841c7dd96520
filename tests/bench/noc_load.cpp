// Host cost of the network: uniform random traffic of 4-flit packets on a mesh with two virtual channels.
// usage: noc_load SIDE RATE CYCLES [NODES]; NODES: only the first ones send and receive (others sleep).
// Prints one line: host seconds, flit-hops, cycles in which a block ran.

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "hw/noc/traffic/traffic_network.h"

namespace spikeloom {
namespace {

int run(int side, double rate, int cycles, int nodes) {
  NetworkSpec network;
  network.width = network.height = side;
  network.vcs_per_class = 2;
  network.buffer_flits = 8;
  network.link_bits = 128;
  network.link_length_mm = 1;
  TrafficSpec traffic;
  traffic.packet_flits = 4;
  traffic.nodes = nodes;
  traffic.measured_cycles = traffic.drain_cycles = cycles;
  TrafficNetwork mesh(network, traffic, rate, 1);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  const auto start = std::chrono::steady_clock::now();
  const LoadPoint point = mesh.run();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("%.6f %llu %llu\n", seconds, static_cast<unsigned long long>(point.flit_hops),
              static_cast<unsigned long long>(mesh.active_cycles()));
  return 0;
}

}  // namespace
}  // namespace spikeloom

int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: noc_load SIDE RATE CYCLES [NODES]\n"), 2;
  return spikeloom::run(std::atoi(argv[1]), std::atof(argv[2]), std::atoi(argv[3]), argc > 4 ? std::atoi(argv[4]) : 0);
}
