// DRAM as its config describes it: a device (standard, geometry, timing, currents) and how a memory node uses it.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "sim/base/bits.h"
#include "sim/base/config.h"
#include "sim/base/energy_ledger.h"

namespace spikeloom {

using DramClock = uint64_t;  // periods of the device's command clock since cycle 0

// In device clocks. Symbols as in JESD209-4 and -5; _S between bank groups, _L within one (equal without groups).
struct DramTiming {
  int RL = 0, WL = 0;          // command to data
  int tDQSCK = 0, tDQSS = 0;   // further clocks until read and write data
  int tWPRE = 0;               // write preamble: further clocks from a read to a write
  int tCCD_S = 0, tCCD_L = 0;  // column command to column command
  int tRCD = 0;                // activate to column command
  int tRPpb = 0, tRPab = 0;    // precharge of one bank, of all
  int tRAS = 0;                // activate to precharge
  int tRRD_S = 0, tRRD_L = 0;  // activate to activate of another bank
  int tFAW = 0;                // any four activates to a fifth
  int tRTP = 0, tWR = 0;       // read to precharge; end of write data to precharge
  int tWTR_S = 0, tWTR_L = 0;  // end of write data to read
  int tREFI = 0, tRFCab = 0;   // refresh interval; all-bank refresh to activate
  int burst = 0;               // data of one burst on the bus
  int activate_command = 0, column_command = 0, precharge_command = 0, refresh_command = 0;  // on the command bus

  int tRC() const { return tRAS + tRPpb; }
  int read_to_write() const { return std::max(RL + tDQSCK + burst + tWPRE - WL, tCCD_S); }
  int read_data_end() const { return RL + tDQSCK + burst; }
  int write_data_end() const { return WL + tDQSS + burst; }
};

// One supply of the device: volts, and its current in mA in each of the states that data sheets list.
struct DramRail {
  std::string name;
  double volts = 0, idd0 = 0, idd2n = 0, idd3n = 0, idd4r = 0, idd4w = 0, idd5 = 0;
};

struct DramDeviceSpec {
  std::string standard;
  double clock_mhz = 0;    // of commands
  int data_rate_mt_s = 0;  // of one data pin
  int width_bits = 0, burst_length = 0, bank_groups = 1, banks = 0, rows = 0, columns = 0;
  DramTiming timing;
  std::vector<DramRail> rails;
  int idd4_mt_s = 0;  // data rate at which idd4r and idd4w were measured
  std::string currents_source;

  int burst_bytes() const { return width_bits * burst_length / 8; }
  int row_bursts() const { return columns / burst_length; }
  int row_bytes() const { return row_bursts() * burst_bytes(); }
  uint64_t bytes() const { return uint64_t(banks) * rows * row_bytes(); }
  double peak_mb_s() const { return double(data_rate_mt_s) * width_bits / 8; }
  double tck_ns() const { return 1e3 / clock_mhz; }

  // Reads a `device` section. Throws UserError.
  static DramDeviceSpec read(ConfigNode& section);
};

// The DRAM of a memory node: `channels` devices, side by side.
struct DramSpec {
  DramDeviceSpec device;
  static constexpr int kMostChannels = 16;
  int channels = 1;
  int interleave_bytes = 0;  // so many bytes in a row lie in one channel
  int mapping = 0;           // index into mapping_names()
  int page_policy = 0;       // index into page_policy_names()
  int scheduler = 0;         // index into scheduler_names()
  int queue_depth = 0;       // bursts that wait in a channel, and bursts of read data that it holds
  double clock_mhz = 0;      // the chip's

  double peak_mb_s() const { return channels * device.peak_mb_s(); }
  uint64_t bytes() const { return uint64_t(channels) * device.bytes(); }

  // Reads a `dram` section whose `device` is a section. Throws UserError.
  static DramSpec read(ConfigNode& section, double clock_mhz);
};

// Between the chip's cycles and the device's clocks; both count from the same edge.
struct ClockRatio {
  ClockRatio(double device_mhz, double chip_mhz) : device_khz(device_mhz * 1e3 + 0.5), chip_khz(chip_mhz * 1e3 + 0.5) {}
  uint64_t device_khz, chip_khz;

  // The first clock that begins in cycle c or later.
  DramClock clock_from(Cycle c) const { return ceil_div(c * device_khz, chip_khz); }
  // The cycle in which clock d begins.
  Cycle cycle_of(DramClock d) const { return d * chip_khz / device_khz; }
  // The first cycle that begins when clock d does, or later.
  Cycle cycle_by(DramClock d) const { return ceil_div(d * chip_khz, device_khz); }
};

}  // namespace spikeloom
