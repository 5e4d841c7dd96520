#include "hw/dram/dram_channel.h"

#include <cassert>
#include <tuple>

namespace spikeloom {

DramChannel::DramChannel(const DramSpec& spec, const DramCounters& counters, Cycle window_cycles, DramStats* stats)
    : queue_(size_t(spec.queue_depth)),
      refresh_due_(DramClock(spec.device.timing.tREFI)),
      clocks_(spec.device.clock_mhz, spec.clock_mhz),
      burst_clocks_(DramClock(spec.device.timing.burst)),
      burst_bits_(8 * uint64_t(spec.device.burst_bytes())),
      counters_(counters),
      stats_(stats),
      mapping_(make_mapping(spec.mapping, spec.device)),
      page_policy_(make_page_policy(spec.page_policy)),
      device_(spec.device),
      scheduler_(make_scheduler(spec.scheduler, spec.queue_depth)),
      window_cycles_(window_cycles),
      refresh_interval_(refresh_due_) {
  refresh_cycle_ = clocks_.cycle_of(refresh_due_);
}

void DramChannel::add(uint64_t burst, uint64_t id, bool write, uint16_t phase) {
  assert(has_room());
  queue_.push_back({mapping_->place(burst), id, ++last_number_, 0, phase, write});
  Burst& next = queue_.back();
  writes_ += write;
  if (writes_ > 0) next.behind = older_of_address(next);
  next.repeats = queue_.size() > 1 && repeats(next, queue_[queue_.size() - 2]);
  heads_ += !next.repeats;
  changed_ = changed_ || !next.repeats;
}

// The number of the youngest older burst that the newest one must not pass; 0: none.
uint64_t DramChannel::older_of_address(const Burst& burst) const {
  uint64_t behind = 0;
  for (const Burst& older : queue_)
    if (&older != &burst && older.at == burst.at && (older.write || burst.write)) behind = older.number;
  return behind;
}

void DramChannel::run(Cycle now, RegisteredFifo<DramResponse>& responses) {
  while (true) {
    if (changed_ || output_full_) {
      output_full_ = !queue_.empty() && !responses.can_push();
      const DramClock from = clocks_.clock_from(now);
      next_ = is_stream() ? next_of_stream(from, !output_full_) : choose(from, !output_full_);
      next_cycle_ = next_.at == kNever ? Clock::kNever : clocks_.cycle_of(next_.at);
      changed_ = false;
    }
    if (next_cycle_ > now && refresh_cycle_ > now) return;
    changed_ = true;
    if (refresh_due_ <= next_.at)
      refresh();
    else
      issue(next_, now, responses);
  }
}

DramChannel::Command DramChannel::next_of_stream(DramClock from, bool output_free) const {
  if (queue_.empty()) return {};
  const Burst& oldest = queue_[0];
  const DramAddress& at = oldest.at;
  if (device_.open_row(at.bank) < 0) return {Kind::kActivate, 0, std::max(from, device_.activate_at(at.bank))};
  if (device_.open_row(at.bank) != at.row) return {Kind::kPrecharge, 0, std::max(from, device_.precharge_at(at.bank))};
  if (!output_free) return {};
  return {Kind::kColumn, 0, std::max(from, device_.column_at(at.bank, oldest.write))};
}

// The first command that the queue's bursts may have in clock `from` or later. A bank's oldest burst alone may change
// its row, and only when no burst that may go wants the open one.
DramChannel::Command DramChannel::choose(DramClock from, bool output_free) const {
  Command best;
  if (queue_.empty()) return best;
  const int may_go = scheduler_->may_go(int(queue_.size()), queue_[0].passed);
  uint32_t seen = 0, hit = 0, other_row = 0;     // by bank
  uint32_t considered[2] = {0, 0};               // banks with a read, a write that may go
  std::array<uint16_t, 8 * sizeof seen> oldest;  // [bank]: of other_row, its oldest burst
  int i = -1;
  for (const Burst& burst : queue_) {
    ++i;
    if (burst.repeats) continue;
    const uint32_t bit = uint32_t{1} << burst.at.bank;
    if (device_.open_row(burst.at.bank) == burst.at.row) {
      seen |= bit;
      if (i >= may_go) continue;
      hit |= bit;
      if (!output_free || burst.behind != 0 || considered[burst.write] & bit) continue;
      considered[burst.write] |= bit;
      consider(Kind::kColumn, i, std::max(from, device_.column_at(burst.at.bank, burst.write)), &best);
    } else if (!(seen & bit)) {
      seen |= bit;
      other_row |= bit;
      oldest[burst.at.bank] = uint16_t(i);
    }
  }
  for (uint32_t left = other_row; left; left &= left - 1) {
    const int bank = __builtin_ctz(left);
    if (device_.open_row(bank) < 0)
      consider(Kind::kActivate, oldest[bank], std::max(from, device_.activate_at(bank)), &best);
    else if (!(hit & uint32_t{1} << bank))
      consider(Kind::kPrecharge, oldest[bank], std::max(from, device_.precharge_at(bank)), &best);
  }
  return best;
}

void DramChannel::consider(Kind kind, int index, DramClock at, Command* best) const {
  const auto order = [](const Command& command) {
    return std::make_tuple(command.at, command.kind != Kind::kColumn, command.index);
  };
  const Command next{kind, index, at};
  if (order(next) < order(*best)) *best = next;
}

void DramChannel::issue(const Command& command, Cycle now, RegisteredFifo<DramResponse>& responses) {
  Burst& burst = queue_[command.index];
  switch (command.kind) {
    case Kind::kActivate:
      device_.activate(burst.at.bank, burst.at.row, command.at);
      burst.activated = true;
      ++stats_->activates;
      counters_.activate.add(now, 1, burst.phase);
      break;
    case Kind::kPrecharge:
      device_.precharge(burst.at.bank, command.at);
      burst.precharged = true;
      break;
    case Kind::kColumn:
      issue_column(burst, command, now, responses);
      break;
    case Kind::kNone:
      assert(false);
  }
}

void DramChannel::issue_column(const Burst& burst, const Command& command, Cycle now,
                               RegisteredFifo<DramResponse>& responses) {
  const bool close = page_policy_->closes(others_want_row_of(command.index));
  const DramClock end = device_.column(burst.at.bank, burst.write, close, command.at);
  const Cycle begins = clocks_.cycle_of(end - burst_clocks_), ends = clocks_.cycle_by(end);
  if (!busy_.empty() && begins <= busy_.back().end)
    busy_.back().end = ends;
  else
    busy_.push_back({begins, ends});
  responses.push({burst.id, burst.phase, burst.write}, ends - now - 1);
  (burst.write ? counters_.write : counters_.read).add(now, burst_bits_, burst.phase);
  ++(burst.write ? stats_->write_bursts : stats_->read_bursts);
  ++(burst.precharged ? stats_->row_conflicts : burst.activated ? stats_->row_misses : stats_->row_hits);
  remove(command.index);
}

bool DramChannel::others_want_row_of(int index) const {
  if (is_stream()) return queue_.size() > 1;
  for (int i = 0; i < int(queue_.size()); ++i)
    if (i != index && same_row(queue_[i], queue_[index])) return true;
  return false;
}

void DramChannel::remove(int index) {
  const Burst& burst = queue_[index];
  if (writes_ > 0)
    for (Burst& other : queue_)
      if (other.behind == burst.number) other.behind = 0;
  writes_ -= burst.write;
  heads_ -= !burst.repeats;
  queue_.rerase(queue_.begin() + index);
  for (int i = 0; i < index; ++i) ++queue_[i].passed;
  if (index == int(queue_.size())) return;
  Burst& next = queue_[index];  // has another one before it now
  heads_ -= !next.repeats;
  next.repeats = index > 0 && repeats(next, queue_[index - 1]);
  heads_ += !next.repeats;
}

void DramChannel::refresh() {
  charge_active(refresh_due_);
  device_.refresh(refresh_due_);
  counters_.refresh.add(clocks_.cycle_of(refresh_due_), 1);
  ++stats_->refreshes;
  refresh_due_ += refresh_interval_;
  refresh_cycle_ = clocks_.cycle_of(refresh_due_);
}

// Split by the ledger's windows.
void DramChannel::charge_active(DramClock until) {
  device_.report_active(until, [this](DramClock begin, DramClock end) {
    while (begin < end) {
      const Cycle cycle = clocks_.cycle_of(begin);
      const DramClock stop = std::min(end, clocks_.clock_from((cycle / window_cycles_ + 1) * window_cycles_));
      counters_.active_clock.add(cycle, stop - begin);
      begin = stop;
    }
  });
}

void DramChannel::finish(Cycle end) {
  const DramClock until = clocks_.clock_from(end);
  while (refresh_due_ < until) refresh();
  charge_active(until);
}

bool DramChannel::moves_data(Cycle now) {
  while (!busy_.empty() && busy_.front().end <= now) busy_.pop_front();
  return !busy_.empty() && busy_.front().begin <= now;
}

Cycle DramChannel::next_event(Cycle now) const {
  Cycle next = next_cycle_;
  if (!busy_.empty()) next = std::min(next, busy_.front().begin > now ? busy_.front().begin : busy_.front().end);
  return next;
}

}  // namespace spikeloom
