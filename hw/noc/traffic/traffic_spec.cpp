#include "hw/noc/traffic/traffic_spec.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace spikeloom {

namespace {

constexpr int kMostNodes = 1 << 20;

int side_of_square(int nodes) { return static_cast<int>(std::lround(std::sqrt(double(nodes)))); }

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

void check_pattern(ConfigNode& section, const TrafficSpec& spec, const Topology& topology) {
  const int nodes = topology.tiles(), side = side_of_square(nodes);
  if (spec.pattern == Pattern::kTranspose && side * side != nodes)
    section.fail_at("pattern", "transpose needs a square number of nodes; there are " + std::to_string(nodes));
  // A node in a burst begins at most a packet a cycle.
  const double most = spec.packet_flits * spec.burst_begins / (spec.burst_begins + spec.burst_ends);
  for (const double rate : spec.rates)
    if (spec.bursty && rate > most)
      section.fail_at("rates", number(rate) +
                                   " flits per cycle and node are more than bursts of this shape can carry: " +
                                   number(std::floor(most * 1e6) / 1e6) + " at most; raise " +
                                   section.path_of("burst") + ".begins (" + number(spec.burst_begins) + ") or lower " +
                                   section.path_of("burst") + ".ends (" + number(spec.burst_ends) + ")");
}

template <typename Value>
void refuse_repeated(ConfigNode& section, const std::string& key, std::vector<Value> values) {
  std::sort(values.begin(), values.end());
  const auto twice = std::adjacent_find(values.begin(), values.end());
  if (twice != values.end()) section.fail_at(key, number(double(*twice)) + " is there twice (name each once)");
}

}  // namespace

const std::vector<std::string>& pattern_names() {
  static const std::vector<std::string> names = {"uniform", "transpose", "bit_complement", "hotspot", "recorded"};
  return names;
}

TrafficSpec TrafficSpec::read(ConfigNode& section, const Topology& topology) {
  TrafficSpec spec;
  spec.pattern = Pattern(section.choice("pattern", pattern_names()));
  if (spec.pattern == Pattern::kRecorded) {
    spec.file = section.path("file");
    return spec;
  }
  // A pattern or injection without hotspots or bursts may have their section ready for another one.
  if (spec.pattern == Pattern::kHotspot || section.has_section("hotspot")) {
    ConfigNode& hotspot = section.section("hotspot");
    const int last = spec.pattern == Pattern::kHotspot ? topology.tiles() - 1 : kMostNodes - 1;
    spec.hotspot_share = hotspot.real("share", 0, 1);
    for (const int64_t node : hotspot.integers("nodes", 0, last)) spec.hotspots.push_back(int(node));
    refuse_repeated(hotspot, "nodes", spec.hotspots);
  }
  spec.bursty = section.choice("injection", {"bernoulli", "bursty"}) == 1;
  if (spec.bursty || section.has_section("burst")) {
    ConfigNode& burst = section.section("burst");
    spec.burst_begins = burst.real("begins", 1e-6, 1);
    spec.burst_ends = burst.real("ends", 1e-6, 1);
  }
  spec.packet_flits = int(section.integer("packet_flits", 1, 4096));
  spec.rates = section.reals("rates", 1e-6, 1);
  refuse_repeated(section, "rates", spec.rates);
  spec.seeds = int(section.integer("seeds", 1, 1000));
  spec.warmup_cycles = int(section.integer("warmup_cycles", 0, 100000000));
  spec.measured_cycles = int(section.integer("measured_cycles", 1, 100000000));
  spec.drain_cycles = int(section.integer("drain_cycles", 0, 100000000));
  check_pattern(section, spec, topology);
  return spec;
}

int draw_destination(const TrafficSpec& spec, const Topology& topology, int source, std::mt19937_64& random) {
  const int nodes = topology.tiles();
  const auto any = [&random](size_t count) { return int(std::uniform_int_distribution<size_t>(0, count - 1)(random)); };
  switch (spec.pattern) {
    case Pattern::kTranspose: {
      const int side = side_of_square(nodes);
      return source % side * side + source / side;
    }
    case Pattern::kBitComplement:
      return nodes - 1 - source;
    case Pattern::kHotspot:
      if (std::uniform_real_distribution<>()(random) < spec.hotspot_share)
        return spec.hotspots[any(spec.hotspots.size())];
      return any(size_t(nodes));
    case Pattern::kUniform:
    case Pattern::kRecorded:
      break;
  }
  return any(size_t(spec.nodes ? spec.nodes : nodes));
}

}  // namespace spikeloom
