// How the inputs of a phase are cut: into parts, slices that fit half the weight SRAM, and windows.
#pragma once

#include <vector>

#include "hw/mapping/program.h"

namespace spikeloom {

// `split` parts of each block, block by block. Throws UserError where half_rows cannot hold one input.
std::vector<Part> make_parts(const InputTrace& input, int split, int half_rows);

}  // namespace spikeloom
