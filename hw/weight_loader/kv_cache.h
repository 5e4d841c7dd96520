// Keys and values of the layer: which slices of them lie in a memory node's SRAM, and what a phase that makes new ones
// writes.
//
// Keys and values are loaded as weights. Where the SRAM has room for a slice (in load order) its rows lie there, else
// in DRAM (weight_layout.h); thresholds always lie in DRAM. Keys lie position by position, so that a new one is written
// in one piece; a tile's rows are dimensions, so that all of a slice must be read before its first row can be sent.
#pragma once

#include <vector>

#include "hw/mapping/program.h"
#include "hw/weight_loader/weight_layout.h"
#include "sim/base/config.h"
#include "sim/base/energy_ledger.h"

namespace spikeloom {

struct KvCacheSpec {
  int64_t bytes = 0;  // SRAM for keys and values of all layers; 0: they lie in DRAM
  int word_bytes = 0;
  int layers = 1;  // that share it equally

  uint64_t layer_bytes() const { return uint64_t(bytes / layers); }
  SramMacro sram() const { return {uint64_t(bytes), uint64_t(word_bytes)}; }

  // Reads a `kv_cache` section. Throws UserError.
  static KvCacheSpec read(ConfigNode& section);
};

// New positions of one slice: `bytes` bytes in SRAM or, from `address` on, in DRAM.
struct KvWrite {
  bool in_sram = false;
  uint64_t address = 0, bytes = 0;
};

// What one memory node writes in a phase that makes keys or values (Phase::makes_cache).
std::vector<KvWrite> kv_writes(const Program& program, const WeightLayout& layout, const Phase& phase);

}  // namespace spikeloom
