// The tag of codes and spikes: which window of which batch they belong to. 48 bits of a head flit.
#pragma once

#include <cstdint>

namespace spikeloom {

struct WindowTag {
  int pass = 0, part = 0, window = 0, batch = 0;

  static constexpr int kMostPasses = 1 << 12, kMostParts = 1 << 6, kMostWindows = 1 << 10, kMostBatches = 1 << 20;

  uint64_t pack() const {
    return uint64_t(pass) | uint64_t(part) << 12 | uint64_t(window) << 18 | uint64_t(batch) << 28;
  }
  static WindowTag unpack(uint64_t tag) {
    return {int(tag & 4095), int(tag >> 12 & 63), int(tag >> 18 & 1023), int(tag >> 28 & 0xfffff)};
  }
  bool operator==(const WindowTag& other) const { return pack() == other.pack(); }
};

}  // namespace spikeloom
