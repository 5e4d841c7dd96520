#include "sim/app/bill.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>
#include <tuple>

namespace spikeloom {

namespace {

// Static power of a block on the chip, pJ per cycle: nW * ns = 1e-6 pJ.
double leakage_pj_per_cycle(const BlockInventory& block, const Technology& technology, double clock_mhz) {
  double nw = block.register_bits * technology.register_bit_nw() + block.adder_bits * technology.adder_bit_nw();
  for (const auto& [macro, count] : block.srams) nw += count * technology.sram_leakage_mw(macro, block.block) * 1e6;
  return nw * (1e3 / clock_mhz) * 1e-6;
}

// Standby power of DRAM channels, all banks closed, pJ per cycle.
double background_pj_per_cycle(const BlockInventory& block, const Technology& technology, double clock_mhz) {
  return block.dram_channels * technology.dram_standby_nw() * (1e3 / clock_mhz) * 1e-6;
}

void add_events(Chip& chip, const Technology& technology, Bill* bill) {
  const auto& counters = chip.ledger().counters();
  std::vector<size_t> line_of(counters.size());
  std::map<std::tuple<std::string, int, double>, std::vector<size_t>> merged;
  for (size_t i = 0; i < counters.size(); ++i) {
    if (counters[i]->total() == 0) continue;
    merged[{counters[i]->block(), int(counters[i]->event()), technology.pj(*counters[i])}].push_back(i);
  }
  for (const auto& [key, members] : merged) {
    const auto& [block, event, unit_pj] = key;
    BillLine line{block, info(EnergyEvent(event)).name, info(EnergyEvent(event)).group, 0, unit_pj};
    for (const size_t member : members) {
      line.count += counters[member]->total();
      line_of[member] = bill->lines.size();
    }
    bill->lines.push_back(line);
  }
  std::map<std::tuple<Cycle, uint32_t, size_t>, uint64_t> windows;
  for (const EnergyRecord& record : chip.ledger().records())
    windows[{record.window_begin, record.phase, line_of[record.counter]}] += record.count;
  for (const auto& [key, count] : windows)
    bill->windows.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), count});
}

// Leakage and DRAM background of `cycles`: a line per block, and one for the whole chip.
void add_static_lines(Chip& chip, const Technology& technology, Cycle cycles, Bill* bill) {
  const double mhz = chip.spec().clock_mhz;
  BillLine leakage{"chip", "leakage", EnergyGroup::kLeakage, cycles, 0};
  BillLine background{"chip", "background", EnergyGroup::kDram, cycles, 0};
  for (const BlockInventory& block : chip.blocks()) {
    const double leaks = leakage_pj_per_cycle(block, technology, mhz);
    const double idles = background_pj_per_cycle(block, technology, mhz);
    if (leaks > 0) bill->lines.push_back({block.block, "leakage", EnergyGroup::kLeakage, cycles, leaks});
    if (idles > 0) bill->lines.push_back({block.block, "background", EnergyGroup::kDram, cycles, idles});
    leakage.unit_pj += leaks;
    background.unit_pj += idles;
  }
  bill->chip_static = {leakage, background};
}

// The windows of the whole chip's static power; those that span phases are cut.
void add_static_windows(Chip& chip, Bill* bill) {
  const Cycle window = chip.ledger().window_cycles();
  for (size_t phase = 0; phase < chip.program().phases.size(); ++phase)
    for (Cycle at = chip.phase_span(phase).begin; at < chip.phase_span(phase).end;) {
      const Cycle end = std::min(chip.phase_span(phase).end, (at / window + 1) * window);
      for (size_t line = 0; line < bill->chip_static.size(); ++line)
        bill->windows.push_back({at - at % window, uint32_t(phase), bill->lines.size() + line, end - at});
      at = end;
    }
  std::sort(bill->windows.begin(), bill->windows.end(), [](const WindowLine& a, const WindowLine& b) {
    return std::tie(a.window_begin, a.phase, a.line) < std::tie(b.window_begin, b.phase, b.line);
  });
}

void add_up(Bill* bill) {
  for (const BillLine& line : bill->lines) {
    bill->groups[size_t(line.group)] += line.pj();
    bill->total_pj += line.pj();
  }
}

// What the counters say by themselves, block by block, without the bill's lines and windows.
double counted_pj(Chip& chip, const Technology& technology) {
  std::map<std::string, double> blocks;
  for (const auto& counter : chip.ledger().counters())
    blocks[counter->block()] += double(counter->total()) * technology.pj(*counter);
  for (const BlockInventory& block : chip.blocks())
    blocks[block.block] += double(chip.cycles()) * (leakage_pj_per_cycle(block, technology, chip.spec().clock_mhz) +
                                                    background_pj_per_cycle(block, technology, chip.spec().clock_mhz));
  double sum = 0;
  for (const auto& [block, pj] : blocks) sum += pj;
  return sum;
}

void check_equal(double a, double b, const char* what) {
  if (std::abs(a - b) > 1e-9 * std::max(std::abs(a), std::abs(b)))
    throw std::logic_error(std::string("the bill's ") + what + " do not add up to its total");
}

// Where a chip's configuration describes a block's memory: chip.tile_0_0.synapse_array at tile.synapse_array.
std::string section_of(const std::string& block) {
  const std::string inside = block.substr(std::min(block.size(), block.find('.') + 1));
  const std::string name = inside.substr(std::min(inside.size(), inside.find('.') + 1));
  if (name.rfind("encoder", 0) == 0) return "encoder";
  if (inside.rfind("memory_", 0) == 0) return "memory_node." + name;
  return "tile." + (name == "mac_array" ? "synapse_array" : name);
}

// The same of the memory that an event reads or writes: the key of its bytes, where it has one of its own.
std::string memory_of(EnergyEvent event, const std::string& block) {
  switch (event) {
    case EnergyEvent::kWeightRowRead:
    case EnergyEvent::kWeightRowWrite:
      return "tile.synapse_array.weight_bytes";
    case EnergyEvent::kWeightBufferRead:
    case EnergyEvent::kWeightBufferWrite:
      return "memory_node.weight_loader.buffer_bytes";
    case EnergyEvent::kKvCacheRead:
    case EnergyEvent::kKvCacheWrite:
      return "memory_node.kv_cache.bytes";
    case EnergyEvent::kActivationMainRead:
    case EnergyEvent::kActivationMainWrite:
      return "encoder.main_bytes";
    case EnergyEvent::kActivationSideRead:
    case EnergyEvent::kActivationSideWrite:
      return "encoder.side_bytes";
    case EnergyEvent::kEncoderIndexRead:
    case EnergyEvent::kEncoderIndexWrite:
      return "encoder.index_bytes";
    case EnergyEvent::kGlobalBufferRead:
    case EnergyEvent::kGlobalBufferWrite:
      return "memory_node.global_buffer.bytes";
    case EnergyEvent::kVectorBufferRead:
    case EnergyEvent::kVectorBufferWrite:
      return "memory_node.vector_unit.buffer_bytes";
    default:
      return section_of(block);
  }
}

}  // namespace

BlockArea sum_of(const std::vector<BlockArea>& areas) {
  BlockArea sum;
  for (const BlockArea& block : areas) {
    sum.sram += block.sram;
    sum.registers += block.registers;
    sum.adders += block.adders;
  }
  return sum;
}

double background_pj(const Bill& bill) {
  double pj = 0;
  for (const BillLine& line : bill.lines)
    if (line.event == "background") pj += line.pj();
  return pj;
}

std::vector<BlockArea> block_areas(const std::vector<BlockInventory>& blocks, const Technology& technology) {
  std::vector<BlockArea> areas;
  for (const BlockInventory& block : blocks) {
    BlockArea area{block.block, 0, double(block.register_bits) * technology.register_bit_um2() * 1e-6,
                   double(block.adder_bits) * technology.adder_bit_um2() * 1e-6};
    for (const auto& [macro, count] : block.srams) area.sram += count * technology.sram_area_mm2(macro, block.block);
    areas.push_back(area);
  }
  return areas;
}

void check_prices(Chip& chip, const Technology& technology) {
  const auto check = [&chip](const std::string& path, const auto& look_up) {
    try {
      look_up();
    } catch (const UserError& error) {
      chip.spec().section.fail_below(path, error.what());
    }
  };
  for (const auto& counter : chip.ledger().counters())
    check(memory_of(counter->event(), counter->block()), [&] { technology.pj(*counter); });
  for (const BlockInventory& block : chip.blocks())
    check(section_of(block.block), [&] { leakage_pj_per_cycle(block, technology, 1); });
}

Bill price_counts(Chip& chip, const Technology& technology, const StoredCounts& counts) {
  counts.give_to(chip.ledger());
  Bill bill;
  add_events(chip, technology, &bill);
  bill.windows.clear();  // counts were stored without them
  add_static_lines(chip, technology, counts.cycles, &bill);
  add_up(&bill);
  return bill;
}

Bill make_bill(Chip& chip, const Technology& technology) {
  Bill bill;
  add_events(chip, technology, &bill);
  add_static_lines(chip, technology, chip.cycles(), &bill);
  add_static_windows(chip, &bill);
  bill.phases.assign(chip.program().phases.size(), GroupEnergies{});
  double windows_pj = 0;
  add_up(&bill);
  for (const WindowLine& window : bill.windows) {
    const BillLine& line = bill.line(window);
    bill.phases[window.phase][size_t(line.group)] += window.count * line.unit_pj;
    windows_pj += window.count * line.unit_pj;
  }
  double phases_pj = 0;
  for (const GroupEnergies& phase : bill.phases) phases_pj += std::accumulate(phase.begin(), phase.end(), 0.0);
  check_equal(counted_pj(chip, technology), bill.total_pj, "blocks");
  check_equal(windows_pj, bill.total_pj, "windows");
  check_equal(phases_pj, bill.total_pj, "phases");
  check_equal(std::accumulate(bill.groups.begin(), bill.groups.end(), 0.0), bill.total_pj, "groups");
  return bill;
}

}  // namespace spikeloom
