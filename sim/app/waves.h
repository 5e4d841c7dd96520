// Waves of chosen blocks as a value change dump: what their ports hold and take part in, and what they do, every cycle.
#pragma once

#include <string>
#include <vector>

#include "sim/app/recording.h"
#include "sim/app/vcd_writer.h"

namespace spikeloom {

// A register's value in cycle c is what it held when c began; push, pop and flit say what happens in c.
class Waves {
 public:
  // A name is a block's, or that of a tile or memory node for all its blocks; "chip." in front may be left out.
  // Throws UserError.
  Waves(Chip& chip, const RecordingSpec& spec);

  // Throws UserError.
  void open(const std::string& file) { writer_.open(file); }
  // As Activity::enter, for block `block` of the chip's activities().
  void state_changes(size_t block, ActivityState state, Cycle from);
  // The end of a cycle, as Clock::set_sampler has it; the first one to be told of is that before first_sample().
  Cycle first_sample() const { return first_; }
  Cycle sample(Cycle next);
  // The run has ended after `cycles`.
  void finish(Cycle cycles);

  Cycle begin() const { return first_; }
  Cycle end() const { return writer_.end(); }
  bool full() const { return writer_.full(); }
  uint64_t bytes() const { return writer_.bytes(); }

 private:
  struct WatchedFifo {
    const FifoView* fifo;
    int occupancy, valid, push, pop;
    FifoStatus status;
  };
  struct WatchedLink {
    const Link* link;
    int flit;
    uint64_t flits;
  };
  void watch(const Block& block);
  void watch_port(const std::string& name, sc_core::sc_port_base& port);
  void watch_fifo(const std::string& name, const FifoView& fifo);
  void take(WatchedFifo* watched, bool first);
  void take_all(bool first);

  Chip& chip_;
  Cycle first_, to_;
  bool begun_ = false;
  VcdWriter writer_;
  std::vector<WatchedFifo> fifos_;
  std::vector<WatchedLink> links_;
  std::vector<int> state_signals_;  // [block of activities()]: the first of its states' signals, or -1
};

}  // namespace spikeloom
