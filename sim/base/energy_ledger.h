// Counts of energy events per block, event, phase and window of cycles. Knows no price.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/energy_events.h"

namespace spikeloom {

using Cycle = uint64_t;

// An SRAM macro as its price needs it: capacity and word of one bank, in bytes.
struct SramMacro {
  uint64_t bytes = 0;
  uint64_t word_bytes = 0;
};

class EnergyLedger;

// Counts one event of one block. Cycles mostly grow from call to call; a step back, after a span that reached ahead,
// costs a record of its own but lands in its own window. What serves another phase than the one that runs (weights that
// are loaded ahead) names its phase.
class alignas(64) EnergyCounter {
 public:
  // `count` events in cycle `now`, for the phase that runs.
  void add(Cycle now, uint64_t count);
  // The same for a given phase.
  void add(Cycle now, uint64_t count, uint32_t phase) {
    Slot& slot = slots_[phase & 1];
    if (now - slot.window_begin >= window_cycles_ || slot.phase != phase) open_window(&slot, now, phase);  // unsigned
    slot.pending += count;
  }
  // `count` events in each of the cycles first .. first + cycles - 1, for the phase that runs.
  void add_span(Cycle first, Cycle cycles, uint64_t count);
  void add_span(Cycle first, Cycle cycles, uint64_t count, uint32_t phase);

  const std::string& block() const { return block_; }
  EnergyEvent event() const { return event_; }
  const SramMacro& macro() const { return macro_; }
  double scale() const { return scale_; }
  uint64_t total() const { return total_ + slots_[0].pending + slots_[1].pending; }

 private:
  friend class EnergyLedger;
  // An open window of the even or of the odd phases.
  struct Slot {
    Cycle window_begin = 0;
    uint32_t phase = 0;
    uint64_t pending = 0;
  };
  void open_window(Slot* slot, Cycle now, uint32_t phase);
  void close_window(Slot* slot);

  EnergyLedger* ledger_ = nullptr;  // with the next two all that counting touches: one cache line
  Cycle window_cycles_ = 1;
  std::array<Slot, 2> slots_;
  uint64_t total_ = 0;
  uint32_t id_ = 0;
  EnergyEvent event_ = EnergyEvent::kCount;
  std::string block_;
  SramMacro macro_;
  double scale_ = 1;
};

// Events that always happen together: counted once, `weight` times each. Cheaper where it is done most; lies where it
// counts, so that it costs no cache line of its own until a window ends.
class EnergyBundle {
 public:
  struct Part {
    EnergyCounter* counter;
    uint64_t weight;
  };
  // The ledger remembers it until it is closed or settled for the last time.
  EnergyBundle(EnergyLedger& ledger, std::vector<Part> parts);
  EnergyBundle(const EnergyBundle&) = delete;
  EnergyBundle& operator=(const EnergyBundle&) = delete;

  // Before anything is counted.
  void add_parts(const std::vector<Part>& parts);
  // `now` never steps back.
  void add(Cycle now, uint32_t phase) {
    if (now >= window_end_ || phase_ != phase) open_window(now, phase);
    if (++pending_ == ~uint32_t{0}) settle();
  }
  // Hands what has been counted to the counters.
  void settle();
  // How often it was counted so far.
  uint64_t count() const { return rest_->settled + pending_; }

 private:
  struct Rest {
    Cycle window_cycles;
    std::vector<Part> parts;
    uint64_t settled = 0;
  };
  void open_window(Cycle now, uint32_t phase);

  Cycle window_end_ = 0;
  uint32_t phase_ = 0;
  uint32_t pending_ = 0;
  std::unique_ptr<Rest> rest_;
};

// What one counter counted in one window of cycles and one phase (a phase: the operations that share one input).
struct EnergyRecord {
  Cycle window_begin;
  uint32_t counter;
  uint32_t phase;
  uint64_t count;
};

class EnergyLedger {
 public:
  // window_cycles >= 1: the resolution of power over time.
  explicit EnergyLedger(Cycle window_cycles) : window_cycles_(window_cycles) { assert(window_cycles > 0); }

  // The ledger owns the counter. `scale` multiplies the price (link length in mm); SRAM events name their macro.
  EnergyCounter& counter(const std::string& block, EnergyEvent event, double scale = 1);
  EnergyCounter& sram_counter(const std::string& block, EnergyEvent event, SramMacro macro);

  // Brings the counters' totals up to date; close() does so, too.
  void settle();

  // What is charged from now on without naming a phase belongs to this one.
  void begin_phase(uint32_t phase);
  // Called when a phase has begun.
  void set_phase_observer(std::function<void(uint32_t phase)> observer) { phase_observer_ = std::move(observer); }
  // Closes all open windows; call once when the simulation has ended.
  void close();

  Cycle window_cycles() const { return window_cycles_; }
  const std::vector<std::unique_ptr<EnergyCounter>>& counters() const { return counters_; }
  const std::vector<EnergyRecord>& records() const { return records_; }

 private:
  friend class EnergyCounter;
  friend class EnergyBundle;
  Cycle window_cycles_;
  uint32_t phase_ = 0;
  std::function<void(uint32_t)> phase_observer_;
  std::vector<std::unique_ptr<EnergyCounter>> counters_;
  std::vector<EnergyBundle*> bundles_;
  std::vector<EnergyRecord> records_;
};

inline void EnergyCounter::add_span(Cycle first, Cycle cycles, uint64_t count) {
  add_span(first, cycles, count, ledger_->phase_);
}
inline void EnergyCounter::add(Cycle now, uint64_t count) { add(now, count, ledger_->phase_); }

}  // namespace spikeloom
