#include "hw/dram/dram_prices.h"

#include <gtest/gtest.h>

#include "tests/support/committed_dram.h"

namespace spikeloom {
namespace {

// LPDDR4-3200: tRAS 68 and tRC 97 clocks of 0.625 ns = 42.5 and 60.625 ns, tRFCab 280 ns; 51.2 bits a ns.
//   activate  1.8 x (3.5 x 60.625 - 2.25 x 42.5 - 2.0 x 18.125)   = 1.8 x 80.3125   =  144.5625
//             1.1 x (45 x 60.625 - 30 x 42.5 - 27 x 18.125)       = 1.1 x 963.75    = 1060.125
//   read      (1.8 x 0 + 1.1 x 245 + 1.1 x 149.25) / 51.2         = 433.675 / 51.2  = 8.4702 pJ/bit
//   write     (1.1 x 180 + 1.1 x 54.25) / 51.2                    = 257.675 / 51.2  = 5.0327 pJ/bit
//   refresh   (1.8 x 7.75 + 1.1 x 60) x 280                       = 79.95 x 280     = 22386 pJ
//   active    (1.8 x 0.25 + 1.1 x 3) x 0.625                      = 3.75 x 0.625    = 2.34375 pJ a clock
//   standby   1.8 x 2 + 1.1 x 27 + 1.1 x 0.75                     = 34.125 mW
TEST(DramPricesEnergy, ArePaperSumsOfTheCurrents) {
  const DramPrices prices = dram_prices(committed_dram("lpddr4_3200"));
  EXPECT_NEAR(prices.activate.pj, 144.5625 + 1060.125, 1e-6);
  EXPECT_NEAR(prices.read_bit.pj, 433.675 / 51.2, 1e-9);
  EXPECT_NEAR(prices.write_bit.pj, 257.675 / 51.2, 1e-9);
  EXPECT_NEAR(prices.refresh.pj, 22386, 1e-6);
  EXPECT_NEAR(prices.active_clock.pj, 2.34375, 1e-9);
  EXPECT_NEAR(prices.standby_nw.pj, 34.125e6, 1e-3);
}

// The burst currents of the LPDDR5 part are those of 7,500 Mb/s: 120 bits a ns.
//   read  (1.8 x 15.2 + 1.05 x 350 + 0.5 x 111.3) / 120 = 450.51 / 120
TEST(DramPricesEnergy, BurstsArePricedAtTheRateTheirCurrentsWereMeasuredAt) {
  EXPECT_NEAR(dram_prices(committed_dram("lpddr5_6400")).read_bit.pj, 450.51 / 120, 1e-9);
}

TEST(DramPricesEnergy, EverySourceNamesFormulaAndCurrents) {
  const DramPrices p = dram_prices(committed_dram("lpddr4_3200"));
  for (const Price* price : {&p.activate, &p.read_bit, &p.write_bit, &p.refresh, &p.active_clock, &p.standby_nw}) {
    EXPECT_NE(price->source.find("LPDDR4-3200: V x "), std::string::npos) << price->source;
    EXPECT_NE(price->source.find("over VDD1 + VDD2 + VDDQ; currents: DRAMSys"), std::string::npos) << price->source;
  }
}

}  // namespace
}  // namespace spikeloom
