// A small DRAM whose clock is the chip's.
#pragma once

#include "hw/dram/dram_spec.h"

namespace spikeloom {

// One channel of a 500 MHz device, for a chip of 500 MHz: bursts of 32 bytes in two clocks, 10 clocks from activate to
// read and 10 more to the data; no refresh before clock 1,000,000.
DramSpec tiny_dram();

}  // namespace spikeloom
