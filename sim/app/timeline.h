// The timeline of a run for Perfetto: what every tile, encoder, DRAM and weight loader does, the operations, flits per
// router and power per energy group.
#pragma once

#include <string>
#include <vector>

#include "sim/app/recording.h"
#include "sim/app/report.h"

namespace spikeloom {

class Timeline {
 public:
  // Throws UserError when not even the tracks fit under the limit.
  Timeline(Chip& chip, const RecordingSpec& spec);

  // As Activity::enter, for block `block` of the chip's activities().
  void state_changes(size_t block, ActivityState state, Cycle from);
  // The end of a window of cycles, as Clock::set_sampler has it; the first one to be told of is first_sample().
  Cycle first_sample() const { return boundary_; }
  Cycle sample(Cycle next);
  // The run has ended after `cycles`.
  void finish(Cycle cycles);

  // Slices show the cycles begin .. end - 1, counters every window of which these hold a part.
  Cycle begin() const { return begin_; }
  Cycle end() const { return end_; }
  // The file is full at `end`.
  bool full() const { return full_; }
  // The file's bytes, once the run has its report.
  std::string encode(const Report& report) const;

 private:
  // What one block does from a cycle on, until the next entry.
  struct Entry {
    Cycle from;
    ActivityState state;
  };
  bool spend(uint64_t bytes);
  uint64_t window_bytes() const;
  void take_flits();
  uint64_t ns(Cycle cycle) const;
  void write_states(class PerfettoWriter* writer, uint64_t root) const;
  void write_flits(class PerfettoWriter* writer, uint64_t root) const;
  void write_power(class PerfettoWriter* writer, uint64_t root, const Bill& bill) const;

  Chip& chip_;
  Cycle begin_, end_, window_, first_window_;
  uint64_t bytes_left_;
  bool full_ = false;
  std::vector<std::vector<Entry>> entries_;  // [block]: not empty
  Cycle boundary_;                           // where the next window begins
  bool in_window_;                           // a window that is shown is under way
  std::vector<const Router*> routers_;
  std::vector<uint64_t> flits_before_;        // [router]
  std::vector<std::vector<uint64_t>> flits_;  // [window][router]
};

}  // namespace spikeloom
