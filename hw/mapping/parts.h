// How the inputs of a phase are cut: into parts, slices that fit half the weight SRAM, and windows.
#pragma once

#include <vector>

#include "hw/mapping/program.h"

namespace spikeloom {

// Rows that the input with most of them takes.
int most_rows_of_an_input(const InputTrace& input);

// `split` parts of each block, block by block. half_rows holds any one input.
std::vector<Part> make_parts(const InputTrace& input, int split, int half_rows);

}  // namespace spikeloom
