// The area of what a chip's blocks consist of.
#pragma once

#include <vector>

#include "hw/chip/chip.h"
#include "sim/base/technology.h"

namespace spikeloom {

// SRAM macros after the technology's table, register and adder bits after its `area` section. Wires, multiplexers,
// control, clock, pads and DRAM's controllers are not in it.
struct ChipArea {
  double sram_mm2 = 0, registers_mm2 = 0, adders_mm2 = 0;
  uint64_t sram_bytes = 0;
  double total_mm2() const { return sram_mm2 + registers_mm2 + adders_mm2; }
};

// Throws UserError when a memory lies outside the SRAM table.
ChipArea area_of(const std::vector<BlockInventory>& blocks, const Technology& technology);

}  // namespace spikeloom
