#include "hw/noc/network_interface.h"

namespace spikeloom {

void NetworkInterface::end_of_elaboration() { out->set_producer(this); }

void NetworkInterface::tick() {
  const int producers = static_cast<int>(in.size());
  for (int i = 0; i < producers; ++i) {
    const int producer = (next_ + i) % producers;
    if (!in[producer]->can_pop()) continue;
    const Flit& flit = in[producer]->front();
    int& owner = owner_[flit.vc];
    if ((owner != -1 && owner != producer) || !out->can_send(flit.vc)) continue;
    owner = flit.tail ? -1 : producer;
    out->send(flit);
    in[producer]->pop();
    next_ = (producer + 1) % producers;
    wake_at(now() + 1);
    return;
  }
}

std::string NetworkInterface::waits_for() const {
  for (const auto& queue : in)
    if (!queue->empty()) return "flits wait for credits of the router";
  return "";
}

}  // namespace spikeloom
