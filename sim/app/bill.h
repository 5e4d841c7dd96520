// The bill of a run: counts times prices, summed by block, group, phase and window of cycles.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "hw/chip/chip.h"
#include "sim/base/technology.h"

namespace spikeloom {

using GroupEnergies = std::array<double, kEnergyGroupNames.size()>;  // pJ

// One event of one block; or its static power (events "leakage" and, of DRAM, "background"; count = cycles).
struct BillLine {
  std::string block, event;
  EnergyGroup group;
  uint64_t count = 0;
  double unit_pj = 0;
  double pj() const { return count * unit_pj; }
};

// What a block and event took in one window of one phase.
struct WindowLine {
  Cycle window_begin;
  uint32_t phase;
  size_t line;  // index into Bill::lines, or beyond them into Bill::chip_static
  uint64_t count;
};

struct Bill {
  std::vector<BillLine> lines;        // by block, then event
  std::vector<BillLine> chip_static;  // leakage and background of all blocks together, as the windows list them
  std::vector<WindowLine> windows;    // by window, phase, then line
  GroupEnergies groups{};
  std::vector<GroupEnergies> phases;
  double total_pj = 0;

  const BillLine& line(const WindowLine& window) const {
    return window.line < lines.size() ? lines[window.line] : chip_static[window.line - lines.size()];
  }
};

// What a block takes of the chip, mm2: cells and macros alone, no wires between them.
struct BlockArea {
  std::string block;
  double sram = 0, registers = 0, adders = 0;
  double total() const { return sram + registers + adders; }
};
BlockArea sum_of(const std::vector<BlockArea>& areas);
std::vector<BlockArea> block_areas(const std::vector<BlockInventory>& blocks, const Technology& technology);

// DRAM's background power, which runs whatever the chip does.
double background_pj(const Bill& bill);

// Looks up the price of everything the chip has, so that a missing one is found before the simulation.
void check_prices(Chip& chip, const Technology& technology);

// Prices a finished run. Throws std::logic_error when blocks, groups, phases and windows do not add up to the same
// total (a bug), UserError when a memory lies outside the technology's SRAM table.
Bill make_bill(Chip& chip, const Technology& technology);

// What every counter of a finished run counted, and its cycles: counts.csv. A price is looked up by counter, since
// counters of one block and event may stand for several memories.
struct StoredCounts {
  struct Row {
    size_t counter;  // in the order in which the chip made them
    std::string block, event;
    uint64_t count;
  };
  std::vector<Row> rows;
  Cycle cycles = 0;

  static StoredCounts of(const Chip& chip);
  // Throws UserError when `folder` holds no counts.csv, or one that is not whole as a run wrote it.
  static StoredCounts read(const std::string& folder);
  std::string csv() const;
  // Cycles and counts, added up: the last row of counts.csv.
  uint64_t total() const;
  // Gives the counters of a chip that has not run these counts. Throws UserError when it does not have one of them.
  void give_to(EnergyLedger& ledger) const;
};

// The lines, groups and total (no phases, no windows) that stored counts cost on a chip that has not run: in another
// technology, or with other sizes that change no count. Throws UserError as give_to does.
Bill price_counts(Chip& chip, const Technology& technology, const StoredCounts& counts);

}  // namespace spikeloom
