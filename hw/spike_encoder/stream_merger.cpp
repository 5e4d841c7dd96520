#include "hw/spike_encoder/stream_merger.h"

namespace spikeloom {

uint64_t StreamMerger::windows(uint64_t sequence) const {
  const Pass& at = context_.program->passes[pass(sequence)];
  uint64_t count = 0;
  for (size_t part = 0; part < at.destinations.size(); ++part)
    if (context_.program->share(at).serves(source_, static_cast<int>(part)))
      count += context_.program->part(at, static_cast<int>(part)).window_count();
  return count;
}

void StreamMerger::window_done(uint64_t sequence) {
  while (passed_.size() <= sequence - oldest_) passed_.push_back(0);
  ++passed_[sequence - oldest_];
  while (passed_.front() > 0 && passed_.front() == windows(oldest_)) {
    passed_.pop_front();
    ++oldest_;
    if (passed_.empty()) passed_.push_back(0);
  }
}

void StreamMerger::tick() {
  if (!out->can_push()) return;
  const int ports = static_cast<int>(in.size());
  for (int i = 0; i < ports; ++i) {
    const int port = (next_ + i) % ports;
    if ((owner_ != -1 && owner_ != port) || !in[port]->can_pop()) continue;
    const Flit& flit = in[port]->front();
    if (flit.head) {
      const uint64_t batch = sequence(WindowTag::unpack(flit.tag));
      if (batch > oldest_ + 1 || pass(batch) != pass(oldest_)) continue;
      current_ = batch;
    }
    owner_ = flit.tail ? -1 : port;
    if (flit.tail && flit.last_packet) window_done(current_);
    if (flit.tail) next_ = (port + 1) % ports;
    out->push(flit);
    in[port]->pop();
    wake_at(now() + 1);
    return;
  }
}

std::string StreamMerger::waits_for() const {
  for (const auto& port : in)
    if (!port->empty()) return "space for spikes, or the windows of an earlier batch";
  return "";
}

}  // namespace spikeloom
