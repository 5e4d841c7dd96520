// Into how many parts the inputs of a phase are split: as configured, as far as an input has so many; or as few as are
// estimated to take the fewest cycles, but for a twentieth.
#pragma once

#include <string>

#include "hw/mapping/split_estimate.h"

namespace spikeloom {

// `groups`: lane groups of the operations that share the input; `why` gets the choice.
SplitEstimate choose_split(const LayerTrace& layer, const MappingSpec& mapping, const TileLimits& limits,
                           int phase_input, int groups, int tiles, int sources, const SpikeCode& code, int batch,
                           PhaseChoice* why);

}  // namespace spikeloom
