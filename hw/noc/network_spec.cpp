#include "hw/noc/network_spec.h"

#include <algorithm>
#include <cstdio>

#include "hw/noc/deadlock.h"

namespace spikeloom {

namespace {

constexpr int kMostSide = 64;
constexpr size_t kMostSources = 8;
constexpr int kMostStageCycles = 16;

RouterSpec read_router(ConfigNode& router) {
  RouterSpec spec;
  spec.routing_cycles = int(router.integer("routing_cycles", 0, kMostStageCycles));
  spec.vc_allocation_cycles = int(router.integer("vc_allocation_cycles", 1, kMostStageCycles));
  spec.switch_allocation_cycles = int(router.integer("switch_allocation_cycles", 1, kMostStageCycles));
  spec.switch_cycles = int(router.integer("switch_cycles", 0, kMostStageCycles));
  spec.speculative = router.flag("speculative");
  spec.vc_allocator = router.choice("vc_allocator", allocator_names());
  spec.switch_allocator = router.choice("switch_allocator", allocator_names());
  spec.allocator_iterations = int(router.integer("allocator_iterations", 1, 16));
  spec.wait_for_tail_credit = router.flag("wait_for_tail_credit");
  spec.input_speedup = int(router.integer("input_speedup", 1, kMostSpeedup));
  spec.output_speedup = int(router.integer("output_speedup", 1, kMostSpeedup));
  const auto is_islip = [](int allocator) { return allocator_names()[allocator] == "islip"; };
  if (spec.allocator_iterations > 1 && !is_islip(spec.vc_allocator) && !is_islip(spec.switch_allocator))
    router.fail_at("allocator_iterations", "must be 1 where neither allocator is islip: separable ones do not iterate");
  if (spec.speculative && spec.vc_allocation_cycles != spec.switch_allocation_cycles)
    router.fail_at("speculative", "needs vc_allocation_cycles and switch_allocation_cycles alike: both happen at once");
  return spec;
}

// Refuses what can deadlock: ordered packets take dimension order, whatever the others do.
void check_deadlock(ConfigNode& section, const NetworkSpec& spec) {
  const Topology topology = spec.topology();
  const std::string ordered = find_deadlock(topology, *make_routing(0, spec.shape, spec.dateline));
  if (!ordered.empty())
    section.fail_at(spec.shape == Shape::kTorus ? "dateline" : "routing",
                    "dimension order can deadlock on this network; its channels depend on each other in a circle: " +
                        ordered + " (set dateline: true, with an even vcs_per_class)");
  if (spec.routing == 0) return;
  const std::string free = find_deadlock(topology, *make_routing(spec.routing, spec.shape, spec.dateline));
  if (!free.empty())
    section.fail_at("routing", routing_names()[spec.routing] +
                                   " can deadlock on this network; its channels depend on each other in a circle: " +
                                   free + " (use dimension_order)");
}

}  // namespace

NetworkSpec NetworkSpec::read(ConfigNode& section) {
  NetworkSpec spec;
  spec.shape = Shape(section.choice("topology", shape_names()));
  spec.width = int(section.integer("width", 1, kMostSide));
  spec.height = int(section.integer("height", 1, kMostSide));
  spec.concentration = int(section.integer("concentration", 1, 8));
  spec.routing = section.choice("routing", routing_names());
  spec.dateline = section.flag("dateline") && spec.shape == Shape::kTorus;  // a mesh has no rings
  spec.vcs_per_class = int(section.integer("vcs_per_class", 1, kMostVcs));
  spec.buffer_flits = int(section.integer("buffer_flits", 1, 4096));
  spec.link_bits = int(section.integer("link_bits", 64, kMostLinkBits));
  if (spec.link_bits % kLinkStepBits != 0)
    section.fail_at("link_bits", "must be a multiple of 64 (allowed: 64 to 512)");
  spec.link_cycles = int(section.integer("link_cycles", 0, 64));
  spec.link_length_mm = section.real("link_length_mm", 0, 100);
  spec.credit_cycles = int(section.integer("credit_cycles", 0, 64));
  spec.router = read_router(section.section("router"));
  const int partitions = make_routing(0, spec.shape, spec.dateline)->partitions();
  if (spec.vcs_per_class % partitions != 0)
    section.fail_at("vcs_per_class",
                    "must be even on a torus with a dateline: half of them serve packets that cross it");
  check_deadlock(section, spec);
  spec.buffer_key = section.path_of("buffer_flits");
  spec.buffer_place = section.place_of("buffer_flits");
  return spec;
}

RouteTable NetworkSpec::routes(const Topology& topology) const {
  std::unique_ptr<Routing> free;
  if (routing != 0) free = make_routing(routing, shape, dateline);
  return RouteTable(topology, make_routing(0, shape, dateline), std::move(free));
}

VirtualChannels NetworkSpec::channels(int classes, std::vector<int> arrival_channels) const {
  return {classes, vcs_per_class, make_routing(0, shape, dateline)->partitions(), std::move(arrival_channels)};
}

int NetworkSpec::hop_cycles() const {
  const int allocation = router.speculative ? router.switch_allocation_cycles
                                            : router.vc_allocation_cycles + router.switch_allocation_cycles;
  return router.routing_cycles + allocation + router.switch_cycles + link_cycles;
}

// Its own link, hop by hop, and out of the last router.
int NetworkSpec::latency_alone(int hops, int flits) const {
  const int wires = node_link_cycles(true), out = hop_cycles() - link_cycles + wires;
  return 1 + wires + hops * hop_cycles() + out + (flits - 1) * router.switch_allocation_cycles;
}

// A body flit's place: granted in c, seen in c + latency, granted there switch_allocation_cycles later at the earliest
// (the cycle in which it is seen is the first of them), and free again credit_cycles after that.
int NetworkSpec::round_trip_flits() const {
  const LinkSpec link = link_between_routers();
  return link.latency_cycles + (router.switch_allocation_cycles - 1) + link.credit_cycles;
}

std::string NetworkSpec::warning() const {
  const int needed = round_trip_flits();
  if (buffer_flits >= needed) return "";
  char share[16];
  std::snprintf(share, sizeof share, "%.0f %%", 100.0 * buffer_flits / needed);
  return buffer_place + ": " + buffer_key + ": " + std::to_string(buffer_flits) + " flits are fewer than the " +
         std::to_string(needed) + " of the credit loop: one virtual channel reaches at most " + share +
         " of a link's throughput (" + buffer_key + "=" + std::to_string(needed) + " reaches all of it" +
         (router.wait_for_tail_credit ? " within a packet; the next one waits for the tail's credit)" : ")");
}

std::string NetworkSpec::text(int classes) const {
  return topology().name() + ", " + routing_names()[routing] + ", " + std::to_string(vcs_per_class) +
         (vcs_per_class == 1 ? " virtual channel" : " virtual channels") + (classes > 1 ? " per class" : "") + " of " +
         std::to_string(buffer_flits) + (buffer_flits == 1 ? " flit" : " flits") +
         (router.wait_for_tail_credit ? ", waiting for tail credits" : "") +
         (router.input_speedup > 1 ? ", input speed-up " + std::to_string(router.input_speedup) : "") +
         (router.output_speedup > 1 ? ", output speed-up " + std::to_string(router.output_speedup) : "");
}

std::vector<EdgeNode> read_memory_nodes(ConfigNode& section, const Topology& topology) {
  std::vector<EdgeNode> all;
  auto& nodes = section.items("memory_nodes");
  if (nodes.empty() || nodes.size() > kMostSources)
    section.fail_at("memory_nodes", std::to_string(nodes.size()) + " memory nodes (allowed: 1 to " +
                                        std::to_string(kMostSources) + ")");
  for (auto& node : nodes) {
    const auto at = node.integers("router", 2, 0, 63);
    EdgeNode edge;
    edge.x = int(at[0]);
    edge.y = int(at[1]);
    edge.port = Port(node.choice("port", {"north", "east", "south", "west", "local"}));
    if (edge.x >= topology.width() || edge.y >= topology.height())
      node.fail_at("router", "router [" + std::to_string(edge.x) + ", " + std::to_string(edge.y) + "] is not in a " +
                                 topology.name() + ": the last is [" + std::to_string(topology.width() - 1) + ", " +
                                 std::to_string(topology.height() - 1) + "]");
    if ((edge.port != kLocal && topology.neighbour(edge.y * topology.width() + edge.x, edge.port) >= 0))
      node.fail_at("router", "router [" + std::to_string(edge.x) + ", " + std::to_string(edge.y) + "] has no free " +
                                 port_name(edge.port) + " port at the edge of a " + topology.name() +
                                 " (port: local adds one)");
    for (const EdgeNode& other : all)
      if (edge.port != kLocal && other.x == edge.x && other.y == edge.y && other.port == edge.port)
        node.fail_at("router", "another memory node already uses this port");
    all.push_back(edge);
  }
  return all;
}

void check_channels(ConfigNode& network, const NetworkSpec& spec, int classes) {
  const int vcs = classes * spec.vcs_per_class;
  if (spec.router.input_speedup > vcs)
    network.section("router").fail_at("input_speedup", std::to_string(spec.router.input_speedup) +
                                                           " crossbar inputs for the " + std::to_string(vcs) +
                                                           " virtual channel(s) of an input (allowed: 1 to " +
                                                           std::to_string(std::min(vcs, kMostSpeedup)) + ")");
  if (vcs <= kMostVcs) return;
  const int partitions = make_routing(0, spec.shape, spec.dateline)->partitions();
  const int most = kMostVcs / classes / partitions * partitions;
  network.fail_at("vcs_per_class", std::to_string(spec.vcs_per_class) + " for each of " + std::to_string(classes) +
                                       " classes of messages makes " + std::to_string(vcs) +
                                       " virtual channels; a router has at most " + std::to_string(kMostVcs) +
                                       " (at most " + std::to_string(most) + " per class)");
}

}  // namespace spikeloom
