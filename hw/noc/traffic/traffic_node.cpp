#include "hw/noc/traffic/traffic_node.h"

#include <algorithm>

namespace spikeloom {

TrafficSource::TrafficSource(const sc_core::sc_module_name& name, Clock& clock, const TrafficSpec& spec,
                             const Topology& topology, int node, double rate, uint64_t seed, TrafficResult* result)
    : Block(name, clock),
      packets_out("packets_out"),
      spec_(spec),
      topology_(topology),
      node_(node),
      chance_(rate / spec.packet_flits),
      random_(seed * 1000003 + uint64_t(node)),
      result_(result) {
  // In a burst the chance is higher by the share of time without one: the mean rate is as asked.
  if (spec.bursty) chance_ *= (spec.burst_begins + spec.burst_ends) / spec.burst_begins;
  if (rate == 0) return;  // takes no part
  birth_ = 1;
  birth_ = next_birth();
  wake_at(std::max<Cycle>(birth_ - 1, 1));
}

// The cycle of the next packet after birth_: cycles between are drawn at once (geometric), or one by one in bursts.
Cycle TrafficSource::next_birth() {
  if (!spec_.bursty) return birth_ + 1 + std::geometric_distribution<Cycle>(chance_)(random_);
  std::uniform_real_distribution<> uniform;
  for (Cycle cycle = birth_ + 1;; ++cycle) {
    in_burst_ = in_burst_ ? uniform(random_) >= spec_.burst_ends : uniform(random_) < spec_.burst_begins;
    if (in_burst_ && uniform(random_) < chance_) return cycle;
  }
}

// A packet's first flit is pushed in the cycle before its birth, so that the interface sees it in that of its birth.
void TrafficSource::generate() {
  while (birth_ <= now() + 1) {
    queue_.push_back({birth_, draw_destination(spec_, topology_, node_, random_), uint8_t(random_() & 3)});
    if (birth_ >= result_->begin && birth_ < result_->end) {
      ++result_->outstanding;
      result_->offered_flits += uint64_t(spec_.packet_flits);
    }
    birth_ = next_birth();
  }
}

// A packet that has begun is sent to its end: half a packet would hold its channels for ever.
void TrafficSource::tick() {
  if (!result_->generating && sent_flits_ == 0) return;
  if (result_->generating) generate();
  if (!queue_.empty() && packets_out->can_push()) {
    const Packet& packet = queue_.front();
    Flit flit;
    flit.head = sent_flits_ == 0;
    flit.tail = ++sent_flits_ == spec_.packet_flits;
    flit.destination = uint32_t(packet.destination);
    flit.flow = packet.flow;
    flit.ordered = false;
    flit.born = packet.born;
    packets_out->push(flit);
    if (flit.tail) {
      queue_.pop_front();
      sent_flits_ = 0;
    }
    if (!queue_.empty()) wake_at(now() + 1);
  }
  if (result_->generating) wake_at(std::max(birth_ - 1, now() + 1));
}

void TrafficSink::tick() {
  bool more = false;
  for (auto& port : flits_in) {
    if (port->can_pop()) {
      const Flit& flit = port->front();
      result_->last_arrival = std::max(result_->last_arrival, now());
      if (now() >= result_->begin && now() < result_->end) ++result_->accepted_flits;
      if (flit.tail && flit.born >= result_->begin && flit.born < result_->end) {
        const Cycle latency = now() - flit.born;
        ++result_->packets;
        --result_->outstanding;
        result_->latency_sum += double(latency);
        result_->largest_latency = std::max(result_->largest_latency, latency);
      }
      port->pop();
    }
    more = more || !port->empty();
  }
  if (more) wake_at(now() + 1);
}

}  // namespace spikeloom
