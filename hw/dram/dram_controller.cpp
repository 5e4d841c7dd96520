#include "hw/dram/dram_controller.h"

namespace spikeloom {

DramController::DramController(const sc_core::sc_module_name& name, Clock& clock, const DramSpec& spec,
                               EnergyLedger& ledger)
    : Block(name, clock),
      requests_in("requests_in"),
      responses_out("responses_out", spec.channels),
      spec_(spec),
      burst_bytes_(spec.device.burst_bytes()),
      interleave_bursts_(spec.interleave_bytes / spec.device.burst_bytes()),
      channel_count_(spec.channels) {
  const auto counter = [&](EnergyEvent event) -> EnergyCounter& { return ledger.counter(this->name(), event); };
  const DramCounters counters{counter(EnergyEvent::kDramActivate), counter(EnergyEvent::kDramReadBit),
                              counter(EnergyEvent::kDramWriteBit), counter(EnergyEvent::kDramRefresh),
                              counter(EnergyEvent::kDramActiveClock)};
  for (int i = 0; i < spec.channels; ++i)
    channels_.push_back(std::make_unique<DramChannel>(spec, counters, ledger.window_cycles(), &stats_));
}

void DramController::end_of_elaboration() {
  requests_ = requests_in.operator->();
  for (size_t i = 0; i < channels_.size(); ++i) responses_.push_back(responses_out[i].operator->());
}

void DramController::tick() {
  bool taken;
  do {
    taken = take_bursts();
    for (size_t i = 0; i < channels_.size(); ++i)
      if (channels_[i]->is_due(now())) channels_[i]->run(now(), *responses_[i]);
  } while (taken && requests_->can_pop());  // commands may have made room for more
  settle();
}

// Moves bursts of the requests into the queues, in order, until a queue is full. False: none could be moved.
bool DramController::take_bursts() {
  bool any = false;
  while (requests_->can_pop()) {
    const DramRequest& request = requests_->front();
    if (left_ == 0) {
      const uint64_t first = request.address / burst_bytes_;
      taken_ = 0;
      left_ = (request.address + request.bytes - 1) / burst_bytes_ - first + 1;
      place_ = place_of(first);
    }
    for (; left_ > 0; --left_, ++taken_, step(&place_)) {
      DramChannel& channel = *channels_[place_.channel];
      if (!channel.has_room()) return any;
      channel.add(place_.stripes * interleave_bursts_ + place_.within, request.id + taken_, request.write,
                  request.phase);
      any = true;
    }
    requests_->pop();
  }
  return any;
}

DramController::Place DramController::place_of(uint64_t burst) const {
  const uint64_t stripe = burst / interleave_bursts_;
  return {stripe / channel_count_, stripe % channel_count_, burst % interleave_bursts_};
}

// On to the next burst.
void DramController::step(Place* place) const {
  if (++place->within < interleave_bursts_) return;
  place->within = 0;
  if (++place->channel < channel_count_) return;
  place->channel = 0;
  ++place->stripes;
}

// The state of this cycle, and the next cycle in which something changes.
void DramController::settle() {
  bool busy = false, waits = requests_->can_pop(), full = false;
  Cycle next = Clock::kNever;
  for (auto& channel : channels_) {
    busy = channel->moves_data(now()) || busy;
    waits = waits || !channel->is_idle();
    full = full || channel->output_full();
    next = std::min(next, channel->next_event(now()));
  }
  activity_.enter(busy    ? ActivityState::kBusy
                  : full  ? ActivityState::kStalledOutput
                  : waits ? ActivityState::kStalledInput
                          : ActivityState::kIdle,
                  now());
  if (next != Clock::kNever) wake_at(next);
}

void DramController::finish(Cycle end) {
  for (auto& channel : channels_) channel->finish(end);
}

std::string DramController::waits_for() const {
  for (const auto& channel : channels_)
    if (channel->output_full()) return "its read data to be taken";
  return "";
}

}  // namespace spikeloom
