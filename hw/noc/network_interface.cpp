#include "hw/noc/network_interface.h"

namespace spikeloom {

NetworkInterface::NetworkInterface(const sc_core::sc_module_name& name, Clock& clock, int producers,
                                   const VirtualChannels& channels)
    : Block(name, clock),
      in("in", producers),
      out("out"),
      channels_(channels),
      producers_(producers),
      free_(uint32_t(low_mask(channels.count()))),
      next_vc_(channels.classes, 0) {}

void NetworkInterface::end_of_elaboration() {
  out->set_producer(this);
  for (size_t i = 0; i < producers_.size(); ++i) producers_[i].queue = in[i].operator->();
}

// -1: none is free, or none of those has a credit.
int NetworkInterface::choose_vc(const Flit& head) {
  const uint32_t allowed = free_ & channels_.into_network(head);
  int& next = next_vc_[head.message_class];
  for (int i = 0; i < channels_.per_class; ++i) {
    const int offset = (next + i) % channels_.per_class;
    const int vc = channels_.first(head.message_class) + offset;
    if (!(allowed >> vc & 1) || !out->can_send(vc)) continue;
    next = (offset + 1) % channels_.per_class;
    return vc;
  }
  return -1;
}

void NetworkInterface::tick() {
  for (size_t i = 0, at = next_; i < producers_.size(); ++i, at = after(at)) {
    Producer& producer = producers_[at];
    if (!producer.queue->can_pop()) continue;
    Flit& flit = producer.queue->front();
    int& vc = producer.vc;
    if (flit.head) {
      vc = choose_vc(flit);
      if (vc < 0) continue;
      free_ &= ~(1u << vc);
    } else if (!out->can_send(vc)) {
      continue;
    }
    if (flit.tail) free_ |= 1u << vc;
    if (flit.head && flit.type == MessageType::kOutputs && node_of_output_) flit.destination = node_of_output_(flit);
    if (flit.born == 0) flit.born = now();
    out->send_front(*producer.queue, vc);
    next_ = after(at);
    wake_at(now() + 1);
    return;
  }
}

std::string NetworkInterface::waits_for() const {
  for (const Producer& producer : producers_)
    if (!producer.queue->empty()) return "a free virtual channel or credits of the router, with flits to send";
  return "";
}

}  // namespace spikeloom
