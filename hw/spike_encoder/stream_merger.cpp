#include "hw/spike_encoder/stream_merger.h"

#include <algorithm>

namespace spikeloom {

size_t StreamMerger::pass(uint64_t sequence) const {
  return std::upper_bound(first_batch_.begin(), first_batch_.end(), sequence) - first_batch_.begin() - 1;
}

// Of the source, in one batch.
uint64_t StreamMerger::windows(uint64_t sequence) const {
  const Program& program = *context_.program;
  const Pass& at = program.passes[pass(sequence)];
  const int batch = static_cast<int>(sequence - first_batch_[at.index]);
  uint64_t count = 0;
  for (int part = 0; part < static_cast<int>(at.destinations.size()); ++part)
    if (program.sends(at, part, source_, batch)) count += program.windows(at, part, batch);
  return count;
}

void StreamMerger::window_done(uint64_t sequence) {
  while (passed_.size() <= sequence - oldest_) passed_.push_back(0);
  ++passed_[sequence - oldest_];
  skip_finished();
}

// Batches of which the source has sent everything, or has nothing to send.
void StreamMerger::skip_finished() {
  while (oldest_ < first_batch_.back() && passed_.front() == windows(oldest_)) {
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
    out->take_from(*in[port].operator->());
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
