#include "hw/noc/network_interface.h"

#include <cassert>

namespace spikeloom {

NetworkInterface::NetworkInterface(const sc_core::sc_module_name& name, Clock& clock, int producers,
                                   const VirtualChannels& channels)
    : Block(name, clock),
      producers_(producers),
      channels_(channels),
      next_vc_(channels.classes, 0),
      in("in", producers),
      out("out") {
  assert(producers <= 64);
}

void NetworkInterface::end_of_elaboration() {
  link_ = out.operator->();
  link_->set_producer(this);
  for (size_t i = 0; i < producers_.size(); ++i) {
    producers_[i].queue = in[i].operator->();
    producers_[i].queue->keep_front_in(&producers_[i].front, &occupied_, int(i));
  }
}

// -1: none is free, or none of those has a credit.
int NetworkInterface::choose_vc(const Flit& head) {
  const uint32_t allowed = link_->free() & channels_.into_network(head);
  int& next = next_vc_[head.message_class];
  for (int i = 0; i < channels_.per_class; ++i) {
    const int offset = (next + i) % channels_.per_class;
    const int vc = channels_.first(head.message_class) + offset;
    if (!(allowed >> vc & 1) || !link_->can_begin(vc)) continue;
    next = (offset + 1) % channels_.per_class;
    return vc;
  }
  return -1;
}

void NetworkInterface::tick() {
  const uint64_t awake = occupied_ & ~asleep_, later = awake & ~uint64_t{0} << next_;
  if ((send_one_of(later) || send_one_of(awake & ~later)) && occupied_) wake_at(now() + 1);
}

// The first of the producers that can.
bool NetworkInterface::send_one_of(uint64_t producers) {
  for (; producers; producers &= producers - 1)
    if (send_of(size_t(__builtin_ctzll(producers)))) return true;
  return false;
}

bool NetworkInterface::send_of(size_t index) {
  Producer& producer = producers_[index];
  if (producer.front > now()) return false;
  Flit& flit = producer.queue->front();
  int& vc = producer.vc;
  if (flit.head) {
    vc = choose_vc(flit);
    if (vc < 0) return false;
    link_->free() &= ~(1u << vc);
    if (flit.type == MessageType::kOutputs && node_of_output_) flit.destination = node_of_output_(flit);
  } else if (!link_->can_send(vc)) {
    link_->channel(vc).sleep(&asleep_, int(index));
    return false;
  }
  if (flit.tail) link_->free() |= 1u << vc;
  if (flit.born == 0) flit.born = now();
  link_->send_front(*producer.queue, vc);
  next_ = index + 1 < producers_.size() ? index + 1 : 0;
  return true;
}

std::string NetworkInterface::waits_for() const {
  for (const Producer& producer : producers_)
    if (!producer.queue->empty()) return "a free virtual channel or credits of the router, with flits to send";
  return "";
}

}  // namespace spikeloom
