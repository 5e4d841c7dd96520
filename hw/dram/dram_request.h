// What goes to DRAM and comes back. The values themselves are not carried: a simulated block knows them already.
#pragma once

#include <cstdint>

namespace spikeloom {

// `bytes` bytes from `address` on; whole bursts are moved, whatever part of them is asked for.
struct DramRequest {
  uint64_t address = 0;
  uint32_t bytes = 0;  // > 0
  bool write = false;
  uint64_t id = 0;     // of its first burst; burst i of the request answers with id + i
  uint16_t phase = 0;  // whose energy it is
};

// One burst: its read data are there, or its write data have been taken.
struct DramResponse {
  uint64_t id = 0;
  uint16_t phase = 0;  // the request's
  bool write = false;
};

}  // namespace spikeloom
