// Weight array: what every kind of tile does around its weight SRAM. Rows come in, slice by slice, into one half while
// the other is worked on; the derived array takes the tile's items in order and multiplies or adds the rows.
//
//     weights_in --> [ row assembly ] --> [ weight SRAM ] --> (derived) --> neurons_out
//                    parameters ------------------------------------------> parameters_out
//
// Timing   one row is written a cycle beside the reads: they use different halves. Where the halves share banks, of one
//          port each, a read goes first, since what follows it to the slopes cannot stop, and a row whose bank it uses
//          waits in the assembly, its flit's next rows and further flits behind it. It waits for reads of the load at
//          hand alone, and these end: nothing reads on without the rows that come. An item starts when its weights are
//          there and, for a new batch, a membrane set is free.
// Energy   WeightRowWrite per row; TernaryUnpackByte per byte read where five weights share one; ThresholdReadBit and
//          -WriteBit for the exponents of rows that have them (attention's values); WeightRowRead and RowLatchWriteBit
//          as the derived array reads.
// Config   SynapseArraySpec, section tile.synapse_array.
// Differs  halves with banks of their own are never in conflict (DEVIATIONS 3).
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/mapping/layer_context.h"
#include "hw/neuron_array/neuron_command.h"
#include "hw/sram/banked_sram.h"
#include "sim/base/activity.h"

namespace spikeloom {

// Of the banks of a weight SRAM. own_banks: half of them for each half. shared_banks: row r of half h lies at word
// h * half_rows + r, in bank (word mod banks).
enum class Halves { kOwnBanks, kSharedBanks };
const std::vector<std::string>& halves_names();

struct SynapseArraySpec {
  int lanes = 0;
  int weight_bytes = 0;  // both halves
  int banks = 2;         // own_banks: even
  int latency_cycles = 1;
  bool five_per_byte = false;                        // ternary weights: five a byte, otherwise 2 bits each
  WeightPacking packing = WeightPacking::kFourBits;  // of the layer
  Halves halves = Halves::kOwnBanks;

  bool shares_banks() const { return halves == Halves::kSharedBanks; }
  // Banks that hold rows of one half.
  int half_banks() const { return shares_banks() ? banks : banks / 2; }
  int row_bytes() const { return packed_bytes(packing, lanes); }
  int half_rows() const { return std::min(weight_bytes / 2 / row_bytes(), WeightTag::kMostRows - 1); }
  SramMacro bank() const { return {uint64_t(weight_bytes / banks), uint64_t(row_bytes())}; }
};

class WeightArray : public Block {
  // What every cycle looks at comes before the ports.
  enum Input { kWeights, kMembranes };
  uint64_t occupied_ = 0;                     // bit i: there is something in input i
  std::array<Cycle, 2> visible_from_;         // [input]: its front entry
  RegisteredFifo<Flit>* flits_in_ = nullptr;  // what weights_in is bound to
  Cycle write_free_ = 0;
  std::array<int, 2> rows_received_{};       // by half
  int awaited_rows_ = 0, awaited_half_ = 0;  // of the item, while it waits for rows
  bool parameters_ = false;                  // the packet under way holds parameters
  bool rows_due_ = false;                    // shared banks: some of due_ are not written
  int message_source_ = 0;                   // of the packet under way

 public:
  FifoIn<Flit> weights_in;
  FifoIn<int> membrane_free_in;
  FifoOut<NeuronCommand> neurons_out;
  FifoOut<Flit> parameters_out;

  std::string waits_for() const override;
  // Accounting only: `phase` has begun, and what the array waits for from cycle `now` on is work of it or of earlier
  // ones. Before, a tile without such work left is idle.
  void begin_phase(int phase, Cycle now);
  const Activity& activity() const { return activity_; }
  Activity& activity() { return activity_; }
  // Spikes that came in; 0 where values come as codes.
  virtual uint64_t spikes() const { return 0; }
  // Products of codes that are not 0 with weights of outputs in use; 0 where rows are added alone.
  virtual uint64_t products() const { return 0; }
  // Uses of weight rows by a token, and reads of rows from the SRAM for them.
  uint64_t rows_issued() const { return rows_issued_; }
  uint64_t rows_read() const { return weights_.rows_read(); }
  // Cycles in which a row that had come found its bank taken by a read.
  Cycle bank_waits() const { return bank_waits_; }

 protected:
  WeightArray(const sc_core::sc_module_name& name, Clock& clock, const SynapseArraySpec& spec,
              const LayerContext& context, int tile, EnergyLedger& ledger);

  // Works on the items from this cycle on, until something is missing.
  virtual void issue() = 0;

  // The item waits for rows that have not come since it was last asked: start_item() would only say so again.
  bool awaits_rows() const { return rows_received_[size_t(awaited_half_)] < awaited_rows_; }
  // Whether the item's weights and membranes are there; then its batch has been announced to the neurons.
  bool start_item();
  // The item's last window has been issued; what was issued ends before issue_free_.
  void end_item();
  void stall(ActivityState why);
  ActivityState waiting() const;

  const TileItem& item() const { return items_[item_]; }
  const Pass& pass() const { return context_.program->passes[item().pass]; }
  const TileWork& work() const { return pass().tiles[tile_]; }
  const Slice& slice() const { return *slice_; }
  int half() const { return static_cast<int>(item().load % 2); }
  // Reads a row into the latch, in this cycle or a later one; calls come in the order of cycles.
  void read_row(Cycle at, int row) {
    keep_port(at, row);
    charge_reads(at, 1);
  }
  // The energy of reading so many rows, one a cycle from `first` on.
  void charge_reads(Cycle first, int count);
  // The port alone: the rest of the read is the caller's.
  void keep_port(Cycle at, int row) {
    if (spec_.shares_banks()) weights_.keep_port(now(), at, half(), row);
  }
  // The exponent of a row in the half that is worked on, where rows have them.
  int row_shift(int row) const { return row_shifts_[half()][row]; }

  static constexpr int kRowShiftBits = 3;
  SynapseArraySpec spec_;
  LayerContext context_;
  int tile_;
  BankedSram weights_;
  EnergyCounter &row_latch_, &shift_read_;
  EnergyCounter* unpack_;  // null: weights lie as they are used
  std::vector<TileItem> items_;
  size_t item_ = 0;
  bool item_started_ = false;
  int batch_outputs_ = 0;  // of the tile, that rows of the item's batch have
  Cycle issue_free_ = 0;
  uint64_t rows_issued_ = 0;
  ActivityState stalled_by_ = ActivityState::kStalledWeights;
  Activity activity_;

 private:
  void end_of_elaboration() override;
  void tick() override;
  bool has(Input input) const { return occupied_ >> input & 1 && visible_from_[input] <= now(); }
  // What is asked of the item in every cycle in which it waits; nothing when there is none.
  void look_up_item();
  void take_weights();
  void begin_rows(uint64_t tag);
  void take_rows(const Flit& flit);

  EnergyCounter& shift_write_;
  std::vector<Load> loads_;       // of this tile, by index
  const Slice* slice_ = nullptr;  // of the item
  // A message per source may be under way.
  struct RowMessage {
    int half = 0;
    int outputs = 0;             // of the tile, that its rows have weights of
    bool row_shifts = false;     // behind them an exponent
    int row = 0, end = 0;        // next row to be written, and the one after the message's last
    size_t filled = 0;           // bytes of the row being assembled
    std::vector<uint8_t> bytes;  // room for one row
  };
  void store_row(const RowMessage& message);
  void write_row(Cycle at);
  void write_due_row();
  std::vector<RowMessage> row_messages_;
  // Rows of the flit that was taken last, to be written one after another.
  struct DueRows {
    int half = 0, row = 0, end = 0;
    bool row_shifts = false;
    uint16_t phase = 0;
  } due_;
  Cycle bank_waits_ = 0;
  std::array<std::vector<uint8_t>, 2> row_shifts_;  // by half and row: exponents, where rows have them
  std::array<Cycle, 2> readable_from_{};            // by half: the cycle after its last write so far
  int membrane_credits_ = 2;
  int phase_ = 0;  // that runs
};

}  // namespace spikeloom
