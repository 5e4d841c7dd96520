// What a DRAM device's events cost, from its currents (the usual IDD method: Micron TN-41-01).
#pragma once

#include "hw/dram/dram_spec.h"
#include "sim/base/technology.h"

namespace spikeloom {

// Every price with the formula and the source of its currents. mA x V x ns = pJ.
DramPrices dram_prices(const DramDeviceSpec& device);

}  // namespace spikeloom
