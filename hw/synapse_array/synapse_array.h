// Synapse array: the issue of one weight row per spike.
//
//     spikes_in[s] --> [ decode | issue ] --> [ weight SRAM ] --> neurons_out
//     weights_in   --> [ row assembly ] ----> [ weight SRAM ]      (weight_array.h)
//
// Timing   one row a cycle, latency_cycles from issue to the slopes; a mark takes one cycle per active slope and token
//          (at least one). A step closes after every source's mark.
// Energy   WeightRowRead and RowLatchWriteBit per row read (not for a row still in the latch).
// Config   SynapseArraySpec, section tile.synapse_array.
// Differs  spikes of a flit are decoded at once (DEVIATIONS 4).
#pragma once

#include <vector>

#include "hw/spike_encoder/spike_stream.h"
#include "hw/weight_array/weight_array.h"

namespace spikeloom {

class SynapseArray : public WeightArray {
 public:
  sc_core::sc_vector<FifoIn<Flit>> spikes_in;  // [source * spike_channels + channel]

  // encoder_in_tile: the spikes come from this tile's own encoder, as whole windows.
  SynapseArray(const sc_core::sc_module_name& name, Clock& clock, const SynapseArraySpec& spec,
               const LayerContext& context, int tile, bool encoder_in_tile, EnergyLedger& ledger);

  uint64_t spikes() const override { return spikes_; }
  uint64_t marks() const { return marks_; }

 private:
  // One source's spikes of the window under way.
  struct Lane {
    SpikeStreamReader reader;
    StreamFormat format;
    bool serves = false;     // whether this source feeds the tile in this pass
    bool in_window = false;  // its first head flit has come
    bool at_mark = false;
    std::vector<SpikeEvent> events;  // decoded, not yet issued
    size_t next = 0;
  };
  void issue() override;
  // Each returns whether issue may go on in this cycle.
  bool start_window();
  bool issue_run();
  bool refill(Lane* lane);
  void append_rows(const Lane& lane, const SpikeEvent& event, Cycle at, NeuronCommand* command);
  void charge_run(bool row_shifts);
  void issue_mark();
  void end_window();

  int lane_source(size_t lane) const { return encoder_in_tile_ ? -1 : static_cast<int>(lane); }
  // Where the spikes of the part that the tile works on arrive from a source.
  RegisteredFifo<Flit>& spikes_of(size_t lane);

  bool encoder_in_tile_;
  std::vector<Lane> lanes_;
  size_t window_ = 0;  // of the item's slice
  bool window_started_ = false;
  int step_ = 0, steps_ = 0;
  size_t next_lane_ = 0;
  std::vector<uint32_t> active_;  // [slot]: slopes that hold something
  Cycle reads_begin_ = 0;         // rows read one a cycle from here on, not charged yet
  int reads_ = 0;                 // how many
  int latched_row_ = -1;          // input row in the latch (of a wide input: both rows)
  WindowShifts shifts_;
  uint64_t spikes_ = 0, marks_ = 0;
};

}  // namespace spikeloom
