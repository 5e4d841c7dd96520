// A technology: the price of each energy event with its source, an SRAM table by size and word, leakage and
// area.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sim/base/config.h"
#include "sim/base/energy_ledger.h"

namespace spikeloom {

struct SramRow {
  double bytes, word_bytes, read_pj, write_pj, leakage_mw, area_mm2;
};

// CACTI results on a grid of sizes and words, interpolated in the logarithms between grid points.
class SramTable {
 public:
  // Reads the rows of one cell type from a CSV file. Throws UserError naming file and line.
  static SramTable load(const std::string& file, const std::string& cell);

  // Interpolates all figures. Throws UserError when the macro lies outside the table.
  SramRow price(const SramMacro& macro, const std::string& block) const;

 private:
  const SramRow* at(double bytes, double word_bytes) const;
  std::string file_;
  std::vector<SramRow> rows_;
};

struct Price {
  double pj = 0;
  std::string source;
};

// What a DRAM device's events cost; they belong to the device, not to the chip's technology.
struct DramPrices {
  Price activate, read_bit, write_bit, refresh, active_clock;
  Price standby_nw;  // all banks closed
};

class Technology {
 public:
  // Reads a `technology` section and the SRAM table that it names. Throws UserError.
  static Technology read(ConfigNode& section);

  // Takes the prices of the chip's DRAM devices.
  void set_dram(const DramPrices& prices);

  // The price of one count of this counter, in pJ.
  double pj(const EnergyCounter& counter) const;
  // The source of that price, as the report shows it.
  std::string source(EnergyEvent event) const;
  double sram_leakage_mw(const SramMacro& macro, const std::string& block) const;
  double sram_area_mm2(const SramMacro& macro, const std::string& block) const;

  const std::string& name() const { return name_; }
  double register_bit_nw() const { return register_bit_.pj; }
  double adder_bit_nw() const { return adder_bit_.pj; }
  double register_bit_um2() const { return register_bit_um2_; }
  double adder_bit_um2() const { return adder_bit_um2_; }
  double dram_standby_nw() const { return dram_standby_.pj; }
  const std::string& sram_source() const { return sram_source_; }
  // The sources of the leakage figures, by name.
  std::vector<std::pair<std::string, Price>> leakage() const;

 private:
  std::string name_, sram_source_;
  std::array<Price, kEnergyEvents.size()> prices_;
  Price register_bit_, adder_bit_, dram_standby_;  // nW
  double register_bit_um2_ = 0, adder_bit_um2_ = 0;
  SramTable sram_;
};

}  // namespace spikeloom
