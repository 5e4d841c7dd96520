#include "hw/noc/traffic/replay_node.h"

#include <algorithm>

namespace spikeloom {

namespace {

// A flit is pushed in the cycle before it is due, so that the interface sees it in that; the first cycle is 1.
Cycle push_cycle(Cycle due) { return std::max<Cycle>(due, 2) - 1; }

}  // namespace

ReplaySource::ReplaySource(const sc_core::sc_module_name& name, Clock& clock, const RecordedTraffic& traffic,
                           const std::vector<uint32_t>& destinations, std::vector<std::vector<uint32_t>> packets,
                           ReplayArrivals* arrivals)
    : Block(name, clock),
      packets_out("packets_out", packets.size()),
      traffic_(traffic),
      destinations_(destinations),
      arrivals_(arrivals) {
  for (std::vector<uint32_t>& of_class : packets) {
    const Cycle due = traffic.packets[of_class.front()].cycle;
    queues_.push_back({std::move(of_class), 0, 0, due});
    wake_at(push_cycle(due));
  }
}

Flit ReplaySource::next_flit(const Queue& queue) const {
  const uint32_t index = queue.packets[queue.at];
  const RecordedPacket& packet = traffic_.packets[index];
  Flit flit;
  flit.head = queue.sent == 0;
  flit.tail = queue.sent + 1 == packet.flits;
  flit.destination = destinations_[packet.destination];
  flit.message_class = packet.message_class;
  flit.flow = packet.flow;
  flit.ordered = packet.ordered;
  flit.packet = index + 1;
  return flit;
}

void ReplaySource::advance(Queue* queue) const {
  const RecordedPacket& packet = traffic_.packets[queue->packets[queue->at]];
  if (++queue->sent < packet.flits) {
    queue->due += traffic_.gaps[packet.first_gap + queue->sent - 1];
    return;
  }
  queue->sent = 0;
  if (++queue->at < queue->packets.size()) queue->due = traffic_.packets[queue->packets[queue->at]].cycle;
}

void ReplaySource::tick() {
  Cycle next = Clock::kNever;
  for (size_t i = 0; i < queues_.size(); ++i) {
    Queue& queue = queues_[i];
    if (queue.at == queue.packets.size()) continue;
    if (push_cycle(queue.due) <= now()) {
      if (!packets_out[i]->can_push()) continue;  // wakes this source when there is room
      const Flit flit = next_flit(queue);
      packets_out[i]->push(flit);
      ++arrivals_->injected[flit.message_class];
      advance(&queue);
      if (queue.at == queue.packets.size()) continue;
    }
    next = std::min(next, std::max(push_cycle(queue.due), now() + 1));
  }
  if (next != Clock::kNever) wake_at(next);
}

void ReplaySink::take(const Flit& flit) {
  ++arrivals_->ejected[flit.message_class];
  const uint32_t packet = flit.packet - 1;
  if (flit.head) arrivals_->waited[packet] = flit.born - std::min(flit.born, traffic_.packets[packet].cycle);
  if (!flit.tail) return;
  arrivals_->arrived[packet] = std::max(arrivals_->arrived[packet], now());
  --arrivals_->left[packet];
  --arrivals_->deliveries;
}

void ReplaySink::tick() {
  bool more = false;
  for (auto& port : flits_in) {
    if (port->can_pop()) {
      take(port->front());
      port->pop();
    }
    more = more || !port->empty();
  }
  if (more) wake_at(now() + 1);
}

}  // namespace spikeloom
