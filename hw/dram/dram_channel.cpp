#include "hw/dram/dram_channel.h"

#include <cassert>
#include <tuple>

namespace spikeloom {

DramChannel::DramChannel(const DramSpec& spec, const DramCounters& counters, Cycle window_cycles, DramStats* stats)
    : spec_(spec),
      clocks_(spec.device.clock_mhz, spec.clock_mhz),
      counters_(counters),
      window_cycles_(window_cycles),
      stats_(stats),
      device_(spec.device),
      mapping_(make_mapping(spec.mapping, spec.device)),
      page_policy_(make_page_policy(spec.page_policy)),
      scheduler_(make_scheduler(spec.scheduler, spec.queue_depth)),
      refresh_due_(DramClock(spec.device.timing.tREFI)),
      refresh_cycle_(clocks_.cycle_of(refresh_due_)) {
  queue_.set_capacity(size_t(spec.queue_depth));
}

bool DramChannel::follows_stream(const Burst& burst) const {
  if (!is_stream_ || burst.write) return false;
  return queue_.empty() || (queue_.back().at.bank == burst.at.bank && queue_.back().at.row == burst.at.row);
}

void DramChannel::add(uint64_t burst, uint64_t id, bool write, uint16_t phase) {
  assert(has_room());
  const DramAddress at = mapping_->place(burst);
  const Burst next{at, id, ++last_number_, 0, phase, write, false, false, 0};
  is_stream_ = follows_stream(next);
  if (is_stream_) {
    changed_ = changed_ || queue_.empty();
    queue_.push_back(next);
    return;
  }
  uint64_t behind = 0;
  bool follows = false;  // an older burst that waits for nothing else goes before this one
  for (const Burst& older : queue_) {
    if (older.at.bank != at.bank || older.at.row != at.row) continue;
    if (older.at.column == at.column && (older.write || write)) behind = older.number;
    follows = follows || (older.write == write && older.behind == 0);
  }
  queue_.push_back(next);
  queue_.back().behind = behind;
  changed_ = changed_ || !follows;
}

void DramChannel::run(Cycle now, RegisteredFifo<DramResponse>& responses) {
  while (true) {
    if (changed_ || output_full_) {
      output_full_ = !queue_.empty() && !responses.can_push();
      const DramClock from = clocks_.clock_from(now);
      next_ = is_stream_ ? next_of_stream(from, !output_full_) : choose(from, !output_full_);
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

// What choose() would, faster.
DramChannel::Command DramChannel::next_of_stream(DramClock from, bool output_free) const {
  if (queue_.empty()) return {};
  const DramAddress& at = queue_[0].at;
  if (device_.open_row(at.bank) < 0) return {Kind::kActivate, 0, std::max(from, device_.activate_at(at.bank))};
  if (device_.open_row(at.bank) != at.row) return {Kind::kPrecharge, 0, std::max(from, device_.precharge_at(at.bank))};
  if (!output_free) return {};
  return {Kind::kColumn, 0, std::max(from, device_.column_at(at.bank, false))};
}

// The first command that the queue's bursts may have in clock `from` or later. A bank's oldest burst alone may change
// its row, and only when no burst that may go wants the open one.
DramChannel::Command DramChannel::choose(DramClock from, bool output_free) const {
  Command best;
  if (queue_.empty()) return best;
  const int waiting = int(queue_.size()), may_go = scheduler_->may_go(waiting, queue_[0].passed);
  uint32_t seen = 0, hit = 0, other_row = 0;     // by bank
  uint32_t considered[2] = {0, 0};               // banks with a read, a write that may go
  std::array<uint16_t, 8 * sizeof seen> oldest;  // [bank]: of other_row, its oldest burst
  for (int i = 0; i < waiting; ++i) {
    const Burst& burst = queue_[i];
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
      issue_column(command, now, responses);
      break;
    case Kind::kNone:
      assert(false);
  }
}

void DramChannel::issue_column(const Command& command, Cycle now, RegisteredFifo<DramResponse>& responses) {
  const Burst burst = queue_[command.index];
  queue_.erase(queue_.begin() + command.index);
  for (int i = 0; i < command.index; ++i) ++queue_[i].passed;
  int waiting = int(queue_.size());  // for the same row
  if (!is_stream_) {
    int reads = 0;
    waiting = 0;
    for (Burst& other : queue_) {
      if (other.behind == burst.number) other.behind = 0;
      const bool same_row = other.at.bank == burst.at.bank && other.at.row == burst.at.row;
      waiting += same_row;
      reads += same_row && !other.write;
    }
    is_stream_ = size_t(reads) == queue_.size();
  }
  const DramClock end = device_.column(burst.at.bank, burst.write, page_policy_->closes(waiting), command.at);
  const Cycle begins = clocks_.cycle_of(end - DramClock(spec_.device.timing.burst)), ends = clocks_.cycle_by(end);
  if (!busy_.empty() && begins <= busy_.back().end)
    busy_.back().end = ends;
  else
    busy_.push_back({begins, ends});
  responses.push({burst.id, burst.phase, burst.write}, ends - now - 1);
  const uint64_t bits = 8 * uint64_t(spec_.device.burst_bytes());
  (burst.write ? counters_.write : counters_.read).add(now, bits, burst.phase);
  ++(burst.write ? stats_->write_bursts : stats_->read_bursts);
  ++(burst.precharged ? stats_->row_conflicts : burst.activated ? stats_->row_misses : stats_->row_hits);
}

void DramChannel::refresh() {
  charge_active(refresh_due_);
  device_.refresh(refresh_due_);
  counters_.refresh.add(clocks_.cycle_of(refresh_due_), 1);
  ++stats_->refreshes;
  refresh_due_ += DramClock(spec_.device.timing.tREFI);
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
