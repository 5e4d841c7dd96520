// Neuron array: slopes, membranes and thresholds of a tile's lanes; integrates, sums partial membranes, fires.
//
//     commands_in --> [ slopes | membranes (2 sets) ] --> [ partials | fire ] --> outputs_out, partials_out
//     parameters_in --> thresholds, V0 (2 sets)                ^      releases, grants --> control_out (output_array.h)
//     partials_in, grants_in ----------------------------------'
//
// Timing   a row a cycle; a mark takes one cycle per active slope and token; firing 1 + B cycles (radix) or 1 + most
//          spikes of a lane (unary) per token, then one flit a cycle; it overlaps the next batch's integration. R is
//          formed in the cycle of the last membrane update (DEVIATIONS 21). Recorded spikes: a neuron's step takes two
//          cycles, a running sum's one; a token's first step of a later block reads its states before, its last
//          step of a block writes them after, a word a cycle.
// Energy   slope, membrane, residue and threshold bits of the lanes in use, at every add, mark and firing step.
// Config   NeuronArraySpec, section tile.neuron_array.
// Differs  lanes without an output and registers that do not change are clock gated for free (DEVIATIONS 5).
#pragma once

#include <array>
#include <map>
#include <vector>

#include "hw/neuron_array/neuron_spec.h"
#include "hw/neuron_array/slope_bank.h"
#include "hw/output_array/output_array.h"

namespace spikeloom {

class NeuronArray : public OutputArray {
 public:
  NeuronArray(const sc_core::sc_module_name& name, Clock& clock, const NeuronArraySpec& spec,
              const LayerContext& context, const Topology& topology, int tile, EnergyLedger& ledger);

  // [output] the membranes of the token that fires, partial membranes included; empty between batches.
  std::vector<int64_t> firing_membranes() const { return firing_sums(); }

 private:
  struct Parameters {
    std::vector<int64_t> theta, v0;
    std::vector<uint8_t> h;  // [group][lane]; empty without weight shifts
  };

  void load_parameters(int pass, const uint64_t* bits) override;
  void start_batch() override;
  void take_command(const NeuronCommand& command) override;
  int partial_bits() const override { return spec_.membrane_bits; }
  void charge_partials(uint64_t outputs, bool added) override;
  Cycle fire() override;
  void add_rows(const NeuronCommand& command);
  void mark(const NeuronCommand& command);
  // A step of the token's neurons (Neuron::kIntegrateAndFire, kRunningSum).
  Cycle fire_step(const OperationTrace& operation);
  // States of the row's token before its first step of a block, and after its last; returns the cycles that memory
  // takes.
  Cycle begin_states(const OperationTrace& operation);
  Cycle keep_states(const OperationTrace& operation);
  std::array<int, 3> state_place(const OperationTrace& operation) const;

  NeuronArraySpec spec_;
  EnergyCounter &slope_add_, &slope_read_, &slope_write_, &membrane_shift_, &membrane_add_, &membrane_read_,
      &membrane_write_, &residue_add_, &compare_, &residue_read_, &residue_write_, &threshold_read_, &threshold_write_;
  std::array<Parameters, 2> parameters_;  // by pass count of this tile
  SlopeBank bank_;
  int group_ = 0;
  WindowShifts shifts_;
  std::vector<int64_t> state_;  // [lane] of recorded spikes: what the residue register keeps from step to step
  EnergyCounter *states_read_ = nullptr, *states_write_ = nullptr;  // where there is a state memory
  // By operation, token and first output: the words of the state memory.
  std::map<std::array<int, 3>, std::vector<int64_t>> states_;
};

}  // namespace spikeloom
