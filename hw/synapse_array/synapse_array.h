// Synapse array: weight SRAM of a tile and the issue of one weight row per spike.
//
//     spikes_in[s] --> [ decode | issue ] --> [ weight SRAM ] --> neurons_out
//     weights_in   --> [ row assembly ] ----> [ weight SRAM ]
//
// Timing   one row a cycle, latency_cycles from issue to the slopes; a mark takes one cycle per active slope and token
//          (at least one). A window starts when its weights are there and a membrane set is free. A step closes after
//          every source's mark. One row is written a cycle beside the reads: they use different halves.
// Energy   WeightRowRead and RowLatchWriteBit per row read (not for a row still in the latch), WeightRowWrite per row;
//          ThresholdReadBit and -WriteBit for the exponents of rows that have them (attention's values).
// Config   SynapseArraySpec, section tile.synapse_array.
// Differs  halves are never in conflict (DEVIATIONS 3); spikes of a flit are decoded at once (DEVIATIONS 4).
#pragma once

#include <array>
#include <string>
#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/neuron_array/neuron_command.h"
#include "hw/spike_encoder/spike_stream.h"
#include "hw/sram/banked_sram.h"
#include "sim/base/activity.h"

namespace spikeloom {

struct SynapseArraySpec {
  int lanes = 0;
  int weight_bytes = 0;  // both halves
  int banks = 2;         // even: half of them for each half
  int latency_cycles = 1;

  int row_bytes() const { return (lanes + 1) / 2; }
  int half_rows() const { return weight_bytes / 2 / row_bytes(); }
};

class SynapseArray : public Block {
 public:
  sc_core::sc_vector<FifoIn<Flit>> spikes_in;  // [source * spike_channels + channel]
  FifoIn<Flit> weights_in;
  FifoIn<int> membrane_free_in;
  FifoOut<NeuronCommand> neurons_out;
  FifoOut<Flit> parameters_out;

  // encoder_in_tile: the spikes come from this tile's own encoder, as whole windows.
  SynapseArray(const sc_core::sc_module_name& name, Clock& clock, const SynapseArraySpec& spec,
               const LayerContext& context, int tile, bool encoder_in_tile, EnergyLedger& ledger);

  std::string waits_for() const override;
  // Accounting only: `phase` has begun, and what the array waits for from cycle `now` on is work of it or of earlier
  // ones. Before, a tile without such work left is idle.
  void begin_phase(int phase, Cycle now);
  const Activity& activity() const { return activity_; }
  Activity& activity() { return activity_; }
  uint64_t spikes() const { return spikes_; }
  uint64_t rows_issued() const { return rows_issued_; }
  uint64_t rows_read() const { return weights_.rows_read(); }
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
  void tick() override;
  // Weight side.
  void take_weights();
  void take_weight_flit(const Flit& flit);
  // Spike side; each returns whether issue may go on in this cycle.
  void issue();
  bool start_item();
  bool start_window();
  bool issue_run();
  bool refill(Lane* lane);
  void append_rows(const Lane& lane, const SpikeEvent& event, Cycle at, NeuronCommand* command);
  void issue_mark();
  void end_window();
  void stall(ActivityState why);
  ActivityState waiting() const;

  const Slice& slice() const;
  int lane_source(size_t lane) const { return encoder_in_tile_ ? -1 : static_cast<int>(lane); }
  // Where the spikes of the part that the tile works on arrive from a source.
  RegisteredFifo<Flit>& spikes_of(size_t lane);

  SynapseArraySpec spec_;
  LayerContext context_;
  int tile_;
  bool encoder_in_tile_;
  BankedSram weights_;
  EnergyCounter &row_latch_, &shift_read_, &shift_write_;
  std::vector<TileItem> items_;
  std::vector<Load> loads_;  // of this tile, by index
  // Weight side: a message per source may be under way.
  struct RowMessage {
    uint64_t load = 0;
    int row = 0, end = 0;        // next row to be written, and the one after the message's last
    std::vector<uint8_t> bytes;  // of the row being assembled
  };
  std::vector<RowMessage> row_messages_;
  int message_source_ = 0;   // of the packet under way
  bool parameters_ = false;  // the packet under way holds parameters
  Cycle write_free_ = 0;
  static constexpr int kRowShiftBits = 3;
  std::array<std::vector<uint8_t>, 2> row_shifts_;  // by half and row: exponents, where rows have them
  std::array<int, 2> rows_received_{};              // by half
  std::array<Cycle, 2> readable_from_{};            // by half: the cycle after its last write so far
  // Spike side.
  std::vector<Lane> lanes_;
  size_t item_ = 0;
  size_t window_ = 0;  // of the item's slice
  bool item_started_ = false, window_started_ = false;
  int membrane_credits_ = 2;
  int step_ = 0, steps_ = 0;
  size_t next_lane_ = 0;
  Cycle issue_free_ = 0;
  std::vector<uint32_t> active_;  // [slot]: slopes that hold something
  uint64_t latch_bits_ = 0;       // weights of a row that the item's batch needs
  int latched_row_ = -1;          // input row in the latch (of a wide input: both rows)
  WindowShifts shifts_;
  int phase_ = 0;  // that runs
  ActivityState stalled_by_ = ActivityState::kStalledWeights;
  Activity activity_;
  uint64_t spikes_ = 0, rows_issued_ = 0, marks_ = 0;
};

}  // namespace spikeloom
