#include "sim/app/area.h"

namespace spikeloom {

ChipArea area_of(const std::vector<BlockInventory>& blocks, const Technology& technology) {
  ChipArea area;
  for (const BlockInventory& block : blocks) {
    for (const auto& [macro, count] : block.srams) {
      area.sram_mm2 += count * technology.sram_area_mm2(macro, block.block);
      area.sram_bytes += uint64_t(count) * macro.bytes;
    }
    area.registers_mm2 += block.register_bits * technology.register_bit_um2() * 1e-6;
    area.adders_mm2 += block.adder_bits * technology.adder_bit_um2() * 1e-6;
  }
  return area;
}

}  // namespace spikeloom
