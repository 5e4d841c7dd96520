// What a memory node's vector unit has to do in a phase, and how wide operands and results lie in the global buffer.
//
// Widths, as in hw/vector_unit/README.md, "Jobs": binary32, in which the model computes, but for the output codes of
// operations, which are read as they came, and for codes that are made.
#pragma once

#include "hw/mapping/program.h"
#include "hw/vector_unit/vector_unit.h"
#include "sim/base/trace.h"

namespace spikeloom {

// `phase`: index of a phase of the vector unit. `source`: the memory node.
VectorJob vector_job(const LayerTrace& layer, const Program& program, int source, int phase);

}  // namespace spikeloom
