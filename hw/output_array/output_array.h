// Output array: what every kind of tile does behind its arithmetic. Parameters come in; the derived array integrates
// what its commands say; then partial sums of other tiles are added, outputs formed and sent, weights released.
//
//     commands_in   --> (derived: sums, 2 sets) --> [ partials ] --> (derived: fire) --> outputs_out, partials_out
//     parameters_in --> (derived: 2 sets)                ^           releases, grants --> control_out
//     partials_in, grants_in ----------------------------'
//
// Timing   one flit of partial sums a cycle, one flit of a message a cycle, token by token, while the next batch
//          integrates. Parts of a split input are a chain that opens from its end, batch by batch: a tile whose sums
//          are complete, and which may hand its own on, grants the tile behind it; granted, that one sends. So partial
//          sums never wait in the network for a tile that is not ready, where they would block those of other chains
//          and, with them, the spikes that the tile waits for.
// Energy   what the derived array charges.
// Config   none of its own.
// Differs  -
#pragma once

#include <array>
#include <deque>
#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/mapping/layer_context.h"
#include "hw/neuron_array/lane_kernels.h"
#include "hw/neuron_array/neuron_command.h"
#include "sim/base/activity.h"

namespace spikeloom {

class OutputArray : public Block {
 public:
  FifoIn<NeuronCommand> commands_in;
  FifoIn<Flit> parameters_in, partials_in, grants_in;
  FifoOut<Flit> outputs_out, partials_out, control_out;
  FifoOut<int> membrane_free_out;  // one token per set of sums that has fired

  std::string waits_for() const override;
  const Activity& activity() const { return activity_; }
  Activity& activity() { return activity_; }
  // Lane-additions of spikes' weights so far; 0 where codes are multiplied.
  uint64_t additions() const { return additions_; }
  // The largest |sum| at the end of an integration; 0 where sums are real.
  int64_t largest_membrane() const { return largest_membrane_; }

 protected:
  OutputArray(const sc_core::sc_module_name& name, Clock& clock, int lanes, const LayerContext& context,
              const Topology& topology, int tile);

  // Integer sums of one batch: membranes, or sums of products.
  struct OutputSet {
    int pass = 0, batch = 0, tokens = 0;
    std::vector<int64_t> V;  // [slot][lane]
    Cycle ready = 0;         // from when its sums are complete, after its last command
  };

  // A pass's parameters have come.
  virtual void load_parameters(int pass, const uint64_t* bits) = 0;
  // A set for a new batch: integrating().
  virtual void start_batch() = 0;
  // Any other command but the end of a slice.
  virtual void take_command(const NeuronCommand& command) = 0;
  // Bits of a sum as it is sent to another tile.
  virtual int partial_bits() const = 0;
  // Partial sums of so many outputs are read, or read, added and written.
  virtual void charge_partials(uint64_t outputs, bool added) = 0;
  // Forms the outputs of the token that fires and begins their message; returns the cycle from which it may leave.
  virtual Cycle fire() = 0;

  // A message about the token that fires: one value of `bits` bits (two's complement) per output.
  void begin_message(MessageType type, int destination, int message_class, const std::vector<int64_t>& values,
                     int bits);
  void begin_outputs(const std::vector<int64_t>& values, int bits);

  OutputSet& integrating() { return sets_[integrating_]; }
  const OutputSet& firing() const { return sets_[finished_.front()]; }
  const TileWork& work(int pass) const { return context_.program->passes[pass].tiles[tile_]; }
  int lane_index(int output) const { return (output & 1) * half_ + output / 2; }
  const Pass& pass(int index) const { return context_.program->passes[index]; }
  // The row that fires, and the outputs that it has.
  int firing_row() const { return firing().batch * context_.program->batch + token_; }
  int firing_outputs() const;
  // What a message of a tile about that row has as its tag.
  uint64_t firing_tag(int tile) const { return OutputTag{firing().pass, tile, firing_row()}.pack(); }
  // [output] the sums of the token that fires, partial ones included; empty between batches.
  std::vector<int64_t> firing_sums() const;

  LayerContext context_;
  const Topology& topology_;
  int tile_, half_, padded_lanes_;
  std::vector<int> pass_set_;  // [pass]: which of two sets of parameters
  std::array<OutputSet, 2> sets_;
  int integrating_ = 1;       // set that integrates
  int pass_ = 0;              // of the batch that integrates
  int lanes_in_use_ = 0;      // of it
  std::deque<int> finished_;  // sets to be fired, in order
  int token_ = 0;             // slot that fires
  Activity activity_;
  uint64_t additions_ = 0;
  int64_t largest_membrane_ = 0;

 private:
  struct Release {
    uint64_t load, needs_fired;
    int phase;
  };
  enum class Stage { kIdle, kChain, kPartials, kFire, kSend };

  void tick() override;
  void take_parameters();
  void take(const NeuronCommand& command);
  void begin_batch(const NeuronCommand& command);
  void end_slice(const NeuronCommand& command);
  void take_grant();
  // The firing engine; each returns whether it may go on in this cycle.
  void finish_batches();
  bool open_chain();
  bool take_partial();
  bool form_outputs();
  bool send();
  void next_token();
  void begin_partials_out();
  void send_releases();

  PayloadCollector parameter_payload_;
  int parameter_pass_ = 0;
  Stage stage_ = Stage::kIdle;
  Cycle fire_ready_ = 0;
  bool granted_ = false;      // the batch that fires, or the next one, may hand its sums on
  uint64_t granted_tag_ = 0;  // of which the grant speaks
  Cycle control_free_ = 0;    // from when control_out may take a flit: one a cycle
  std::vector<Flit> message_;
  size_t message_sent_ = 0;
  PayloadCollector partial_payload_;
  std::deque<Release> releases_;
  int release_source_ = 0;
  uint64_t fired_ = 0;
};

}  // namespace spikeloom
