#include "hw/noc/traffic/traffic_network.h"

#include <initializer_list>

namespace spikeloom {

TrafficNetwork::TrafficNetwork(const NetworkSpec& network, const TrafficSpec& traffic, double rate, uint64_t seed)
    : spec_(network),
      traffic_(traffic),
      clock_("clock", 1000),
      ledger_(Cycle{1} << 32),
      topology_(network.topology()),
      routes_(network.routes(topology_)),
      channels_(network.channels(1)),
      network_(clock_, "", network, topology_, routes_, channels_,
               {network.link_bits, topology_.nodes(), channels_.count()}, ledger_) {
  result_.begin = Cycle(traffic.warmup_cycles);
  result_.end = result_.begin + Cycle(traffic.measured_cycles);
  point_.rate = rate;
  for (int node = 0; node < topology_.tiles(); ++node) add_node(node, rate, seed);
  network_.set_bands();
  clock_.set_observer([this] { watch(); });
}

void TrafficNetwork::add_node(int node, double rate, uint64_t seed) {
  const std::string id = std::to_string(node);
  Link& inject = network_.new_link_into(node, "inject_" + id);
  Link& eject = network_.new_link_to(node, "eject_" + id, "node_" + id);
  queues_.emplace_back(clock_, 4);
  if (traffic_.nodes && node >= traffic_.nodes) rate = 0;
  auto source = std::make_unique<TrafficSource>(("source_" + id).c_str(), clock_, traffic_, topology_, node, rate, seed,
                                                &result_);
  auto interface = std::make_unique<NetworkInterface>(("interface_" + id).c_str(), clock_, 1, channels_);
  auto sink = std::make_unique<TrafficSink>(("sink_" + id).c_str(), clock_, channels_.count(), &result_);
  source->packets_out(queues_.back());
  interface->in[0](queues_.back());
  interface->out(inject);
  for (int vc = 0; vc < channels_.count(); ++vc) sink->flits_in[vc](eject.channel(vc));
  for (Block* block : std::initializer_list<Block*>{source.get(), interface.get(), sink.get()})
    block->set_band(network_.band_of_node(node));
  blocks_.push_back(std::move(source));
  blocks_.push_back(std::move(interface));
  blocks_.push_back(std::move(sink));
}

void TrafficNetwork::watch() {
  const Cycle now = clock_.now();
  if (now >= result_.end && result_.outstanding == 0) result_.generating = false;
  if (now >= result_.end + Cycle(traffic_.drain_cycles) && result_.outstanding > 0) {
    point_.saturated = true;
    result_.generating = false;
    clock_.stop();
  }
  if (now > result_.last_arrival + kPatience) {
    const std::string oldest = network_.oldest_flit(now, kPatience);
    if (oldest.empty()) return;
    point_.stuck = oldest;
    clock_.stop();
  }
}

// Latency would grow with the time of measurement: more than 2 % of what was offered then did not arrive then. Beside
// these, what a network holds that keeps up: at most all packets of three times the longest latency without load.
bool TrafficNetwork::falls_behind() const {
  const int longest = spec_.latency_alone(topology_.width() + topology_.height() - 2, traffic_.packet_flits);
  const double offered = double(result_.offered_flits), cycles = double(traffic_.measured_cycles);
  return double(result_.accepted_flits) < offered * (0.98 - 3 * longest / cycles);
}

LoadPoint TrafficNetwork::run() {
  clock_.set_quantum(Clock::kQuantum);
  sc_core::sc_start();
  point_.packets = result_.packets;
  point_.latency = result_.packets ? result_.latency_sum / double(result_.packets) : 0;
  point_.largest_latency = result_.largest_latency;
  point_.accepted = double(result_.accepted_flits) / double(traffic_.measured_cycles) / topology_.tiles();
  if (falls_behind()) point_.saturated = true;
  point_.flit_hops = network_.flit_hops();
  return point_;
}

}  // namespace spikeloom
