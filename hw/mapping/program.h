// The program of a layer on a chip: which outputs and inputs each tile works on, in which order.
//
// A *pass* gives every tile at most one lane group (outputs of one operation) and one *part* of the inputs. A part is
// cut into *windows* (sorted and integrated together), and runs of windows that fit half the weight SRAM form a
// *slice*, the unit that is loaded. Rows of activations (tokens; in attention tokens times heads of a group) go through
// a pass in *batches*. Operations that share an input are a *phase*: their spikes are multicast once to all tiles of a
// pass. With several parts, membranes are summed along a chain of tiles: part P-1 sends to P-2, and part 0 fires. The
// blocks of attention are split into parts each for itself. What no row of a batch sees (causal attention) is neither
// sent nor computed.
//
// Between such phases the program has phases of the vector unit, one for each entry of the trace's list. Each memory
// node keeps the outputs and the residual stream of its own tokens (token m is node m % nodes') and does the vector
// unit's work for them; codes then go to the nodes that hold the inputs' windows. A phase begins when the one before
// has ended in every memory node.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "hw/noc/message_tags.h"
#include "hw/noc/route_table.h"
#include "models/activation_code.h"
#include "models/spike_code.h"
#include "sim/base/bits.h"
#include "sim/base/trace.h"

namespace spikeloom {

struct Window {
  int first = 0, count = 0;  // inputs
  int group = 0;             // group of the trace that it lies in (shifts g and h, or scales)
};

struct Slice {
  int first = 0, count = 0;  // inputs
  std::vector<Window> windows;
  int planes = 1;         // rows of an input, one after another
  std::vector<int> wide;  // wide inputs, ascending: their `hi` rows follow all others
  int rows() const { return planes * count + static_cast<int>(wide.size()); }
  // The first row of input k, and the `hi` row of wide input k.
  int row(int k) const { return planes * (k - first); }
  int wide_row(int k) const;
};

struct Part {
  int block = 0;
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
  int block = 0;           // of the inputs
  int first_of_block = 0;  // first_output, counted from its block's first
  int part = 0;
  int sends_partials_to = -1;       // tile of the part before, -1: this tile fires
  int receives_partials_from = -1;  // tile of the part behind, -1: this is the last part
  int sink = 0;  // memory node of output messages before the network interface gives them their token's

  bool fires() const { return operation >= 0 && sends_partials_to < 0; }
};

// The tiles of a part in one pass, and how a source reaches the first 1, 2, ... of them: all of them, or where later
// ones have positions that a batch does not see, those that have work.
struct Destinations {
  std::vector<int> tiles;              // by first output
  std::vector<std::vector<int>> sets;  // [source][tiles reached - 1]: multicast set; [source] empty if it has no part
};

struct Pass {
  int index = 0;
  int input = 0;  // index into LayerTrace::inputs
  int phase = 0;
  std::vector<TileWork> tiles;             // [tile]
  std::vector<Destinations> destinations;  // [part]
};

// What one memory node's vector unit does in a phase: its own tokens.
struct VectorShare {
  int64_t elements = 0, vectors = 0;
};

// What was chosen for a phase of spikes and why, in words: "input split 2 (auto)"; what phases share is apart from
// their own numbers.
struct PhaseChoice {
  std::string split, placement, side;
  std::string size, side_bits;  // what the split and the side format take
  std::string cost;             // of split and placement as estimated, and of the next best
  bool weighed = false;         // there was a next best

  std::string text() const;  // empty of a phase of the vector unit
};

struct Phase {
  int input = -1;  // index into LayerTrace::inputs; of the vector unit: that it makes for a later phase, or -1
  int rows = 0;
  int block_inputs = 0;
  std::vector<Part> parts;
  SideFormat side_format = SideFormat::kMask;  // of the packed codes, as side_choice.h chooses it
  PhaseChoice choice;                          // for the report
  Causal causal = Causal::kNone;
  int first_position = 0, rows_per_token = 1;
  int loads_after = -1;  // phase that makes the keys or values that this one loads; -1: weights, which are there

  int vector_work = -1;                    // index into LayerTrace::vector_unit; -1: a phase of spikes
  std::vector<VectorShare> vector_shares;  // [node]
  int reader = -1;                         // phase that the codes, keys or values are for
  bool makes_cache = false;                // keys or values, which the reader loads as weights

  bool is_vector() const { return vector_work >= 0; }
  int seen(int row) const { return first_position + row / rows_per_token + 1; }
};

struct Program {
  int tokens = 0, batch = 1, sources = 1;
  std::vector<Phase> phases;
  std::vector<Pass> passes;

  const Phase& phase(const Pass& pass) const { return phases[pass.phase]; }
  int batches(const Pass& pass) const { return static_cast<int>(ceil_div(phase(pass).rows, batch)); }
  int batch_rows(const Pass& pass, int index) const { return std::min(batch, phase(pass).rows - index * batch); }
  int last_row(const Pass& pass, int index) const { return index * batch + batch_rows(pass, index) - 1; }
  SourceShare share(const Pass& pass) const { return {static_cast<int>(pass.destinations.size()), sources}; }
  const Part& part(const Pass& pass, int index) const { return phase(pass).parts[index]; }
  // Whether the slices of a part stay in the weight SRAM for all batches.
  bool resident(const Pass& pass, int index) const { return part(pass, index).slices.size() <= 2; }

  // The memory node that keeps a token, or the token of a row; how many tokens a node keeps.
  int keeper(int token) const { return token % sources; }
  int row_keeper(const Phase& phase, int row) const { return keeper(row / phase.rows_per_token); }
  int tokens_kept(int node) const { return (tokens - node + sources - 1) / sources; }

  // Outputs of a tile's work that a row has: those that its token sees. They are the first ones.
  int outputs(const Pass& pass, const TileWork& work, int row) const;
  int batch_outputs(const Pass& pass, const TileWork& work, int index) const {
    return outputs(pass, work, last_row(pass, index));
  }
  // Inputs of a window that a row, or a row of the batch, has: the first ones.
  Window seen_window(const Phase& phase, const Part& part, const Window& window, int row) const;
  Window seen_window(const Pass& at, int part_index, const Window& window, int index) const {
    return seen_window(phase(at), part(at, part_index), window, last_row(at, index));
  }
  // Windows of a slice and of a part with such inputs: the first ones.
  int windows(const Pass& pass, int part, const Slice& slice, int index) const;
  int windows(const Pass& pass, int part, int index) const;
  // Whether a tile has anything to do in a batch.
  bool works(const Pass& pass, int tile, int index) const;
  // Whether a tile gets partial membranes for a batch: not when the rows see no input of the next part.
  bool receives(const Pass& pass, const TileWork& work, int index) const {
    return work.receives_partials_from >= 0 &&
           (phase(pass).causal != Causal::kInputs || windows(pass, work.part + 1, index) > 0);
  }
  // The multicast set for a batch; -1 where no tile of the part has work, or the source no inputs of it.
  int destination(const Pass& pass, int part, int source, int index) const;
  // Whether the source sends spikes of the part in this batch.
  bool sends(const Pass& pass, int part, int source, int index) const {
    return destination(pass, part, source, index) >= 0;
  }
};

// One slice of one batch on one tile, in the order in which the tile works.
struct TileItem {
  int pass = 0, batch = 0, slice = 0;
  int windows = 0;             // of the slice, that the batch has
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
// The windows that a tile works on, in order.
std::vector<WindowTag> tile_windows(const Program& program, int tile);
std::vector<Load> load_order(const Program& program);

// What travels from memory nodes to tiles.
enum class Payload { kAddressEvents, kBitmap, kPackedCodes };

// What mapping needs to know of the chip.
struct MappingSpec {
  bool automatic = false;  // choose the input split by estimated cost
  int input_split = 1;     // parts, when not automatic
  int placement = 0;       // index into placement_names()
};
struct TileLimits {
  int lanes = 0;
  int half_rows = 0;                // rows that half the weight SRAM holds
  int encoder_ports = 1;            // codes a cycle and memory node
  double dram_bytes_per_cycle = 1;  // all memory nodes together
  bool multiplies = false;          // codes that tiles multiply: no marks, no encoders
  WeightPacking packing = WeightPacking::kFourBits;
  Payload payload = Payload::kAddressEvents;
  int link_bits = 128, packet_flits = 16;  // a packet's first flit carries no weights
  int membrane_bits = 32;                  // that a partial sum travels in
  int threshold_bits = 24;
  // That a memory node's vector unit takes for its share of a phase.
  std::function<double(VectorKind, const VectorShare&)> vector_cycles = [](VectorKind, const VectorShare& share) {
    return double(share.elements);
  };
  int node_cycles = 5, hop_cycles = 3;  // of a flit alone: over no link between routers, and for each

  bool encodes_in_tiles() const { return payload == Payload::kPackedCodes && !multiplies; }
  double link_bytes_per_cycle() const { return link_bits / 8.0 * (packet_flits - 1) / packet_flits; }
};

// Maps the chosen operations of a layer, which check_mapping (hw/chip/chip.h) has let pass.
Program make_program(const LayerTrace& layer, const MappingSpec& mapping, const TileLimits& limits, int token_batch,
                     const SpikeCode& code, const Topology& topology, RouteTable* routes);

}  // namespace spikeloom
