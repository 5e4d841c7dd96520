// Where a block's cycles went. Busy, stalled (by cause) and idle add up to all cycles by construction.
#pragma once

#include <array>
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

constexpr std::array<const char*, static_cast<size_t>(ActivityState::kCount)> kActivityNames = {
    "idle", "busy", "stalled_input", "stalled_weights", "stalled_membrane", "stalled_output"};

class Activity {
 public:
  // The block is in `state` from cycle `from` on; calls come in the order of cycles.
  void enter(ActivityState state, Cycle from) {
    cycles_[static_cast<size_t>(state_)] += from - since_;
    state_ = state;
    since_ = from;
  }
  void close(Cycle end) { enter(state_, end > since_ ? end : since_); }
  Cycle cycles(ActivityState state) const { return cycles_[static_cast<size_t>(state)]; }
  ActivityState state() const { return state_; }

 private:
  ActivityState state_ = ActivityState::kIdle;
  Cycle since_ = 0;
  std::array<Cycle, static_cast<size_t>(ActivityState::kCount)> cycles_{};
};

}  // namespace spikeloom
