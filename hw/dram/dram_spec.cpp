#include "hw/dram/dram_spec.h"

#include <cmath>

#include "hw/dram/mapping/address_mapping.h"
#include "hw/dram/page/page_policy.h"
#include "hw/dram/schedulers/scheduler.h"

namespace spikeloom {

namespace {

constexpr int kMostBanks = 32;

// `{ns: 18, clocks: 4, source: ...}`: the larger of both, as the standards write it; either may be left out.
int clocks(ConfigNode& timing, const std::string& key, double mhz, bool round_down = false) {
  ConfigNode& value = timing.section(key);
  value.text("source");
  if (!value.has("ns") && !value.has("clocks")) value.fail("needs ns, clocks, or both (the larger holds)");
  const int least = value.has("clocks") ? int(value.integer("clocks", 0, 1000000)) : 0;
  const double exact = value.has("ns") ? value.real("ns", 0, 1e7) * mhz / 1e3 : 0;
  return std::max(least, int(round_down ? std::floor(exact + 1e-6) : std::ceil(exact - 1e-6)));
}

// With bank groups a constraint has two values, without them one.
void clocks(ConfigNode& timing, const std::string& key, double mhz, bool groups, int* between, int* within) {
  *between = clocks(timing, groups ? key + "_S" : key, mhz);
  *within = groups ? clocks(timing, key + "_L", mhz) : *between;
}

DramTiming read_timing(ConfigNode& timing, const DramDeviceSpec& device) {
  const double mhz = device.clock_mhz;
  const bool groups = device.bank_groups > 1;
  DramTiming t;
  t.RL = clocks(timing, "RL", mhz);
  t.WL = clocks(timing, "WL", mhz);
  t.tDQSCK = clocks(timing, "tDQSCK", mhz);
  t.tDQSS = clocks(timing, "tDQSS", mhz);
  t.tWPRE = clocks(timing, "tWPRE", mhz);
  clocks(timing, "tCCD", mhz, groups, &t.tCCD_S, &t.tCCD_L);
  t.tRCD = clocks(timing, "tRCD", mhz);
  t.tRPpb = clocks(timing, "tRPpb", mhz);
  t.tRPab = clocks(timing, "tRPab", mhz);
  t.tRAS = clocks(timing, "tRAS", mhz);
  clocks(timing, "tRRD", mhz, groups, &t.tRRD_S, &t.tRRD_L);
  t.tFAW = clocks(timing, "tFAW", mhz);
  t.tRTP = clocks(timing, "tRTP", mhz);
  t.tWR = clocks(timing, "tWR", mhz);
  clocks(timing, "tWTR", mhz, groups, &t.tWTR_S, &t.tWTR_L);
  t.tREFI = clocks(timing, "tREFI", mhz, true);
  t.tRFCab = clocks(timing, "tRFCab", mhz);
  t.burst = int(ceil_div(uint64_t(device.burst_length * mhz), uint64_t(device.data_rate_mt_s)));
  ConfigNode& commands = timing.section("command_clocks");
  t.activate_command = int(commands.integer("activate", 1, 16));
  t.column_command = int(commands.integer("column", 1, 16));
  t.precharge_command = int(commands.integer("precharge", 1, 16));
  t.refresh_command = int(commands.integer("refresh", 1, 16));
  commands.text("source");
  if (t.tCCD_S < t.burst)
    timing.fail_at(groups ? "tCCD_S" : "tCCD",
                   std::to_string(t.tCCD_S) + " clocks: a burst takes " + std::to_string(t.burst) + " on the data bus");
  // From a refresh to the next one a row is opened, a burst written or read, and the row closed.
  const int64_t row = int64_t{t.tRCD} + std::max<int64_t>({t.tRAS, t.tRTP, int64_t{t.WL} + t.burst + t.tWR});
  if (t.tREFI <= t.tRFCab + t.tRPab + row)
    timing.fail_at("tREFI", std::to_string(t.tREFI) + " clocks leave no time for a burst between refreshes: " +
                                std::to_string(t.tRFCab + t.tRPab + row + 1) +
                                " or more do (tRFCab, tRPab, and a row opened, used and closed)");
  return t;
}

void read_currents(ConfigNode& currents, DramDeviceSpec* device) {
  device->currents_source = currents.text("source");
  device->idd4_mt_s = int(currents.integer("idd4_mt_s", 1, 100000));
  for (ConfigNode& item : currents.items("rails")) {
    DramRail rail;
    rail.name = item.text("name");
    rail.volts = item.real("volts", 0, 10);
    rail.idd0 = item.real("idd0", 0, 1e4);
    rail.idd2n = item.real("idd2n", 0, 1e4);
    rail.idd3n = item.real("idd3n", rail.idd2n, 1e4);
    rail.idd4r = item.real("idd4r", rail.idd3n, 1e4);
    rail.idd4w = item.real("idd4w", rail.idd3n, 1e4);
    rail.idd5 = item.real("idd5", rail.idd3n, 1e4);
    const DramTiming& t = device->timing;
    const double background = (rail.idd3n * t.tRAS + rail.idd2n * t.tRPpb) / t.tRC();
    if (rail.idd0 < background)
      item.fail_at("idd0",
                   "is less than the standby currents alone draw over tRC (" + std::to_string(background) + ")");
    device->rails.push_back(rail);
  }
  if (device->rails.empty()) currents.fail_at("rails", "names no supply");
}

}  // namespace

DramDeviceSpec DramDeviceSpec::read(ConfigNode& section) {
  DramDeviceSpec device;
  device.standard = section.text("standard");
  device.clock_mhz = section.real("clock_mhz", 1, 10000);
  device.data_rate_mt_s = int(section.integer("data_rate_mt_s", 1, 100000));
  ConfigNode& geometry = section.section("geometry");
  geometry.text("source");
  device.width_bits = int(geometry.integer("width_bits", 8, 1024));
  device.burst_length = int(geometry.integer("burst_length", 1, 64));
  device.bank_groups = int(geometry.integer("bank_groups", 1, 8));
  device.banks = int(geometry.integer("banks", 1, kMostBanks));
  device.rows = int(geometry.integer("rows", 1, 1 << 24));
  device.columns = int(geometry.integer("columns", device.burst_length, 1 << 16));
  if (device.width_bits % 8 != 0) geometry.fail_at("width_bits", "must be a multiple of 8");
  if (device.banks % device.bank_groups != 0) geometry.fail_at("banks", "must be a multiple of bank_groups");
  if (device.columns % device.burst_length != 0) geometry.fail_at("columns", "must be a multiple of burst_length");
  device.timing = read_timing(section.section("timing"), device);
  read_currents(section.section("currents"), &device);
  return device;
}

DramSpec DramSpec::read(ConfigNode& section, double clock_mhz) {
  DramSpec spec;
  spec.clock_mhz = clock_mhz;
  spec.device = DramDeviceSpec::read(section.section("device"));
  spec.channels = int(section.integer("channels", 1, DramSpec::kMostChannels));
  const int burst = spec.device.burst_bytes();
  spec.interleave_bytes = int(section.integer("interleave_bytes", burst, 1 << 20));
  if (spec.interleave_bytes % burst != 0 || spec.device.bytes() % spec.interleave_bytes != 0)
    section.fail_at("interleave_bytes", "must be whole bursts of " + std::to_string(burst) +
                                            " bytes and divide a device of " + std::to_string(spec.device.bytes()));
  spec.mapping = section.choice("mapping", mapping_names());
  spec.page_policy = section.choice("page_policy", page_policy_names());
  spec.scheduler = section.choice("scheduler", scheduler_names());
  spec.queue_depth = int(section.integer("queue_depth", 1, 256));
  return spec;
}

}  // namespace spikeloom
