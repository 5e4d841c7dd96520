// Sizes of a tile's neuron array, shared with the blocks that feed it.
#pragma once

#include "models/firing.h"
#include "sim/base/energy_ledger.h"

namespace spikeloom {

struct NeuronArraySpec {
  int lanes = 0;
  int slope_bits = 0, membrane_bits = 0, threshold_bits = 0, residue_bits = 0;
  FiringPolicy firing = FiringPolicy::kRadix;
  // SRAM that keeps the states of neurons from one block of time steps to the next; 0 bytes: there is none.
  int state_bytes = 0, state_word_bytes = 1;
  // Words that hold a state of every lane.
  int state_words() const { return (lanes * residue_bits + 8 * state_word_bytes - 1) / (8 * state_word_bytes); }
  SramMacro state_memory() const { return {uint64_t(state_bytes), uint64_t(state_word_bytes)}; }
};

}  // namespace spikeloom
