// What the memory nodes have received: the output codes of every operation, and when each phase was complete.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/energy_ledger.h"

namespace spikeloom {

struct LayerResult {
  std::vector<std::vector<int>> outputs;   // [operation][M * N]
  std::vector<std::vector<bool>> arrived;  // [operation][M * N]
  std::vector<std::vector<float>> sums;    // [operation][M * N] y of tiles that dequantize, before it is rounded
  std::vector<Cycle> phase_begin, phase_end;
  uint64_t received = 0, expected = 0;  // output codes
};

}  // namespace spikeloom
