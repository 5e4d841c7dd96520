#include "hw/noc/traffic/traffic_recorder.h"

#include <algorithm>
#include <map>

namespace spikeloom {

namespace {

constexpr uint64_t kHeadBytes = 8192;  // at most: the description and the tensors' places

}  // namespace

// Hands on what one link takes.
struct TrafficRecorder::Tap : LinkListener {
  TrafficRecorder* recorder = nullptr;
  Link* link = nullptr;
  int node = 0;
  void takes(Flit& flit, int vc) override {
    if (!link->to_node()) return recorder->injects(node, vc, flit);
    const RegisteredFifo<Flit>& buffer = link->channel(vc);  // its newest entry is this flit
    recorder->arrives(flit, buffer.visible_from(buffer.size() - 1));
  }
};

TrafficRecorder::TrafficRecorder(Clock& clock, Network& network, const Topology& topology, const RouteTable& routes,
                                 Cycle from, Cycle to, uint64_t limit_bytes)
    : clock_(clock),
      network_(network),
      topology_(topology),
      routes_(routes),
      from_(from),
      end_(to),
      bytes_left_(limit_bytes - std::min(limit_bytes, kHeadBytes)),
      under_way_(topology.nodes()) {
  for (int node = 0; node < topology.nodes(); ++node)
    for (Link* link : {network.link_into(node), network.link_to(node)}) {
      if (!link) continue;
      taps_.emplace_back();
      taps_.back().recorder = this;
      taps_.back().link = link;
      taps_.back().node = node;
      link->set_listener(&taps_.back());
      under_way_[node].resize(link->vcs(), 0);
    }
}

TrafficRecorder::~TrafficRecorder() {
  for (Tap& tap : taps_) tap.link->set_listener(nullptr);
}

// Takes room in the file; when there is none, the recording ends before this cycle.
bool TrafficRecorder::spend(uint64_t bytes) {
  if (bytes <= bytes_left_) {
    bytes_left_ -= bytes;
    return true;
  }
  full_ = true;
  end_ = clock_.now();
  return false;
}

void TrafficRecorder::injects(int node, int vc, Flit& flit) {
  uint32_t& current = under_way_[node][vc];
  const Cycle now = clock_.now();
  if (now >= end_ || (flit.head && now < from_)) {
    current = 0;
    return;
  }
  if (flit.head) {
    uint64_t bytes = RecordedTraffic::kPacketBytes;
    if (int(flit.destination) >= topology_.nodes()) {
      const size_t set = flit.destination - uint32_t(topology_.nodes());
      if (set >= seen_set_.size()) seen_set_.resize(set + 1, false);
      if (!seen_set_[set]) bytes += uint64_t(topology_.nodes());
      seen_set_[set] = true;
    }
    current = spend(bytes) ? uint32_t(packets_.size() + 1) : 0;
    if (current == 0) return;
    packets_.emplace_back();
    packets_.back().recorded = {now,       0,           flit.destination, 0, 0, uint16_t(node), flit.message_class,
                                flit.flow, flit.ordered};
  }
  if (current == 0) return;
  Packet& packet = packets_[current - 1];
  if (!flit.head) {
    if (!spend(RecordedTraffic::gap_bytes(now - packet.tail))) return;
    gaps_.push_back({current - 1, uint32_t(now - packet.tail)});
  }
  flit.packet = current;
  packet.tail = now;  // so far
  ++packet.recorded.flits;
  packet.complete = flit.tail;
}

void TrafficRecorder::arrives(const Flit& flit, Cycle cycle) {
  if (flit.packet == 0 || !flit.tail) return;
  Packet& packet = packets_[flit.packet - 1];
  packet.recorded.latency = std::max(packet.recorded.latency, cycle - packet.recorded.cycle);
  ++packet.arrivals;
}

// A node is in a set when the tree ends at its port.
std::vector<int> TrafficRecorder::members(uint32_t set) const {
  std::vector<int> nodes;
  for (int node = 0; node < topology_.nodes(); ++node)
    if (routes_.branches(int(set), topology_.router_of(node)) >> topology_.port_of(node) & 1) nodes.push_back(node);
  return nodes;
}

// The packets that belong to the recording, by cycle, then source.
std::vector<uint32_t> TrafficRecorder::kept(Cycle end) const {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < packets_.size(); ++i) {
    const Packet& packet = packets_[i];
    const uint32_t destination = packet.recorded.destination;
    const size_t fanout = int(destination) < topology_.nodes() ? 1 : members(destination).size();
    if (packet.complete && packet.tail < end && packet.arrivals == fanout) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
    const RecordedPacket &x = packets_[a].recorded, &y = packets_[b].recorded;
    return std::make_pair(x.cycle, x.source) < std::make_pair(y.cycle, y.source);
  });
  return order;
}

RecordedTraffic TrafficRecorder::finish(Cycle cycles) const {
  RecordedTraffic traffic;
  traffic.tiles = topology_.tiles();
  traffic.memory_nodes = topology_.sources();
  traffic.end = std::min(end_, cycles);
  traffic.begin = std::min(from_, traffic.end);
  traffic.whole = traffic.begin == 0 && traffic.end == cycles;
  traffic.flit_hops = traffic.whole ? network_.flit_hops() : 0;
  std::vector<uint64_t> first(packets_.size(), ~uint64_t{0});  // where a packet's next gap goes
  std::map<uint32_t, uint32_t> sets;                           // number of the route table -> of the recording
  uint64_t gaps = 0;
  for (const uint32_t i : kept(traffic.end)) {
    RecordedPacket packet = packets_[i].recorded;
    packet.first_gap = first[i] = gaps;
    gaps += packet.flits - 1;
    if (int(packet.destination) >= topology_.nodes()) {
      const auto [set, is_new] = sets.emplace(packet.destination, uint32_t(traffic.multicasts.size()));
      if (is_new) traffic.multicasts.push_back(members(packet.destination));
      packet.destination = uint32_t(topology_.nodes()) + set->second;
    }
    traffic.packets.push_back(packet);
  }
  traffic.gaps.resize(gaps);
  for (const Gap& gap : gaps_)
    if (first[gap.packet] != ~uint64_t{0}) traffic.gaps[first[gap.packet]++] = gap.cycles;
  return traffic;
}

}  // namespace spikeloom
