#include "hw/noc/traffic/replay_network.h"

#include <algorithm>
#include <cassert>

namespace spikeloom {

namespace {

constexpr size_t kQueueFlits = 4;  // between a block and its interface, as on a chip

std::vector<int> arrival_channels(const RecordedTraffic& traffic, const NetworkSpec& spec) {
  std::vector<int> channels;
  for (const RecordedClass& entry : traffic.classes) channels.push_back(entry.one_channel ? 1 : spec.vcs_per_class);
  return channels;
}

}  // namespace

ReplayNetwork::ReplayNetwork(const NetworkSpec& spec, const Topology& topology, const RecordedTraffic& traffic)
    : spec_(spec),
      traffic_(traffic),
      clock_("clock", 1000),
      ledger_(Cycle{1} << 32),
      topology_(topology),
      routes_(spec.routes(topology_)),
      channels_(spec.channels(int(traffic.classes.size()), arrival_channels(traffic, spec))),
      network_(clock_, "", spec, topology_, routes_, channels_, {spec.link_bits, topology_.nodes(), channels_.count()},
               ledger_),
      arrivals_(traffic) {
  assert(topology_.tiles() == traffic.tiles && topology_.sources() == traffic.memory_nodes);
  for (int node = 0; node < topology_.nodes(); ++node) destinations_.push_back(uint32_t(node));
  std::vector<int> sources(traffic.multicasts.size(), 0);  // memory nodes; a set that nobody uses has any
  for (const RecordedPacket& packet : traffic.packets)
    if (int(packet.destination) >= traffic.nodes())
      sources[packet.destination - traffic.nodes()] = packet.source - traffic.tiles;
  for (size_t set = 0; set < traffic.multicasts.size(); ++set)
    destinations_.push_back(uint32_t(routes_.add_multicast(sources[set], traffic.multicasts[set])));
  std::vector<std::vector<std::vector<uint32_t>>> packets(topology_.nodes());  // [node][class]
  for (auto& of_node : packets) of_node.resize(traffic.classes.size());
  for (size_t i = 0; i < traffic.packets.size(); ++i)
    packets[traffic.packets[i].source][traffic.packets[i].message_class].push_back(uint32_t(i));
  network_.set_bands();
  for (int node = 0; node < topology_.nodes(); ++node) {
    add_source(node, std::move(packets[node]));
    add_sink(node);
  }
}

// A producer per class, as blocks of a chip have: classes do not wait for each other before they are in the network.
void ReplayNetwork::add_source(int node, std::vector<std::vector<uint32_t>> packets) {
  packets.erase(std::remove_if(packets.begin(), packets.end(), [](const auto& list) { return list.empty(); }),
                packets.end());
  const int producers = int(packets.size());
  if (producers == 0) return;
  const std::string id = std::to_string(node);
  auto source = std::make_unique<ReplaySource>(("source_" + id).c_str(), clock_, traffic_, destinations_,
                                               std::move(packets), &arrivals_);
  auto interface = std::make_unique<NetworkInterface>(("interface_" + id).c_str(), clock_, producers, channels_);
  for (int i = 0; i < producers; ++i) {
    queues_.emplace_back(clock_, kQueueFlits);
    source->packets_out[i](queues_.back());
    interface->in[i](queues_.back());
  }
  interface->out(network_.new_link_into(node, "inject_" + id));
  source->set_band(network_.band_of_node(node));
  interface->set_band(network_.band_of_node(node));
  blocks_.push_back(std::move(source));
  blocks_.push_back(std::move(interface));
}

void ReplayNetwork::add_sink(int node) {
  const std::string id = std::to_string(node);
  Link& eject = network_.new_link_to(node, "eject_" + id, "node_" + id);
  auto sink = std::make_unique<ReplaySink>(("sink_" + id).c_str(), clock_, channels_.count(), traffic_, &arrivals_);
  for (int vc = 0; vc < channels_.count(); ++vc) sink->flits_in[vc](eject.channel(vc));
  sink->set_band(network_.band_of_node(node));
  blocks_.push_back(std::move(sink));
}

// -1: all classes.
ReplayedClass ReplayNetwork::account(int message_class) const {
  ReplayedClass result;
  result.name = message_class < 0 ? "all" : traffic_.classes[message_class].name;
  result.latest = INT64_MIN;
  for (size_t i = 0; i < traffic_.packets.size(); ++i) {
    const RecordedPacket& packet = traffic_.packets[i];
    if ((message_class >= 0 && packet.message_class != message_class) || arrivals_.left[i] > 0) continue;
    const Cycle latency = arrivals_.arrived[i] - packet.cycle;
    ++result.packets;
    result.latency += double(latency);
    result.recorded_latency += double(packet.latency);
    result.waited += double(arrivals_.waited[i]);
    result.largest_latency = std::max(result.largest_latency, latency);
    result.latest = std::max(result.latest, int64_t(latency) - int64_t(packet.latency));
  }
  for (int i = 0; i < int(traffic_.classes.size()); ++i) {
    if (message_class >= 0 && i != message_class) continue;
    result.injected += arrivals_.injected[i];
    result.ejected += arrivals_.ejected[i];
  }
  const double count = double(std::max<uint64_t>(result.packets, 1));
  for (double* sum : {&result.latency, &result.recorded_latency, &result.waited}) *sum /= count;
  return result;
}

Replay ReplayNetwork::run(const std::function<void(double share)>& progress) {
  const double deliveries = double(arrivals_.deliveries);
  if (progress) clock_.set_observer([&] { progress(1 - double(arrivals_.deliveries) / deliveries); });
  clock_.set_quantum(Clock::kQuantum);
  sc_core::sc_start();
  ledger_.close();
  Replay replay;
  replay.flit_hops = network_.flit_hops();
  if (arrivals_.deliveries > 0) {
    replay.stuck = network_.oldest_flit(clock_.now());
    return replay;
  }
  for (int i = 0; i < int(traffic_.classes.size()); ++i)
    if (arrivals_.injected[i] > 0) replay.classes.push_back(account(i));
  replay.classes.push_back(account(-1));
  for (size_t i = 0; i < traffic_.packets.size(); ++i) {
    replay.last_arrival = std::max(replay.last_arrival, arrivals_.arrived[i]);
    replay.recorded_last_arrival =
        std::max(replay.recorded_last_arrival, traffic_.packets[i].cycle + traffic_.packets[i].latency);
  }
  return replay;
}

}  // namespace spikeloom
