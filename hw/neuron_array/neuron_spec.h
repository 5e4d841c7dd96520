// Sizes of a tile's neuron array, shared with the blocks that feed it.
#pragma once

#include "models/firing.h"

namespace spikeloom {

struct NeuronArraySpec {
  int lanes = 0;
  int slope_bits = 0, membrane_bits = 0, threshold_bits = 0, residue_bits = 0;
  FiringPolicy firing = FiringPolicy::kRadix;
};

}  // namespace spikeloom
