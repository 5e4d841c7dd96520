// A hardware block: runs in the cycles for which it was woken.
#pragma once

#include <algorithm>
#include <string>
#include <systemc>

#include "hw/clock/clock.h"

namespace spikeloom {

class Block : public sc_core::sc_module {
 public:
  Block(const sc_core::sc_module_name& name, Clock& clock) : sc_module(name), clock_(clock), index_(clock.add(this)) {}

  // Runs this block in `cycle`.
  void wake_at(Cycle cycle) { clock_.wake(index_, cycle); }
  Cycle now() const { return clock_.now(); }
  // The clock's number for it.
  uint32_t index() const { return index_; }
  // What the block waits for, for the message about a stuck chip; empty when it is done.
  virtual std::string waits_for() const { return ""; }

 protected:
  // The clock fetches this memory into the cache shortly before the block runs, beside the begin of its own state.
  void fetch_ahead(const void* memory, size_t bytes) {
    ahead_ = static_cast<const char*>(memory);
    ahead_lines_ = uint8_t(std::min<size_t>((bytes + 63) / 64, 8));
  }
  // One activation: does everything that is possible in cycle now(), then returns.
  virtual void tick() = 0;

 private:
  friend class Clock;
  alignas(64) Clock& clock_;  // begins the cache line in which a derived block's own state begins, too
  const char* ahead_ = nullptr;
  uint32_t index_;
  uint8_t ahead_lines_ = 0;
};

}  // namespace spikeloom
