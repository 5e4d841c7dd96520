#include "hw/dram/dram_prices.h"

namespace spikeloom {

DramPrices dram_prices(const DramDeviceSpec& device) {
  const double tck = device.tck_ns(), ras = device.timing.tRAS * tck, rc = device.timing.tRC() * tck;
  const double bits_per_ns = device.idd4_mt_s * double(device.width_bits) / 1e3;
  DramPrices prices;
  std::string supplies;
  for (const DramRail& rail : device.rails) {
    prices.activate.pj += rail.volts * (rail.idd0 * rc - rail.idd3n * ras - rail.idd2n * (rc - ras));
    prices.read_bit.pj += rail.volts * (rail.idd4r - rail.idd3n) / bits_per_ns;
    prices.write_bit.pj += rail.volts * (rail.idd4w - rail.idd3n) / bits_per_ns;
    prices.refresh.pj += rail.volts * (rail.idd5 - rail.idd3n) * device.timing.tRFCab * tck;
    prices.active_clock.pj += rail.volts * (rail.idd3n - rail.idd2n) * tck;
    prices.standby_nw.pj += rail.volts * rail.idd2n * 1e6;  // mA x V = mW
    supplies += (supplies.empty() ? "" : " + ") + rail.name;
  }
  const auto source = [&](const std::string& formula) {
    return device.standard + ": " + formula + ", over " + supplies + "; currents: " + device.currents_source;
  };
  prices.activate.source = source("V x (IDD0 x tRC - IDD3N x tRAS - IDD2N x (tRC - tRAS))");
  prices.read_bit.source = source("V x (IDD4R - IDD3N) / (data rate x width)");
  prices.write_bit.source = source("V x (IDD4W - IDD3N) / (data rate x width)");
  prices.refresh.source = source("V x (IDD5 - IDD3N) x tRFCab");
  prices.active_clock.source = source("V x (IDD3N - IDD2N) x tCK");
  prices.standby_nw.source = source("V x IDD2N");
  return prices;
}

}  // namespace spikeloom
