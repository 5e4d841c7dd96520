#include "hw/dram/dram_channel.h"

#include <algorithm>
#include <cassert>

namespace spikeloom {

DramChannel::DramChannel(const DramSpec& spec, const DramCounters& counters, Cycle window_cycles, DramStats* stats)
    : queue_(spec.queue_depth, spec.device.banks),
      wants_(size_t(spec.device.banks)),
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
  changed_ |= note(queue_.add(mapping_->place(burst), id, write, phase));
}

void DramChannel::run(Cycle now, RegisteredFifo<DramResponse>& responses) {
  while (true) {
    if (changed_ || output_full_) {
      output_full_ = !queue_.empty() && !responses.can_push();
      const DramClock from = clocks_.clock_from(now);
      next_ = choose(from, !output_full_);
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

// The first command that the queue's bursts may have in clock `from` or later. A bank's oldest burst alone may change
// its row, and only when no burst that may go wants the open one.
DramChannel::Command DramChannel::choose(DramClock from, bool output_free) const {
  Command best;
  if (queue_.empty()) return best;
  const DramBurst* const only =
      scheduler_->oldest_only(queue_.passed()) ? &queue_.by_age().front() : nullptr;  // that may have a column command
  const auto may_go = [only](const DramBurst* burst) { return burst && (!only || burst == only); };
  const auto consider = [from, &best](Kind kind, DramBurst* burst, DramClock allowed) {
    const DramClock at = std::max(from, allowed);
    if (at > best.at) return;
    const bool column = kind == Kind::kColumn, best_is_column = best.kind == Kind::kColumn;
    if (at < best.at || column > best_is_column || (column == best_is_column && burst->number < best.burst->number))
      best = {kind, burst, at};
  };
  for (uint32_t left = wanted_banks_; left; left &= left - 1) {
    const int bank = __builtin_ctz(left);
    const Wants& wants = wants_[bank];
    if (output_free && may_go(wants.read)) consider(Kind::kColumn, wants.read, device_.column_at(bank, false));
    if (output_free && may_go(wants.write)) consider(Kind::kColumn, wants.write, device_.column_at(bank, true));
    if (!wants.other_row) continue;
    if (device_.open_row(bank) < 0)
      consider(Kind::kActivate, wants.other_row, device_.activate_at(bank));
    else if (!may_go(wants.open_row))
      consider(Kind::kPrecharge, wants.other_row, device_.precharge_at(bank));
  }
  return best;
}

// Adds what a burst wants to its bank's wants, which hold those of all older ones. False: that changes nothing.
bool DramChannel::note(DramBurst& burst) {
  const int bank = burst.at.bank;
  Wants& wants = wants_[bank];
  wanted_banks_ |= uint32_t{1} << bank;
  if (device_.open_row(bank) == burst.at.row) {
    DramBurst*& oldest = burst.write ? wants.write : wants.read;
    const bool is_first = !wants.open_row, may_be_next = !burst.behind && !oldest;
    if (is_first) wants.open_row = &burst;
    if (may_be_next) oldest = &burst;
    return is_first || may_be_next;
  }
  if (wants.open_row || wants.other_row) return false;
  wants.other_row = &burst;
  return true;
}

void DramChannel::note_bank(int bank) {
  Wants& wants = wants_[bank];
  wants = Wants();
  wanted_banks_ &= ~(uint32_t{1} << bank);
  for (DramBurst& burst : queue_.of_bank(bank)) {
    note(burst);
    if (device_.open_row(bank) < 0 || (wants.read && (wants.write || !queue_.has_writes()))) return;  // that is all
  }
}

void DramChannel::issue(const Command& command, Cycle now, RegisteredFifo<DramResponse>& responses) {
  DramBurst& burst = *command.burst;
  const int bank = burst.at.bank;
  switch (command.kind) {
    case Kind::kActivate:
      device_.activate(bank, burst.at.row, command.at);
      burst.activated = true;
      ++stats_->activates;
      counters_.activate.add(now, 1, burst.phase);
      break;
    case Kind::kPrecharge:
      device_.precharge(bank, command.at);
      burst.precharged = true;
      break;
    case Kind::kColumn:
      issue_column(command, now, responses);
      break;
    case Kind::kNone:
      assert(false);
  }
  note_bank(bank);
}

void DramChannel::issue_column(const Command& command, Cycle now, RegisteredFifo<DramResponse>& responses) {
  DramBurst& burst = *command.burst;
  const bool close = page_policy_->closes(others_want_row_of(burst));
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
  queue_.remove(burst);
}

bool DramChannel::others_want_row_of(const DramBurst& burst) {
  for (const DramBurst& other : queue_.of_bank(burst.at.bank))
    if (&other != &burst && other.at.row == burst.at.row) return true;
  return false;
}

void DramChannel::refresh() {
  charge_active(refresh_due_);
  device_.refresh(refresh_due_);
  for (uint32_t left = wanted_banks_; left; left &= left - 1) note_bank(__builtin_ctz(left));
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
