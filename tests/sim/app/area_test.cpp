#include "sim/app/area.h"

#include <gtest/gtest.h>

namespace spikeloom {
namespace {

Technology committed(const std::string& name) {
  ConfigNode root = ConfigNode::load(SPIKELOOM_SOURCE_DIR "/configs/energy/" + name + ".yaml");
  return Technology::read(root.section("technology"));
}

// sram_22nm.csv: itrs-lstp,32768,8: 0.0266947 mm2; 22nm.yaml: 1.684 and 1.579 um2 a bit.
TEST(AreaUnit, IsThatOfMacrosAndBits) {
  const std::vector<BlockInventory> blocks = {{"a", 1000, 0, {{{32768, 8}, 3}}, 0}, {"b", 500, 2000, {}, 2}};
  const ChipArea area = area_of(blocks, committed("22nm"));
  EXPECT_EQ(area.sram_bytes, 3u * 32768);
  EXPECT_NEAR(area.sram_mm2, 3 * 0.0266947, 1e-12);
  EXPECT_NEAR(area.registers_mm2, 1500 * 1.684e-6, 1e-12);
  EXPECT_NEAR(area.adders_mm2, 2000 * 1.579e-6, 1e-12);
  EXPECT_NEAR(area.total_mm2(), 0.0800841 + 0.002526 + 0.003158, 1e-12);
}

}  // namespace
}  // namespace spikeloom
