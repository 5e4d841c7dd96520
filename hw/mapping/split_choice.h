// Into how many parts the inputs of a phase are split: as configured, as far as an input has so many; or what is
// estimated to take the fewest cycles, more than eight only where weights would else be read more than once.
#pragma once

#include <string>

#include "hw/mapping/program.h"

namespace spikeloom {

// What a split is estimated to take.
struct SplitEstimate {
  int split = 0;
  int passes = 0;
  int reads = 0;  // times that every weight comes from DRAM
  double cycles = 0;
};

// `groups`: lane groups of the operations that share the input; `why` gets the choice.
SplitEstimate choose_split(const LayerTrace& layer, const MappingSpec& mapping, const TileLimits& limits,
                           int phase_input, int groups, int tiles, int sources, const SpikeCode& code, int batch,
                           PhaseChoice* why);

}  // namespace spikeloom
