// A hardware block: runs in the cycles for which it was woken.
#pragma once

#include <string>
#include <systemc>

#include "hw/clock/clock.h"

namespace spikeloom {

// What the clock runs, apart from SystemC's part of a block: begins the cache line in which a derived block's own state
// begins, too.
class alignas(64) Clocked {
 public:
  explicit Clocked(Clock& clock) : clock_(clock), index_(clock.add(this)) {}
  virtual ~Clocked() = default;
  Clocked(const Clocked&) = delete;
  Clocked& operator=(const Clocked&) = delete;

  // Runs this block in `cycle`.
  void wake_at(Cycle cycle) { clock_.wake(index_, cycle); }
  Cycle now() const { return clock_.now(); }
  // The clock's number for it, once elaboration has begun to end.
  uint32_t index() const { return index_; }
  void set_band(uint32_t band) { clock_.set_band(index_, band); }

 protected:
  // Of many blocks, the clock asks for a block's memory ahead of its use: for the begin of its state, then calls this
  // with 0, then with 1, some time after each other. Each may read what the one before asked for, and asks for what
  // that points to.
  virtual void fetch(int) const {}
  // One activation: does everything that is possible in cycle now(), then returns.
  virtual void tick() = 0;

 private:
  friend class Clock;
  void fetch_begin() const {
    for (int line = 0; line < 3; ++line) __builtin_prefetch(reinterpret_cast<const char*>(this) + 64 * line);
  }
  Clock& clock_;
  uint32_t index_;
};

class Block : public sc_core::sc_module, public Clocked {
 public:
  Block(const sc_core::sc_module_name& name, Clock& clock) : sc_module(name), Clocked(clock) {}

  // What the block waits for, for the message about a stuck chip; empty when it is done.
  virtual std::string waits_for() const { return ""; }
};

}  // namespace spikeloom
