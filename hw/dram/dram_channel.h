// DRAM channel: streams the weights and parameters of loads to tiles, at a given bandwidth after a given latency.
//
//     loads_in --> [ latency | bandwidth ] --> weights_out
//
// Timing   the first data of a load is there latency_cycles after the load was taken, byte i by
//          ceil(i * clock / bandwidth) cycles later; loads overlap their latencies (up to kOutstanding). A full output
//          stops the stream. One flit a cycle at most.
//          The next load's transfer begins in the cycle after the last flit of this one.
// Energy   DramReadBit per bit of every body flit, padding included, each load rounded up to whole bursts.
// Config   DramSpec, section memory_node.dram.
// Differs  no banks, rows or refresh (DEVIATIONS 8).
#pragma once

#include <deque>
#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/mapping/layer_context.h"
#include "hw/neuron_array/neuron_spec.h"
#include "sim/base/activity.h"

namespace spikeloom {

struct DramSpec {
  int bandwidth_mb_s = 0;  // 1 MB = 1e6 bytes
  int latency_ns = 0;
  int burst_bytes = 0;
  double clock_mhz = 0;  // the chip's, which cycles are counted in
  int channels = 1;      // devices behind the interface: what the background power is counted by

  Cycle latency_cycles() const { return Cycle(latency_ns * clock_mhz / 1e3 + 0.999999); }
  // Cycles after which `bytes` bytes have crossed the interface.
  Cycle transfer_cycles(uint64_t bytes) const {
    const uint64_t khz = uint64_t(clock_mhz * 1e3), kb_s = uint64_t(bandwidth_mb_s) * 1000;
    return ceil_div(bytes * khz, kb_s);
  }
};

class DramChannel : public Block {
 public:
  static constexpr int kOutstanding = 4;
  FifoIn<Load> loads_in;
  FifoOut<Flit> weights_out;

  DramChannel(const sc_core::sc_module_name& name, Clock& clock, const DramSpec& spec, const LayerContext& context,
              int source, const NeuronArraySpec& neurons, EnergyLedger& ledger);

  std::string waits_for() const override;
  const Activity& activity() const { return activity_; }
  Activity& activity() { return activity_; }
  uint64_t bytes_read() const { return bytes_read_; }

 private:
  struct Stream {
    Load load;
    std::vector<Flit> flits;  // made when its transfer begins
    Cycle available;          // when its first data could be there
  };
  void tick() override;
  void take_load();
  void send();
  bool holds_rows(const Load& load) const;
  std::vector<Flit> make_flits(const Load& load) const;
  void append_parameters(const Load& load, std::vector<Flit>* flits) const;
  void append_rows(const Load& load, int first_row, int from, int rows, std::vector<Flit>* flits) const;

  DramSpec spec_;
  LayerContext context_;
  int source_;
  NeuronArraySpec neurons_;
  EnergyCounter& read_;
  std::deque<Stream> streams_;  // the front one is being sent
  size_t sent_ = 0;
  uint64_t stream_bytes_ = 0;  // of the front stream, sent
  Cycle stream_base_ = 0;      // cycle from which its transfer counts
  Cycle bus_free_ = 0;
  bool streaming_ = false;
  Activity activity_;
  uint64_t bytes_read_ = 0;
};

}  // namespace spikeloom
