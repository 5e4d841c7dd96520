#include "hw/clock/clock.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "hw/clock/block.h"

namespace spikeloom {

Clock::Clock(const sc_core::sc_module_name& name, double mhz) : sc_module(name), period_(1e6 / mhz, sc_core::SC_PS) {
  SC_METHOD(run);
}

uint32_t Clock::add(Clocked* block) {
  blocks_.push_back(block);
  band_of_.push_back(0);
  for (IndexSet& due : wheel_) due.grow(blocks_.size());
  return uint32_t(blocks_.size() - 1);
}

void Clock::set_band(uint32_t block, uint32_t band) { band_of_[block] = band; }

// Numbers the blocks anew, band after band, so that a band has words of its own in every set.
void Clock::before_end_of_elaboration() {
  std::vector<uint32_t> order(blocks_.size()), numbers(blocks_.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) { return band_of_[a] < band_of_[b]; });
  std::vector<Clocked*> blocks;
  uint32_t band = ~uint32_t{0};
  for (const uint32_t old : order) {
    if (band_of_[old] != band) {
      blocks.resize(IndexSet::words(blocks.size()) * IndexSet::kWord, nullptr);
      bands_.push_back({IndexSet::words(blocks.size()), 0});
      band = band_of_[old];
    }
    numbers[old] = blocks_[old]->index_ = uint32_t(blocks.size());
    blocks.push_back(blocks_[old]);
    bands_.back().end = IndexSet::words(blocks.size());
  }
  for (IndexSet& due : wheel_) {
    std::vector<uint32_t> members;
    due.drain(0, IndexSet::words(order.size()), [&](uint32_t old) { members.push_back(numbers[old]); });
    due.grow(blocks.size());
    for (const uint32_t member : members) due.insert(member);
  }
  for (auto& [cycle, due] : far_)
    for (uint32_t& block : due) block = numbers[block];
  blocks_ = std::move(blocks);
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

// Those of a band's blocks that are due soon.
template <typename Fetch>
void Clock::fetch_band(size_t band, Cycle begin, Fetch fetch) {
  if (band >= bands_.size()) return;
  for (size_t word = bands_[band].first; word < bands_[band].end; ++word) {
    uint64_t due = 0;
    for (Cycle cycle = begin; cycle < begin + stride_; ++cycle) due |= wheel_[cycle % kWheel].word(word);
    for (; due; due &= due - 1) fetch(*blocks_[word * IndexSet::kWord + size_t(__builtin_ctzll(due))]);
  }
}

// What the bands behind `band` are about to need, which nobody has touched since the cycles before.
void Clock::fetch_ahead(size_t band, Cycle begin) {
  fetch_band(band + 3, begin, [](const Clocked& block) { block.fetch_begin(); });
  fetch_band(band + 2, begin, [](const Clocked& block) { block.fetch(0); });
  fetch_band(band + 1, begin, [](const Clocked& block) { block.fetch(1); });
}

// Bit c % 64: a block ran in cycle c.
uint64_t Clock::run_band(const Band& band, Cycle begin, Cycle end) {
  uint64_t active = 0;
  for (now_ = begin; now_ < end; ++now_)
    wheel_[now_ % kWheel].drain(band.first, band.end, [&](uint32_t block) {
      blocks_[block]->tick();
      ++ticks_;
      active |= uint64_t{1} << (now_ % kWheel);
    });
  return active;
}

// Once at the begin of each quantum in which a block is due, and once before the first cycle. When nobody is due,
// the simulation ends.
void Clock::run() {
  do {
    if (now_ > 0) runs_bands_ ? run_cycles() : run_cycle();
    if (!goes_on()) return;
    advance();
  } while (now_ - quantum_begin_ < quantum_);
  next_trigger(period_ * static_cast<double>(now_ - quantum_begin_));
  quantum_begin_ = now_;
}

void Clock::begin_cycle() {
  if (before_next_) std::exchange(before_next_, nullptr)();
  if (now_ < observe_from_) return;
  if (observer_) observer_();
  observe_from_ = now_ - now_ % kObserverPeriod + kObserverPeriod;
}

// Wakes that were far ahead come into the wheel.
void Clock::bring_near(Cycle end) {
  for (; !far_.empty() && far_.begin()->first < end; far_.erase(far_.begin()))
    for (const uint32_t block : far_.begin()->second) wheel_[far_.begin()->first % kWheel].insert(block);
}

void Clock::run_cycle() {
  begin_cycle();
  if (!far_.empty()) bring_near(now_ + 1);
  occupied_ &= ~(uint64_t{1} << (now_ % kWheel));
  ++active_cycles_;
  ticks_ = 0;
  wheel_[now_ % kWheel].drain(0, bands_.back().end, [this](uint32_t block) {
    blocks_[block]->tick();
    ++ticks_;
  });
  runs_bands_ = bands_.size() > 1 && ticks_ > bands_from_;
}

// Some cycles, band by band.
void Clock::run_cycles() {
  begin_cycle();
  const Cycle begin = now_, ahead = kAhead - kAhead % stride_;
  const Cycle end =
      std::min({begin + ahead, quantum_begin_ + quantum_, observe_from_, std::max(sample_from_, begin + 1)});
  bring_near(end);
  ticks_ = 0;
  const uint64_t active = run_bands(begin, end);
  runs_bands_ = ticks_ > bands_from_ * (end - begin);
  fetches_ahead_ = ticks_ > kManyTicks * (end - begin);
  cycles_in_bands_ += end - begin;
  now_ = begin;
  for (Cycle cycle = begin; cycle < end; ++cycle) {
    const uint64_t bit = uint64_t{1} << (cycle % kWheel);
    occupied_ &= ~bit;
    if (!(active & bit)) continue;
    ++active_cycles_;
    now_ = cycle;  // the last one in which a block ran
  }
}

// The cycles begin .. end - 1 in strides: a wave over the bands for each, one band behind the wave before it.
uint64_t Clock::run_bands(Cycle begin, Cycle end) {
  const size_t bands = bands_.size(), waves = size_t((end - begin + stride_ - 1) / stride_);
  uint64_t active = 0;
  for (size_t front = 0; front < bands + waves - 1; ++front)
    for (size_t wave = front < bands ? 0 : front - bands + 1; wave < waves && wave <= front; ++wave) {
      if (wave == 0 && fetches_ahead_) fetch_ahead(front, begin);
      const Cycle first = begin + wave * stride_;
      active |= run_band(bands_[front - wave], first, std::min(first + stride_, end));
    }
  return active;
}

}  // namespace spikeloom
