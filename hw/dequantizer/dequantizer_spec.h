// What turns sums of products into binary32, and adds those of groups; section tile.dequantizer.
#pragma once

#include "sim/base/config.h"

namespace spikeloom {

struct DequantizerSpec {
  int lanes = 1;           // outputs whose sums become binary32 in a cycle
  int latency_cycles = 1;  // from a sum to its y

  static DequantizerSpec read(ConfigNode& section) {
    DequantizerSpec spec;
    spec.lanes = int(section.integer("lanes", 1, 4096));
    spec.latency_cycles = int(section.integer("latency_cycles", 1, 32));
    return spec;
  }
};

}  // namespace spikeloom
