// The program of a layer on a chip: which outputs and inputs each tile works on, in which order.
//
// A *pass* gives every tile at most one lane group (outputs of one operation) and one *part* of the inputs. A part is
// cut into *windows* (sorted and integrated together), and runs of windows that fit half the weight SRAM form a
// *slice*, the unit that is loaded. Tokens go through a pass in *batches*. Operations that share an input are a
// *phase*: their spikes are multicast once to all tiles of a pass. With several parts, membranes are summed along a
// chain of tiles: part P-1 sends to P-2, and part 0 fires.
#pragma once

#include <string>
#include <vector>

#include "hw/noc/route_table.h"
#include "models/activation_code.h"
#include "models/spike_code.h"
#include "sim/base/trace.h"

namespace spikeloom {

struct Window {
  int first = 0, count = 0;  // inputs
  int group = 0;             // group of the trace that it lies in (shifts g and h)
};

struct Slice {
  int first = 0, count = 0;  // inputs
  std::vector<Window> windows;
  std::vector<int> wide;  // wide inputs, ascending: their `hi` rows follow the `count` rows
  int rows() const { return count + static_cast<int>(wide.size()); }
  // The row of input k, and of the `hi` row of wide input k.
  int row(int k) const { return k - first; }
  int wide_row(int k) const;
};

struct Part {
  std::vector<Slice> slices;
  int window_count() const;
  // The i-th window of the part.
  const Window& window(int i) const;
};

// Which sources (memory nodes) hold which inputs. With as many parts as sources or more, every part has one source;
// with fewer, a part's windows are shared out. Either way no tile waits for a source that is busy with another part,
// which could wait for this one.
struct SourceShare {
  int parts = 1, sources = 1;

  bool serves(int source, int part) const {
    return parts >= sources ? part % sources == source : source % parts == part;
  }
  // How many sources serve a part.
  int count(int part) const { return parts >= sources ? 1 : (sources - part + parts - 1) / parts; }
  // The highest source that serves a part: it holds inputs of every window, however small.
  int last(int part) const { return parts >= sources ? part % sources : part + (count(part) - 1) * parts; }
  // The parts of one source, numbered from 0.
  int index(int part) const { return parts >= sources ? part / sources : 0; }
};

// Inputs first .. first+count-1 of a window: codes in a source's buffers, rows in its DRAM.
struct InputRange {
  int first, count;
};
// What `source`, which serves the window's part, holds of it.
InputRange source_range(const Window& window, int part, int source, const SourceShare& share);

struct TileWork {
  int operation = -1;  // index into LayerTrace::operations; -1: the tile has nothing to do in this pass
  int first_output = 0, outputs = 0;
  int part = 0;
  int sends_partials_to = -1;  // tile of the part before, -1: this tile fires
  bool receives_partials = false;
  int sink = 0;  // source node that gets the outputs
};

struct Pass {
  int index = 0;
  int input = 0;  // index into LayerTrace::inputs
  int phase = 0;
  std::vector<TileWork> tiles;                 // [tile]
  std::vector<std::vector<int>> destinations;  // [part][source]: multicast set, -1 where the source has no part
};

struct Program {
  int tokens = 0, batch = 1, sources = 1;
  std::vector<int> phase_inputs;         // [phase]: input
  std::vector<std::vector<Part>> parts;  // [phase][part]
  std::vector<Pass> passes;
  std::vector<std::string> choices;  // [phase]: why this mapping, for the report

  int batches() const { return (tokens + batch - 1) / batch; }
  int batch_tokens(int index) const { return index + 1 < batches() ? batch : tokens - index * batch; }
  SourceShare share(const Pass& pass) const { return {static_cast<int>(pass.destinations.size()), sources}; }
  const Part& part(const Pass& pass, int index) const { return parts[pass.phase][index]; }
  // Whether the slices of a part stay in the weight SRAM for all batches.
  bool resident(const Pass& pass, int index) const { return part(pass, index).slices.size() <= 2; }
};

// One slice of one batch on one tile, in the order in which the tile works.
struct TileItem {
  int pass = 0, batch = 0, slice = 0;
  uint64_t load = 0;           // which load of the tile holds the slice; it lies in half load % 2
  bool first_slice = false;    // membranes start at V0
  bool last_slice = false;     // membranes are complete
  bool releases_load = false;  // last use of the load
  uint64_t needs_fired = 0;    // batches that must have fired before the load may be released
};

// One slice to be loaded into one tile, in the order in which sources load.
struct Load {
  int pass = 0, tile = 0, slice = 0;
  uint64_t index = 0;  // per tile
  bool first_of_pass = false;
};

std::vector<TileItem> tile_items(const Program& program, int tile);
std::vector<Load> load_order(const Program& program);

// What mapping needs to know of the chip.
struct MappingSpec {
  bool automatic = false;  // choose the input split by estimated cycles
  int input_split = 1;     // parts, when not automatic
};
struct TileLimits {
  int lanes = 0;
  int half_rows = 0;                // rows that half the weight SRAM holds
  int encoder_ports = 1;            // codes a cycle and memory node
  double dram_bytes_per_cycle = 1;  // all memory nodes together
};

// Maps the chosen operations of a layer. Throws UserError when they cannot be mapped.
Program make_program(const LayerTrace& layer, const MappingSpec& mapping, const TileLimits& limits, int token_batch,
                     const SpikeCode& code, const Topology& topology, RouteTable* routes);

}  // namespace spikeloom
