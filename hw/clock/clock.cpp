#include "hw/clock/clock.h"

#include <algorithm>
#include <utility>

#include "hw/clock/block.h"

namespace spikeloom {

Clock::Clock(const sc_core::sc_module_name& name, double mhz) : sc_module(name), period_(1e6 / mhz, sc_core::SC_PS) {
  SC_METHOD(run);
}

uint32_t Clock::add(Clocked* block) {
  blocks_.push_back(block);
  running_.push_back(nullptr);
  for (IndexSet& due : wheel_) due.grow(blocks_.size());
  return uint32_t(blocks_.size() - 1);
}

Cycle Clock::next_cycle() const {
  if (!occupied_) return far_.begin()->first;
  const int at = int((now_ + 1) % kWheel);
  const uint64_t rotated = at ? (occupied_ >> at | occupied_ << (int(kWheel) - at)) : occupied_;
  const Cycle near = now_ + 1 + __builtin_ctzll(rotated);
  return far_.empty() ? near : std::min(near, far_.begin()->first);
}

void Clock::advance() {
  const Cycle next = next_cycle();
  if (next >= sample_from_) sample_from_ = sampler_(next);
  now_ = next;
}

// Of many blocks, memory comes while a block runs that the next ones are about to need.
void Clock::run_blocks(IndexSet* due) {
  if (blocks_.size() < kLargeChip) return due->drain([this](uint32_t block) { blocks_[block]->tick(); });
  size_t count = 0;
  due->drain([&](uint32_t block) { running_[count++] = blocks_[block]; });
  if (count < kManyBlocks) {
    for (size_t i = 0; i < count; ++i) running_[i]->tick();
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    if (const size_t far = i + Clocked::kFetchSteps + 1; far < count) running_[far]->fetch_begin();
    for (int step = 0; step < Clocked::kFetchSteps; ++step)
      if (const size_t next = i + size_t(Clocked::kFetchSteps - step); next < count) running_[next]->fetch(step);
    running_[i]->tick();
  }
}

// Once at the begin of each quantum in which a block is due, and once before the first cycle. When nobody is due,
// the simulation ends.
void Clock::run() {
  do {
    if (now_ > 0) run_cycle();
    if (!goes_on()) return;
    advance();
  } while (now_ - quantum_begin_ < quantum_);
  next_trigger(period_ * static_cast<double>(now_ - quantum_begin_));
  quantum_begin_ = now_;
}

void Clock::run_cycle() {
  ++active_cycles_;
  if (before_next_) std::exchange(before_next_, nullptr)();
  IndexSet& due = wheel_[now_ % kWheel];
  if (!far_.empty() && far_.begin()->first == now_) {
    for (const uint32_t block : far_.begin()->second) due.insert(block);
    far_.erase(far_.begin());
  }
  occupied_ &= ~(uint64_t{1} << (now_ % kWheel));
  if (observer_ && active_cycles_ % kObserverPeriod == 0) observer_();
  run_blocks(&due);
}

}  // namespace spikeloom
