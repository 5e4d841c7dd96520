// The chip's clock: wakes each block in exactly the cycles that it asked for, and sleeps when nobody asks.
//
// One SystemC process owns the time and runs the blocks. A cycle in which no block is due is never simulated: the
// clock's next timed notification jumps over it. Within a cycle, blocks may run in any order: they talk only through
// registered FIFOs. It is that in which they were built, so that neighbours in a chip are neighbours in memory.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <functional>
#include <map>
#include <systemc>
#include <vector>

#include "hw/clock/index_set.h"
#include "sim/base/energy_ledger.h"

namespace spikeloom {

class Clocked;

class Clock : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(Clock);
  Clock(const sc_core::sc_module_name& name, double mhz);

  Cycle now() const { return now_; }
  // Cycles that may pass in one activation by SystemC; 1: each has its own.
  void set_quantum(Cycle cycles) { quantum_ = cycles; }
  static constexpr Cycle kQuantum = 1024;  // for a simulation of which the clock is the only process
  // The number by which a new block is woken.
  uint32_t add(Clocked* block);
  // Before elaboration, for more blocks than fit into a core's cache: the block's band, 0 unless said. Blocks of a band
  // share FIFOs with those of their own, the next lower and the next higher one alone. While many blocks run, a
  // band then runs some cycles in one go, some bands even more before others begin (time skewing). No block can tell:
  // what one does, another band sees some cycles later.
  void set_band(uint32_t block, uint32_t band);
  // So many, the least latency and credit latency of any FIFO between bands: those that a band runs in one go.
  void set_cycles_between_bands(Cycle cycles) { stride_ = std::min(cycles, kAhead); }
  // How many blocks must run in a cycle to go band by band in the next ones; bands cost time of their own.
  void set_bands_from(size_t blocks) { bands_from_ = blocks; }
  // The block runs in `cycle` (> now; the first cycle that can be asked for is 1). Asking twice costs nothing.
  void wake(uint32_t block, Cycle cycle) {
    assert(cycle > now_);
    if (cycle - now_ >= kNear) {
      far_[cycle].push_back(block);
      return;
    }
    wheel_[cycle % kWheel].insert(block);
    occupied_ |= uint64_t{1} << (cycle % kWheel);
  }
  // No cycle after this one is simulated. With bands, the observer's to call.
  void stop() { stopped_ = true; }
  // Runs `action` before the blocks of the next cycle in which any runs: for what all blocks of a cycle must see alike.
  void before_next_cycle(std::function<void()> action) { before_next_ = std::move(action); }
  // Called before the first cycle that runs in every `kObserverPeriod` cycles.
  void set_observer(std::function<void()> observer) { observer_ = std::move(observer); }
  // Calls `sampler` at the end of every cycle after which the next one that runs is `from` or later, with that next
  // one. What it returns takes the place of `from`; kNever ends it. Not called after the last cycle.
  void set_sampler(Cycle from, std::function<Cycle(Cycle next)> sampler) {
    sample_from_ = from;
    sampler_ = std::move(sampler);
  }
  static constexpr Cycle kNever = ~Cycle{0};
  // Cycles in which at least one block ran.
  Cycle active_cycles() const { return active_cycles_; }
  // Cycles that ran band by band.
  Cycle cycles_in_bands() const { return cycles_in_bands_; }

 private:
  static constexpr Cycle kWheel = 64;
  static constexpr Cycle kAhead = 12;                  // most cycles in which some bands run before others begin
  static constexpr Cycle kNear = kWheel - kAhead + 1;  // nothing that far ahead gets in the way of those
  static constexpr Cycle kObserverPeriod = 1024;
  static constexpr size_t kManyTicks = 170;  // a cycle: of more blocks than a core's second cache holds
  // Words of the wheel's sets.
  struct Band {
    size_t first, end;
  };
  void before_end_of_elaboration() override;
  void run();
  void begin_cycle();
  void bring_near(Cycle end);
  void run_cycle();
  void run_cycles();
  uint64_t run_bands(Cycle begin, Cycle end);
  void fetch_ahead(size_t band, Cycle begin);
  template <typename Fetch>
  void fetch_band(size_t band, Cycle begin, Fetch fetch);
  uint64_t run_band(const Band& band, Cycle begin, Cycle end);
  bool goes_on() const { return !stopped_ && (occupied_ || !far_.empty()); }
  void advance();
  Cycle next_cycle() const;

  sc_core::sc_time period_;
  Cycle now_ = 0, active_cycles_ = 0, cycles_in_bands_ = 0, observe_from_ = 0;
  Cycle quantum_ = 1, quantum_begin_ = 0;
  Cycle stride_ = 1;         // cycles that a band runs at once
  size_t bands_from_ = 48;   // ticks a cycle: of more blocks than a core's first cache holds
  size_t ticks_ = 0;         // in the cycle, or since the cycles began that bands run now
  bool runs_bands_ = false;  // the last cycles had so many that bands are worth their while
  bool fetches_ahead_ = false;
  bool stopped_ = false;
  std::vector<Clocked*> blocks_;   // by number; null: none has it
  std::vector<uint32_t> band_of_;  // [block], until elaboration
  std::vector<Band> bands_;
  std::array<IndexSet, kWheel> wheel_;          // at c % 64: blocks due in cycle c, less than kNear ahead
  uint64_t occupied_ = 0;                       // bit c % 64: wheel_[c % 64] is not empty
  std::map<Cycle, std::vector<uint32_t>> far_;  // blocks due later
  std::function<void()> observer_, before_next_;
  Cycle sample_from_ = kNever;
  std::function<Cycle(Cycle)> sampler_;
};

}  // namespace spikeloom
