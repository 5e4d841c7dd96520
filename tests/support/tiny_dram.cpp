#include "tests/support/tiny_dram.h"

namespace spikeloom {

DramSpec tiny_dram() {
  DramSpec spec;
  DramDeviceSpec& device = spec.device;
  device.standard = "tiny";
  device.clock_mhz = 500;
  device.data_rate_mt_s = 4000;
  device.width_bits = device.burst_length = 16;
  device.banks = 4;
  device.rows = 1024;
  device.columns = 1024;
  DramTiming& t = device.timing;
  t.RL = t.tRCD = t.tRPpb = t.tRPab = 10;
  t.WL = 5;
  t.tCCD_S = t.tCCD_L = t.burst = 2;
  t.tRAS = 20;
  t.tRRD_S = t.tRRD_L = 4;
  t.tFAW = 16;
  t.tRTP = 4;
  t.tWR = 8;
  t.tWTR_S = t.tWTR_L = 4;
  t.tREFI = 1000000;
  t.tRFCab = 100;
  t.activate_command = t.column_command = t.precharge_command = t.refresh_command = 1;
  device.rails = {{"VDD", 1.0, 20, 10, 12, 100, 90, 50}};
  device.idd4_mt_s = 4000;
  device.currents_source = "made up";
  spec.interleave_bytes = 64;
  spec.scheduler = 1;
  spec.queue_depth = 16;
  spec.clock_mhz = 500;
  return spec;
}

}  // namespace spikeloom
