// DRAM device: what its banks hold open, and the earliest clock of each command by the standard's constraints.
//
// Timing   no process: a caller asks for the earliest clock of a command and issues it there. Commands are issued in
//          the order of their clocks; one takes effect in its first clock, and occupies the command bus.
// Energy   none; says when a row was open (active standby).
// Config   DramDeviceSpec, section memory_node.dram.device.
// Differs  all-bank refresh on time, no power-down (DEVIATIONS 8).
#pragma once

#include <array>
#include <utility>
#include <vector>

#include "hw/dram/dram_spec.h"

namespace spikeloom {

class DramDevice {
 public:
  explicit DramDevice(const DramDeviceSpec& spec);

  // -1: the bank is closed.
  int open_row(int bank) const { return banks_[bank].row; }
  // The earliest clocks by all constraints. activate_at: the bank is closed; the other two: it is open.
  DramClock activate_at(int bank) const;
  DramClock precharge_at(int bank) const { return std::max(command_from_, banks_[bank].precharge_from); }
  DramClock column_at(int bank, bool write) const;

  void activate(int bank, int row, DramClock at);
  void precharge(int bank, DramClock at);
  // `close`: with auto-precharge. Returns the clock after the last of its data.
  DramClock column(int bank, bool write, bool close, DramClock at);
  // Closes all banks in `due` or as soon after it as may be, then refreshes. Returns the clock of the refresh command.
  DramClock refresh(DramClock due);

  // Calls report(begin, end) for the times, up to `until` and not reported yet, in which a row was open or a refresh
  // ran; times of several banks are one.
  template <typename Report>
  void report_active(DramClock until, Report report);

 private:
  struct Bank {
    int row = -1, group = 0;
    DramClock activate_from = 0, column_from = 0, precharge_from = 0;
  };
  struct Group {
    DramClock activate_from = 0, read_from = 0, write_from = 0;
  };
  Group& group_of(int bank) { return groups_[banks_[bank].group]; }
  const Group& group_of(int bank) const { return groups_[banks_[bank].group]; }
  void use_bus(DramClock at, int clocks) { command_from_ = at + DramClock(clocks); }
  void opens(DramClock at);
  void closes(DramClock at);

  DramDeviceSpec spec_;
  std::vector<Bank> banks_;
  std::vector<Group> groups_;
  Group all_;                            // between banks of different groups
  std::array<DramClock, 4> faw_from_{};  // clocks from which the last four activates allow another; the oldest next
  int oldest_activate_ = 0;
  DramClock command_from_ = 0;
  int open_banks_ = 0;
  DramClock active_since_ = 0, active_until_ = 0;        // the period that goes on or was the last
  std::vector<std::pair<DramClock, DramClock>> active_;  // periods before it, not reported yet
};

template <typename Report>
void DramDevice::report_active(DramClock until, Report report) {
  for (const auto& [begin, end] : active_)
    if (begin < until) report(begin, std::min(end, until));
  active_.clear();
  const DramClock end = open_banks_ > 0 ? until : std::min(active_until_, until);
  if (end <= active_since_) return;
  report(active_since_, end);
  active_since_ = end;
}

}  // namespace spikeloom
