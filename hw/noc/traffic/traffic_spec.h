// Traffic of a network alone: who sends to whom, how often, and for how long it is measured; or which recording.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "hw/noc/topology.h"
#include "sim/base/config.h"

namespace spikeloom {

enum class Pattern { kUniform, kTranspose, kBitComplement, kHotspot, kRecorded };
const std::vector<std::string>& pattern_names();

struct TrafficSpec {
  Pattern pattern = Pattern::kUniform;
  std::string file;                         // recorded: the recording; nothing else counts then
  int nodes = 0;                            // uniform: only the first ones take part; 0: all
  std::vector<int> hotspots;                // nodes
  double hotspot_share = 0;                 // of packets that go to a hotspot; the rest is uniform
  bool bursty = false;                      // injection in bursts of a two-state process, else Bernoulli
  double burst_begins = 0, burst_ends = 0;  // chance per cycle
  int packet_flits = 1;
  std::vector<double> rates;  // flits per cycle and node
  int seeds = 1;
  int warmup_cycles = 0, measured_cycles = 0, drain_cycles = 0;

  // Reads a `traffic` section; checks the pattern against the shape. Throws UserError.
  static TrafficSpec read(ConfigNode& section, const Topology& topology);
};

// The destination of a packet from `source`, a node of `topology`, in synthetic traffic.
//   uniform         any node, the source too
//   transpose       node (x, y) to (y, x), where nodes are numbered in a square
//   bit_complement  node n to nodes - 1 - n
//   hotspot         hotspot_share of the packets to one of the hotspots, alike; the rest uniform
// Transpose and bit complement as in Dally and Towles, section 3.2.
int draw_destination(const TrafficSpec& spec, const Topology& topology, int source, std::mt19937_64& random);

}  // namespace spikeloom
