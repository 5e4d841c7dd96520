// A value change dump (IEEE 1364, clause 18) of signals whose changes may be told some cycles ahead.
//
// SystemC's own sc_trace_file writes what a variable holds when the kernel runs; a register that changes at the end of
// a cycle changes its output in the next one, in which a clock that skips idle cycles need not run anything.
#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "sim/base/energy_ledger.h"

namespace spikeloom {

class VcdWriter {
 public:
  VcdWriter(double clock_mhz, uint64_t limit_bytes) : period_ps_(1e6 / clock_mhz), limit_(limit_bytes) {}

  // Before begin(); dots part scopes, signals of a scope follow one another. Starts at 0.
  int signal(const std::string& name, int bits);
  // Throws UserError.
  void open(const std::string& file);
  // `value` from `cycle` on; the last call for a cycle holds. Not for cycles that are written already.
  void set(int signal, Cycle cycle, uint64_t value) { changes_[cycle][signal] = value; }
  // Writes the header, then all signals as they are at `first`.
  void begin(Cycle first);
  // Writes all changes before `end`. False when the file is full: the changes of end() and later are not in it.
  bool write(Cycle end);
  // Writes the changes before `end`, if the file is not full, and the time of its end. Throws UserError.
  void close(Cycle end);

  bool full() const { return full_; }
  Cycle end() const { return end_; }
  uint64_t bytes() const { return bytes_; }

 private:
  struct Signal {
    std::string name, code;
    int bits;
    uint64_t value;
  };
  std::string header() const;
  std::string time(Cycle cycle) const;
  void append(const Signal& signal, std::string* text) const;
  void put(const std::string& text);

  double period_ps_;
  uint64_t limit_, bytes_ = 0;
  bool full_ = false;
  Cycle end_ = 0;
  std::vector<Signal> signals_;
  std::map<Cycle, std::map<int, uint64_t>> changes_;  // [cycle][signal]
  std::string file_;
  std::ofstream stream_;
};

}  // namespace spikeloom
