#include "hw/clock/clock.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "hw/clock/block.h"

namespace spikeloom {

Clock::Clock(const sc_core::sc_module_name& name, double mhz) : sc_module(name), period_(1e6 / mhz, sc_core::SC_PS) {
  SC_METHOD(run);
}

void Clock::wake(Block* block, Cycle cycle) {
  assert(cycle > now_);
  if (cycle - now_ >= kWheel) {
    far_[cycle].push_back(block);
    return;
  }
  const uint64_t bit = uint64_t{1} << (cycle % kWheel);
  if (block->pending_ & bit) return;
  block->pending_ |= bit;
  occupied_ |= bit;
  wheel_[cycle % kWheel].push_back(block);
}

Cycle Clock::next_cycle() const {
  if (!occupied_) return far_.begin()->first;
  const int at = (now_ + 1) % kWheel;
  const uint64_t rotated = at ? (occupied_ >> at | occupied_ << (kWheel - at)) : occupied_;
  const Cycle near = now_ + 1 + __builtin_ctzll(rotated);
  return far_.empty() ? near : std::min(near, far_.begin()->first);
}

void Clock::schedule_next() {
  if (!occupied_ && far_.empty()) return;  // nobody is due: the simulation ends
  const Cycle next = next_cycle();
  if (next >= sample_from_) sample_from_ = sampler_(next);
  next_trigger(period_ * static_cast<double>(next - now_));
  now_ = next;
}

// Runs twice in each cycle in which a block is due: first to run the blocks, then, one delta later, when they have
// said when they want to run again, to move on to the next such cycle.
void Clock::run() {
  if (!cycle_begins_) {
    cycle_begins_ = true;
    schedule_next();
    return;
  }
  cycle_begins_ = false;
  ++active_cycles_;
  if (before_next_) std::exchange(before_next_, nullptr)();
  while (!far_.empty() && far_.begin()->first == now_) {
    const std::vector<Block*> blocks = std::move(far_.begin()->second);
    far_.erase(far_.begin());
    for (Block* block : blocks) block->wake_.notify();
  }
  const uint64_t bit = uint64_t{1} << (now_ % kWheel);
  std::vector<Block*>& due = wheel_[now_ % kWheel];
  for (Block* block : due) {
    block->pending_ &= ~bit;
    block->wake_.notify();
  }
  due.clear();
  occupied_ &= ~bit;
  if (observer_ && active_cycles_ % kObserverPeriod == 0) observer_();
  next_trigger(sc_core::SC_ZERO_TIME);
}

}  // namespace spikeloom
