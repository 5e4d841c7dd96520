// Where a block's cycles went. Busy, stalled (by cause) and idle add up to all cycles by construction.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>

#include "sim/base/energy_ledger.h"

namespace spikeloom {

enum class ActivityState {
  kIdle,             // nothing to do
  kBusy,             // work done in this cycle
  kStalledInput,     // work is under way, its next input has not arrived
  kStalledWeights,   // the weights of the next window have not arrived
  kStalledMembrane,  // every membrane set is still in use
  kStalledOutput,    // the output is full
  kCount
};

// Cycles by state.
using ActivityCycles = std::array<Cycle, static_cast<size_t>(ActivityState::kCount)>;

constexpr std::array<const char*, static_cast<size_t>(ActivityState::kCount)> kActivityNames = {
    "idle", "busy", "stalled_input", "stalled_weights", "stalled_membrane", "stalled_output"};

// Is told of every change of state as it is made known.
class ActivityListener {
 public:
  virtual ~ActivityListener() = default;
  // As Activity::enter; a call for the same cycle takes the place of the one before.
  virtual void state_changes(ActivityState state, Cycle from) = 0;
};

class Activity {
 public:
  // The block is in `state` from cycle `from` on; calls come in the order of cycles.
  void enter(ActivityState state, Cycle from) {
    if (state == state_) return;
    count_until(from);
    if (listener_) listener_->state_changes(state, from);
    state_ = state;
  }
  void close(Cycle end) { count_until(end > since_ ? end : since_); }
  Cycle cycles(ActivityState state) const { return cycles_[static_cast<size_t>(state)]; }
  // Of the cycles before `end`, which must not lie before the latest change of state.
  ActivityCycles cycles_before(Cycle end) const {
    assert(end >= since_);
    ActivityCycles cycles = cycles_;
    cycles[static_cast<size_t>(state_)] += end - since_;
    return cycles;
  }
  // The first cycle in which the block was busy; all ones if it never was. Known when the block is no longer busy.
  Cycle first_busy() const { return first_busy_; }
  ActivityState state() const { return state_; }
  // Null: nobody listens.
  void set_listener(ActivityListener* listener) { listener_ = listener; }

 private:
  void count_until(Cycle end) {
    cycles_[static_cast<size_t>(state_)] += end - since_;
    if (state_ == ActivityState::kBusy && end > since_ && since_ < first_busy_) first_busy_ = since_;
    since_ = end;
  }

  ActivityState state_ = ActivityState::kIdle;
  Cycle since_ = 0, first_busy_ = ~Cycle{0};
  ActivityListener* listener_ = nullptr;
  ActivityCycles cycles_{};
};

}  // namespace spikeloom
