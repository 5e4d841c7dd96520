// DRAM channel: a bounded queue of bursts in front of one device, and the commands that serve them.
//
//     add --> [ queue | scheduler, page policy | device ] --> response
//
// Timing   in device clocks: of all commands that the queue's bursts need, the one that may be issued first goes first;
//          at the same clock a column command, then the oldest burst's. A refresh goes before everything once it is due
//          (every tREFI from cycle 0). A response is visible in the first cycle after the burst's data.
// Energy   DramActivate, DramReadBit, DramWriteBit, DramRefresh once per command (bits: of whole bursts);
// DramActiveClock
//          per clock in which a row is open or a refresh runs.
// Config   DramSpec, section memory_node.dram.
// Differs  DEVIATIONS 8.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/dram/burst_queue.h"
#include "hw/dram/dram_device.h"
#include "hw/dram/dram_request.h"
#include "hw/dram/mapping/address_mapping.h"
#include "hw/dram/page/page_policy.h"
#include "hw/dram/schedulers/scheduler.h"

namespace spikeloom {

// Shared by the channels of a memory node.
struct DramCounters {
  EnergyCounter &activate, &read, &write, &refresh, &active_clock;
};

struct DramStats {
  uint64_t read_bursts = 0, write_bursts = 0, activates = 0, refreshes = 0;
  // Bursts by what their row took: nothing; an activate; a precharge of another row, then an activate.
  uint64_t row_hits = 0, row_misses = 0, row_conflicts = 0;
};

class DramChannel {
 public:
  static constexpr DramClock kNever = ~DramClock{0};

  // `window_cycles`: of the energy ledger.
  DramChannel(const DramSpec& spec, const DramCounters& counters, Cycle window_cycles, DramStats* stats);

  bool has_room() const { return !queue_.full(); }
  // Needs has_room(). `burst`: number of the burst within the device.
  void add(uint64_t burst, uint64_t id, bool write, uint16_t phase);
  // Whether run() would do anything in cycle `now`.
  bool is_due(Cycle now) const { return changed_ || output_full_ || next_cycle_ <= now || refresh_cycle_ <= now; }
  // Issues every command of cycle `now`; responses go to `responses`.
  void run(Cycle now, RegisteredFifo<DramResponse>& responses);
  // The run is over: refreshes up to cycle `end`, and active standby until then.
  void finish(Cycle end);

  bool waits() const { return !queue_.empty(); }
  // Whether data are on the bus in cycle `now`; forgets those that were before it.
  bool moves_data(Cycle now);
  // The next cycle after `now` in which a command is issued, or data begin or end. Clock::kNever: none.
  Cycle next_event(Cycle now) const;
  bool output_full() const { return output_full_; }
  bool is_idle() const { return queue_.empty() && busy_.empty(); }

 private:
  enum class Kind { kNone, kColumn, kActivate, kPrecharge };
  struct Command {
    Kind kind = Kind::kNone;
    DramBurst* burst = nullptr;
    DramClock at = kNever;
  };
  friend struct DramChannelProbe;  // for tests
  // What a bank's bursts want of it; null: nothing.
  struct Wants {
    DramBurst* open_row = nullptr;                // the oldest burst of the row that is open
    DramBurst *read = nullptr, *write = nullptr;  // the oldest ones of it that wait behind none
    DramBurst* other_row = nullptr;               // the bank's oldest burst, where it wants a row that is not open
  };
  bool note(DramBurst& burst);
  void note_bank(int bank);
  Command choose(DramClock from, bool output_free) const;
  bool others_want_row_of(const DramBurst& burst);
  void issue(const Command& command, Cycle now, RegisteredFifo<DramResponse>& responses);
  void issue_column(const Command& command, Cycle now, RegisteredFifo<DramResponse>& responses);
  void refresh();
  void charge_active(DramClock until);

  struct Span {
    Cycle begin, end;
  };
  // What every cycle looks at comes first, in few cache lines.
  alignas(64) Cycle refresh_cycle_;   // in which these are due: a refresh,
  Cycle next_cycle_ = Clock::kNever;  // next_
  bool changed_ = false;              // since next_ was found
  bool output_full_ = false;
  BurstQueue queue_;
  std::vector<Wants> wants_;   // [bank]
  uint32_t wanted_banks_ = 0;  // that have bursts
  Command next_;
  DramClock refresh_due_;
  ClockRatio clocks_;
  DramClock burst_clocks_;
  uint64_t burst_bits_;
  DramCounters counters_;
  DramStats* stats_;
  std::unique_ptr<AddressMapping> mapping_;
  std::unique_ptr<PagePolicy> page_policy_;
  std::deque<Span> busy_;  // cycles with data, ascending and apart
  DramDevice device_;
  std::unique_ptr<Scheduler> scheduler_;
  Cycle window_cycles_;
  DramClock refresh_interval_;
};

}  // namespace spikeloom
