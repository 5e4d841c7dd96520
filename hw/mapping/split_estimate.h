// What splitting the inputs of a phase is estimated to take, from what limits a tile, an encoder, a link and DRAM; no
// value of the layer is looked at.
#pragma once

#include "hw/mapping/program.h"

namespace spikeloom {

// A phase whose inputs may be split: what it is, and what works on it.
struct SplitWork {
  const LayerTrace& layer;
  const InputTrace& input;
  const TileLimits& limits;
  const SpikeCode& code;
  int phase_input;     // index of `input` in the layer
  int groups;          // lane groups of the operations that share the input
  int tiles, sources;  // of the chip; sources: memory nodes
  int batch;           // rows of activations that one weight read serves

  int rows() const { return layer.tokens * input.rows_per_token; }
};

struct SplitEstimate {
  int split = 0;
  int passes = 0;
  int reads = 0;  // times that every weight comes from DRAM
  double cycles = 0;
};

// `split` parts of each block; at most `tiles`, and as many as the input has.
SplitEstimate estimate_split(const SplitWork& work, int split);

}  // namespace spikeloom
