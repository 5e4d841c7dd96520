// The area of a chip's blocks.
#include <gtest/gtest.h>

#include "sim/app/bill.h"

namespace spikeloom {
namespace {

// 22 nm: two banks of 32 KB with 64-byte words, 0.0276 mm2 each (CACTI, run apart from the committed table); 1,000
// flip-flops of 5.981 um2 and 100 adder bits of 5.608 um2 at 40 nm, times (22 / 45)^2.
TEST(AreaUnit, ABlockTakesItsMacrosRegistersAndAdders) {
  ConfigNode root = ConfigNode::load(SPIKELOOM_SOURCE_DIR "/configs/energy/22nm.yaml");
  const Technology technology = Technology::read(root.section("technology"));
  const auto areas =
      block_areas({{"chip.tile", 1000, 100, {{{32768, 64}, 2}}, 0}, {"chip.dram", 0, 0, {}, 1}}, technology);
  const double shrink = (22.0 / 45) * (22.0 / 45);
  ASSERT_EQ(areas.size(), 2u);
  EXPECT_NEAR(areas[0].sram, 2 * 0.0276, 0.001);
  EXPECT_NEAR(areas[0].registers, 1000 * 5.981e-6 * shrink, 1e-5);
  EXPECT_NEAR(areas[0].adders, 100 * 5.608e-6 * shrink, 1e-6);
  EXPECT_DOUBLE_EQ(areas[0].total(), areas[0].sram + areas[0].registers + areas[0].adders);
  EXPECT_EQ(areas[1].total(), 0);  // devices are not on the chip
}

}  // namespace
}  // namespace spikeloom
