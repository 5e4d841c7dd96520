// What a router's lockstep runs on: the router's parameters, a random place in a network, random packets.
#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "hw/noc/route_table.h"
#include "hw/noc/virtual_channels.h"
#include "tests/lockstep/lockstep.h"

namespace spikeloom {

constexpr int kSets = 6, kLinkBits = 64;
constexpr int kMostUsedPorts = 8, kMostUsedVcs = 8, kMostLatency = 6, kRing = 64;

// Parameters of router.sv, with its defaults.
struct Sizes {
  std::string name;
  int ports = 5, classes = 2, vcs_per_class = 2, depth = 4, width = 4, height = 3, concentration = 1, memory_nodes = 2,
      speculative = 0, vc_allocator = 0, switch_allocator = 0, iterations = 1, torus = 0, partitions = 1, routing = 0,
      routing_cycles = 0, vc_cycles = 1, switch_allocation_cycles = 1, switch_cycles = 1, wait_for_tail_credit = 0,
      input_speedup = 1, output_speedup = 1;

  // "name PORTS=6 DEPTH=3": a shape of CMakeLists.txt.
  explicit Sizes(const std::string& shape) {
    std::istringstream words(shape);
    words >> name;
    for (std::string word; words >> word;) {
      const size_t sign = word.find('=');
      int* size = sign == std::string::npos ? nullptr : find(word.substr(0, sign));
      if (!size) {
        std::fprintf(stderr, "CMakeLists.txt, router, %s: '%s' is not PARAMETER=value\n", name.c_str(), word.c_str());
        std::exit(2);
      }
      *size = std::atoi(word.c_str() + sign + 1);
    }
  }
  int vcs() const { return classes * vcs_per_class; }
  int vc_bits() const { return std::max(1, ceil_log2(uint64_t(vcs()))); }
  int partition_vcs() const { return vcs_per_class / partitions; }  // of each class
  // In which a channel's packets travelled, if they come from a router.
  int partition(int vc) const { return vc % vcs_per_class / partition_vcs(); }

 private:
  int* find(const std::string& parameter) {
    const std::pair<const char*, int*> all[] = {{"PORTS", &ports},
                                                {"CLASSES", &classes},
                                                {"VCS_PER_CLASS", &vcs_per_class},
                                                {"DEPTH", &depth},
                                                {"MESH_WIDTH", &width},
                                                {"MESH_HEIGHT", &height},
                                                {"CONCENTRATION", &concentration},
                                                {"MEMORY_NODES", &memory_nodes},
                                                {"SPECULATIVE", &speculative},
                                                {"VC_ALLOCATOR", &vc_allocator},
                                                {"SWITCH_ALLOCATOR", &switch_allocator},
                                                {"ITERATIONS", &iterations},
                                                {"TORUS", &torus},
                                                {"PARTITIONS", &partitions},
                                                {"ROUTING", &routing},
                                                {"ROUTING_CYCLES", &routing_cycles},
                                                {"VC_CYCLES", &vc_cycles},
                                                {"SWITCH_ALLOCATION_CYCLES", &switch_allocation_cycles},
                                                {"SWITCH_CYCLES", &switch_cycles},
                                                {"WAIT_FOR_TAIL_CREDIT", &wait_for_tail_credit},
                                                {"INPUT_SPEEDUP", &input_speedup},
                                                {"OUTPUT_SPEEDUP", &output_speedup}};
    for (const auto& [name, size] : all)
      if (parameter == name) return size;
    return nullptr;
  }
};

// What was done in one or more runs.
struct Totals {
  uint64_t cycles = 0, compared = 0, flits = 0, packets = 0, multicasts = 0, ordered = 0, choices = 0, crossing = 0;

  void add(const Totals& other) {
    cycles += other.cycles;
    compared += other.compared;
    flits += other.flits;
    packets += other.packets;
    multicasts += other.multicasts;
    ordered += other.ordered;
    choices += other.choices;
    crossing += other.crossing;
  }
  std::string text() const {
    return std::to_string(flits) + " flits left, " + std::to_string(packets) + " packets (" +
           std::to_string(multicasts) + " multicasts, " + std::to_string(ordered) + " ordered, " +
           std::to_string(choices) + " with a choice of outputs, " + std::to_string(crossing) + " in partition 1)";
  }
};

// Where the router sits, where memory nodes hang, and which multicasts come by.
struct Place {
  int x, y;
  std::vector<EdgeNode> memory_nodes;
  Topology topology;
  RouteTable routes;
  std::vector<int> sets;  // that have branches at the router

  Place(const Sizes& sizes, Random* random)
      : x(coordinate(sizes.width, sizes.torus != 0, random)),
        y(coordinate(sizes.height, sizes.torus != 0, random)),
        memory_nodes(draw_memory_nodes(sizes, random)),
        topology(sizes.width, sizes.height, memory_nodes, sizes.torus ? Shape::kTorus : Shape::kMesh,
                 sizes.concentration),
        routes(topology, policy(sizes, 0), sizes.routing ? policy(sizes, sizes.routing) : nullptr) {
    for (int i = 0; i < kSets; ++i) {
      std::vector<int> tiles;
      const int percent = random->between(10, 100);
      for (int tile = 0; tile < topology.tiles(); ++tile)
        if (tile == 0 || random->chance(percent)) tiles.push_back(tile);
      const int set = routes.add_multicast(random->between(0, sizes.memory_nodes - 1), tiles);
      if (routes.branches(set, router())) sets.push_back(set);
    }
  }
  int router() const { return y * topology.width() + x; }
  bool to_node(int port) const {
    for (int m = 0; m < topology.sources(); ++m)
      if (topology.router_of(topology.source_node(m)) == router() && topology.port_of(topology.source_node(m)) == port)
        return true;
    return port >= kLocal;
  }

 private:
  // Inside a mesh for the most part; round a torus all are alike, but for the policies.
  static int coordinate(int size, bool ring, Random* random) {
    return !ring && size > 2 && random->chance(70) ? random->between(1, size - 2) : random->between(0, size - 1);
  }
  std::vector<EdgeNode> draw_memory_nodes(const Sizes& sizes, Random* random) const {
    std::vector<EdgeNode> nodes;
    for (int m = 0; m < sizes.memory_nodes; ++m) nodes.push_back(memory_node(sizes, m, random));
    return nodes;
  }
  // Here, where the router has a local port more; else at an edge of the mesh, each at its own, or at another router of
  // a torus.
  EdgeNode memory_node(const Sizes& sizes, int number, Random* random) const {
    if (sizes.ports > kLocal + sizes.concentration + number) return {x, y, kLocal};
    const Port edge = std::array<Port, 4>{kWest, kEast, kNorth, kSouth}.at(size_t(number));
    if (!sizes.torus && number < 2)
      return {edge == kWest ? 0 : sizes.width - 1, random->between(0, sizes.height - 1), edge};
    if (!sizes.torus) return {random->between(0, sizes.width - 1), edge == kNorth ? 0 : sizes.height - 1, edge};
    return {(x + random->between(1, sizes.width - 1)) % sizes.width, random->between(0, sizes.height - 1), kLocal};
  }
  std::unique_ptr<Routing> policy(const Sizes& sizes, int routing) const {
    return make_routing(routing, topology.shape(), sizes.partitions > 1);
  }
};

// Makes packets, flit by flit, for each virtual channel of each input. Multicasts of a class come by one input, and an
// ordered flow keeps to its channel there, as in a network: else their branches could wait for each other for ever.
class Traffic {
 public:
  Traffic(const Sizes& sizes, const Place& place, Random* random)
      : sizes_(sizes), place_(place), random_(*random), multicast_percent_(random->between(0, 60)) {
    for (int& input : multicast_input_) input = random->between(0, sizes.ports - 1);
    redraw();
  }
  // Other lengths and destinations from now on.
  void redraw() {
    most_flits_ = random_.between(1, 9);
    ordered_percent_ = 25 * random_.between(0, 4);
    hot_node_ = random_.chance(30) ? random_.between(0, place_.topology.nodes() - 1) : -1;
  }
  Flit next(int input, int vc, Totals* totals) {
    Stream& stream = streams_[input][vc];
    Flit flit;
    if (stream.left == 0) {
      start(input, vc, &flit);
      stream.left = random_.between(1, most_flits_);
      count(flit, input, vc, totals);
    } else {  // what body flits carry where heads tell their way means nothing
      flit.destination = uint32_t(random_.between(0, place_.topology.nodes() + kSets - 1));
      flit.flow = uint8_t(random_.between(0, 255));
      flit.ordered = random_.chance(50);
    }
    flit.message_class = uint8_t(vc / sizes_.vcs_per_class);
    flit.bits[0] = random_.word();
    flit.tail = --stream.left == 0;
    return flit;
  }

 private:
  struct Stream {
    int left = 0;  // flits of the packet under way
  };

  void start(int input, int vc, Flit* head) {
    const int message_class = vc / sizes_.vcs_per_class, nodes = place_.topology.nodes();
    head->head = true;
    if (!place_.sets.empty() && multicast_input_[message_class] == input && sizes_.partition(vc) == 0 &&
        random_.chance(multicast_percent_)) {
      head->destination = uint32_t(place_.sets[size_t(random_.between(0, int(place_.sets.size()) - 1))]);
      head->flow = uint8_t(vc % sizes_.vcs_per_class + sizes_.partition_vcs() * random_.between(0, 20));
      return;
    }
    head->ordered = random_.chance(ordered_percent_);
    do {
      head->destination = uint32_t(hot_node_ >= 0 && random_.chance(70) ? hot_node_ : random_.between(0, nodes - 1));
      head->flow = uint8_t(random_.between(0, 255));
    } while (!choice(*head, input, vc).ports);
  }
  // None for a packet that a policy would have led elsewhere before: round a torus the odd-even model knows some.
  RouteChoice choice(const Flit& head, int input, int vc) const {
    const RouteState state = {input, uint8_t(sizes_.partition(vc)), head.flow};
    return place_.routes.routing(head.ordered).next(place_.topology, place_.router(), state, int(head.destination));
  }
  void count(const Flit& head, int input, int vc, Totals* totals) const {
    ++totals->packets;
    totals->ordered += head.ordered;
    if (int(head.destination) >= place_.topology.nodes()) {
      ++totals->multicasts;
      return;
    }
    const RouteChoice way = choice(head, input, vc);
    totals->choices += (way.ports & (way.ports - 1)) != 0;
    totals->crossing += way.partition;
  }

  const Sizes& sizes_;
  const Place& place_;
  Random& random_;
  int multicast_percent_, most_flits_ = 1, ordered_percent_ = 0, hot_node_ = -1;
  std::array<int, kMostUsedVcs> multicast_input_{};  // [class]
  std::array<std::array<Stream, kMostUsedVcs>, kMostUsedPorts> streams_{};
};

}  // namespace spikeloom
