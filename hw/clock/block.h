// A hardware block: one SystemC process that runs in the cycles for which it was woken.
#pragma once

#include <string>
#include <systemc>

#include "hw/clock/clock.h"

namespace spikeloom {

class Block : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(Block);
  Block(const sc_core::sc_module_name& name, Clock& clock) : sc_module(name), clock_(clock) {
    SC_METHOD(tick);
    sensitive << wake_;
    dont_initialize();
  }

  // Runs this block in `cycle`.
  void wake_at(Cycle cycle) { clock_.wake(this, cycle); }
  Cycle now() const { return clock_.now(); }
  // What the block waits for, for the message about a stuck chip; empty when it is done.
  virtual std::string waits_for() const { return ""; }

 protected:
  // One activation: does everything that is possible in cycle now(), then returns.
  virtual void tick() = 0;

 private:
  friend class Clock;
  Clock& clock_;
  sc_core::sc_event wake_;
  uint64_t pending_ = 0;  // bit c % 64: already due in cycle c of the clock's wheel
};

}  // namespace spikeloom
