// What the synapse array tells the neuron array, in the order in which the rigid pipeline between them delivers it.
#pragma once

#include <array>
#include <cstdint>

#include "hw/noc/message_tags.h"

namespace spikeloom {

// One weight row on its way to the slopes: `data` points into the weight SRAM, two 4-bit weights a byte.
struct WeightedRow {
  const uint8_t* data;
  uint8_t slot;           // token of the batch
  uint8_t slope;          // slope register
  bool negative;          // subtract
  bool unsigned_weights;  // `lo` row of a wide input
  uint8_t magnitude = 1;  // of the code; a spike adds the row once
  uint16_t half = 0;      // of kRealProducts: the binary16 factor
};

struct NeuronCommand {
  enum class Kind : uint8_t {
    kBatchStart,    // membranes of `tokens` tokens start at V0 of `pass`
    kWindowStart,   // slopes start empty; `shifts` and `group` hold until the next window
    kRows,          // `count` rows, one a cycle, the last one in this cycle
    kProducts,      // `count` rows times their magnitudes, timed and charged by the multiplier array
    kRealProducts,  // the same of binary16 factors; of a weight of several rows all rows, one after another
    kMark,          // V += sum S << shift, then slopes are kept or cleared; of codes with scales: a group ends
    kSliceEnd       // the slice is done; its load may be released, its batch may be complete
  };
  static constexpr int kMostRows = 32;

  Kind kind = Kind::kRows;
  uint8_t count = 0;
  uint8_t step = 0;
  int pass = 0, batch = 0, tokens = 0, group = 0;
  WindowShifts shifts;
  bool charged = true;        // of kMark: the updates happen now. Else they have happened product by product
  bool begins_group = false;  // of kWindowStart: codes of another group of scales begin
  bool batch_complete = false, releases_load = false;
  uint64_t load = 0, needs_fired = 0;
  std::array<WeightedRow, kMostRows> rows;
};

}  // namespace spikeloom
