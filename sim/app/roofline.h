// Rooflines: how many additions a cycle a phase of spikes reached, how many each resource would have allowed, and what
// its tiles did meanwhile.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "hw/chip/chip.h"

namespace spikeloom {

enum class Resource {
  kLanes,       // one addition a cycle and lane
  kWeightSram,  // one row read a cycle and tile, of float arrays one of each bank
  kMesh,        // one flit a cycle on the link that carried most of the phase's
  kKvCache,     // one word a cycle from the SRAM of keys and values of the memory node that read most of them
  kEncoders,    // one code or spike a cycle and stage of the encoder that had most of the phase's
  kDram,        // bytes at peak bandwidth
  kCount
};
constexpr std::array<const char*, static_cast<size_t>(Resource::kCount)> kResourceNames = {
    "lanes", "weight_sram", "mesh", "kv_cache", "encoders", "dram"};

// What a tile can do instead of adding a row.
enum class Gap { kIdle, kSpikes, kWeights, kMembrane, kOutput, kMarks, kCount };
constexpr std::array<const char*, static_cast<size_t>(Gap::kCount)> kGapNames = {
    "idle", "stalled_input", "stalled_weights", "stalled_membrane", "stalled_output", "busy_without_rows"};

struct Roofline {
  static constexpr double kGapToExplain = 0.2;

  uint64_t additions = 0, rows_read = 0;
  Cycle cycles = 0;  // from the phase's begin to the next one's
  uint64_t tiles = 0;
  ArrayWork arrays;  // of all tiles
  // Cycles that a resource takes at least for what was counted for the phase. Weights and flits that came before the
  // phase began count too, so that a phase can take less.
  std::array<double, kResourceNames.size()> least_cycles{};
  std::string busiest_link;

  double achieved() const { return double(additions) / double(cycles); }  // additions per cycle
  // Additions per cycle at most; 0 where nothing was counted.
  double bound(size_t resource) const {
    return least_cycles[resource] > 0 ? double(additions) / least_cycles[resource] : 0;
  }
  size_t lowest() const;  // the resource with the lowest bound
  // Achieved over the lowest bound.
  double reached() const { return least_cycles[lowest()] / double(cycles); }
  bool has_gap() const { return reached() < 1 - kGapToExplain; }
  Cycle gap_cycles(Gap gap) const;  // of all tiles
  Gap largest_gap() const;
  double gap_share(Gap gap) const { return double(gap_cycles(gap)) / (double(tiles) * double(cycles)); }
};

// One for each phase of the program; those of the vector unit have tile cycles only. Throws std::logic_error when tile
// cycles, additions or rows of phases do not add up to those of the run (a bug).
std::vector<Roofline> make_rooflines(const Chip& chip);

}  // namespace spikeloom
