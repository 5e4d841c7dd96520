// DRAM of a memory node: cuts requests into bursts, and hands them to the queues of its channels.
//
//     requests_in --> [ bursts | channel interleave | DramChannel ... ] --> responses_out[channel]
//
// Timing   a request taken in cycle c may have its first command in the first device clock from c on; its bursts enter
//          the channels' queues in order, as far as these have room, and the next request behind them. A burst's
//          response is visible in the first cycle after its data. A channel whose responses are not taken stops.
// Energy   DramChannel's.
// Config   DramSpec, section memory_node.dram.
// Differs  DEVIATIONS 8, 30, 36.
#pragma once

#include <memory>
#include <vector>

#include "hw/dram/dram_channel.h"
#include "sim/base/activity.h"

namespace spikeloom {

class DramController : public Block {
  // The state that every cycle touches comes before the ports.
  RegisteredFifo<DramRequest>* requests_ = nullptr;       // what requests_in is bound to
  std::vector<RegisteredFifo<DramResponse>*> responses_;  // [channel]: what responses_out is bound to

 public:
  FifoIn<DramRequest> requests_in;
  // Of spec.queue_depth entries each.
  sc_core::sc_vector<FifoOut<DramResponse>> responses_out;

  DramController(const sc_core::sc_module_name& name, Clock& clock, const DramSpec& spec, EnergyLedger& ledger);

  // The run is over after `end` cycles: what the devices did without being asked is counted.
  void finish(Cycle end);

  std::string waits_for() const override;
  const DramSpec& spec() const { return spec_; }
  const DramStats& stats() const { return stats_; }
  // Busy: a channel moves data. Stalled for output: responses are not taken. Stalled for input: bursts wait for rows,
  // turnarounds, refreshes or their latency.
  const Activity& activity() const { return activity_; }
  Activity& activity() { return activity_; }
  uint64_t bytes_read() const { return stats_.read_bursts * uint64_t(spec_.device.burst_bytes()); }
  uint64_t bytes_written() const { return stats_.write_bursts * uint64_t(spec_.device.burst_bytes()); }

 private:
  void end_of_elaboration() override;
  void tick() override;
  bool take_bursts();
  // A place in the order in which bursts lie in channels: stripes go around them.
  struct Place {
    uint64_t stripes = 0;  // before it, in each channel
    uint64_t channel = 0, within = 0;
  };
  Place place_of(uint64_t burst) const;
  void step(Place* place) const;
  void settle();

  DramSpec spec_;
  uint64_t burst_bytes_, interleave_bursts_, channel_count_;
  DramStats stats_;
  std::vector<std::unique_ptr<DramChannel>> channels_;
  // Of the front request: bursts that are in a queue, and those that are not yet; where the first of these lies.
  uint64_t taken_ = 0, left_ = 0;
  Place place_;
  Activity activity_;
};

}  // namespace spikeloom
