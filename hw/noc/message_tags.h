// What head flits say besides their destination: a 48-bit tag by type of message, and the shifts of a window.
#pragma once

#include <array>
#include <cstdint>

#include "sim/base/bits.h"

namespace spikeloom {

// Codes and spikes: which window of which batch they belong to.
struct WindowTag {
  int pass = 0, part = 0, window = 0, batch = 0;

  static constexpr int kMostPasses = 1 << 12, kMostParts = 1 << 10, kMostWindows = 1 << 10, kMostBatches = 1 << 16;

  uint64_t pack() const {
    return uint64_t(pass) | uint64_t(part) << 12 | uint64_t(window) << 22 | uint64_t(batch) << 32;
  }
  static WindowTag unpack(uint64_t tag) {
    return {int(tag & 4095), int(tag >> 12 & 1023), int(tag >> 22 & 1023), int(tag >> 32 & 0xffff)};
  }
  bool operator==(const WindowTag& other) const { return pack() == other.pack(); }
};

// What a weight packet's tag says: which load of the tile (modulo 2^16), from which source, and which rows.
struct WeightTag {
  uint64_t load = 0;
  int source = 0;
  int row = 0, rows = 0;
  static constexpr int kMostRows = 1 << 14;
  uint64_t pack() const {
    return (load & 0xffff) << 32 | uint64_t(source) << 28 | uint64_t(rows) << 14 | uint64_t(row);
  }
  static WeightTag unpack(uint64_t tag) {
    return {tag >> 32, int(tag >> 28 & 15), int(tag & (kMostRows - 1)), int(tag >> 14 & (kMostRows - 1))};
  }
};

// What an output packet's tag says: which pass, tile and row of activations.
struct OutputTag {
  int pass = 0, tile = 0, row = 0;
  static constexpr int kMostTiles = 1 << 12;
  uint64_t pack() const { return uint64_t(pass) | uint64_t(tile) << 12 | uint64_t(row) << 24; }
  static OutputTag unpack(uint64_t tag) { return {int(tag & 4095), int(tag >> 12 & 4095), int(tag >> 24)}; }
};

// E, E7 and g of each token of a batch, as the head flit of a window carries them.
struct WindowShifts {
  static constexpr int kBits = 8;  // per token: E 3, E7 3, g 2
  static constexpr int kMostTokens = 16;
  std::array<uint8_t, kMostTokens> E{}, E7{}, g{};

  void pack(int tokens, uint64_t* bits) const;
  static WindowShifts unpack(int tokens, const uint64_t* bits);
};

inline void WindowShifts::pack(int tokens, uint64_t* bits) const {
  for (int t = 0; t < tokens; ++t) put_bits(bits, t * kBits, kBits, E[t] | E7[t] << 3 | g[t] << 6);
}

inline WindowShifts WindowShifts::unpack(int tokens, const uint64_t* bits) {
  WindowShifts shifts;
  for (int t = 0; t < tokens; ++t) {
    const uint64_t packed = get_bits(bits, t * kBits, kBits);
    shifts.E[t] = packed & 7;
    shifts.E7[t] = packed >> 3 & 7;
    shifts.g[t] = packed >> 6 & 3;
  }
  return shifts;
}

}  // namespace spikeloom
