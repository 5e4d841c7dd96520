// Neuron array: slopes, membranes and thresholds of a tile's lanes; integrates, sums partial membranes, fires.
//
//     commands_in --> [ slopes | membranes (2 sets) ] --> [ partials | fire ] --> outputs_out, partials_out
//     parameters_in --> thresholds, V0 (2 sets)           releases --> control_out
//
// Timing   a row a cycle; a mark takes one cycle per active slope and token; firing 1 + B cycles (radix) or 1 + most
//          spikes of a lane (unary) per token, then one flit a cycle; it overlaps the next batch's integration. R is
//          formed in the cycle of the last membrane update (DEVIATIONS 21).
// Energy   slope, membrane, residue and threshold bits of the lanes in use, at every add, mark and firing step.
// Config   NeuronArraySpec, section tile.neuron_array.
// Differs  lanes without an output and registers that do not change are clock gated for free (DEVIATIONS 5).
#pragma once

#include <deque>
#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/mapping/layer_context.h"
#include "hw/neuron_array/lane_kernels.h"
#include "hw/neuron_array/neuron_command.h"
#include "hw/neuron_array/neuron_spec.h"
#include "sim/base/activity.h"

namespace spikeloom {

class NeuronArray : public Block {
 public:
  FifoIn<NeuronCommand> commands_in;
  FifoIn<Flit> parameters_in, partials_in;
  FifoOut<Flit> outputs_out, partials_out, control_out;
  FifoOut<int> membrane_free_out;  // one token per membrane set that has fired

  NeuronArray(const sc_core::sc_module_name& name, Clock& clock, const NeuronArraySpec& spec,
              const LayerContext& context, const Topology& topology, int tile, EnergyLedger& ledger);

  std::string waits_for() const override;
  const Activity& activity() const { return activity_; }
  Activity& activity() { return activity_; }
  // Lane-additions of spikes' weights to slopes so far.
  uint64_t additions() const { return additions_; }
  // The largest |V| at the end of an integration.
  int64_t largest_membrane() const { return largest_membrane_; }
  // [output] the membranes of the token that fires, partial membranes included; empty between batches.
  std::vector<int64_t> firing_membranes() const;

 private:
  struct MembraneSet {
    int pass = 0, batch = 0, tokens = 0;
    std::vector<int64_t> V;  // [slot][lane]
  };
  struct Parameters {
    std::vector<int64_t> theta, v0;
    std::vector<uint8_t> h;  // [group][lane]; empty without weight shifts
  };
  struct Release {
    uint64_t load, needs_fired;
    int phase;
  };
  enum class Stage { kIdle, kPartials, kFire, kSend };

  void tick() override;
  void take_parameters();
  void load_parameters(int pass);
  void take_command(const NeuronCommand& command);
  void start_batch(const NeuronCommand& command);
  void add_rows(const NeuronCommand& command);
  void open_slope(const WeightedRow& row);
  void accumulate(const NeuronCommand& command);
  void mark(const NeuronCommand& command);
  void end_slice(const NeuronCommand& command);
  // The firing engine; each returns whether it may go on in this cycle.
  void finish_batches();
  bool take_partial();
  bool fire();
  bool send();
  void next_token();
  void begin_partials_out();
  void begin_message(MessageType type, int destination, int message_class, const std::vector<int64_t>& values,
                     int bits);
  void send_releases();

  const TileWork& work(int pass) const { return context_.program->passes[pass].tiles[tile_]; }
  int lane_index(int output) const { return (output & 1) * half_ + output / 2; }
  const Pass& pass(int index) const { return context_.program->passes[index]; }
  // The row that fires, and the outputs that it has.
  int firing_row() const { return sets_[finished_.front()].batch * context_.program->batch + token_; }
  int firing_outputs() const;
  int32_t* slope(int slot, int index) { return &slopes_[(size_t(slot) * kMostSlopes + index) * padded_lanes_]; }

  NeuronArraySpec spec_;
  LayerContext context_;
  const Topology& topology_;
  int tile_, half_, padded_lanes_;
  EnergyCounter &slope_add_, &slope_read_, &slope_write_, &membrane_shift_, &membrane_add_, &membrane_read_,
      &membrane_write_, &residue_add_, &compare_, &residue_read_, &residue_write_, &threshold_read_, &threshold_write_;

  std::array<Parameters, 2> parameters_;  // by pass count of this tile
  std::vector<int> pass_set_;             // [pass]: which of the two
  PayloadCollector parameter_payload_;
  int parameter_pass_ = 0;

  std::vector<int32_t> slopes_;   // [slot][slope][padded lane]
  std::vector<uint32_t> active_;  // [slot]: slopes that hold something
  std::array<MembraneSet, 2> sets_;
  int integrating_ = 1;  // set that integrates
  int pass_ = 0, group_ = 0;
  int lanes_in_use_ = 0;  // of the batch that integrates
  WindowShifts shifts_;

  std::deque<int> finished_;  // sets to be fired, in order
  Stage stage_ = Stage::kIdle;
  int token_ = 0;  // slot that fires
  Cycle fire_ready_ = 0;
  std::vector<Flit> message_;
  size_t message_sent_ = 0;
  PayloadCollector partial_payload_;
  std::deque<Release> releases_;
  int release_source_ = 0;
  uint64_t fired_ = 0;
  Activity activity_;
  uint64_t additions_ = 0;
  int64_t largest_membrane_ = 0;
};

}  // namespace spikeloom
