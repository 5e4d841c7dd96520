// Where the weights and parameters of a layer lie in a memory node's DRAM, and what travels of each.
//
// What a tile's slice needs lies together, as it travels: with a pass's first slice the parameters (thresholds, initial
// membranes, weight shifts; where this node sends them), then the rows that this node holds, message by message, each
// message padded to whole flits. Slices follow each other in load order, each from a new burst on; one that is loaded
// again, for a later batch, is read again from where it lies (DEVIATIONS 10).
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "hw/mapping/program.h"
#include "hw/neuron_array/neuron_spec.h"
#include "sim/base/bits.h"
#include "sim/base/trace.h"

namespace spikeloom {

// Consecutive rows of a slice that travel in one message.
struct RowMessage {
  int first_row = 0, rows = 0;  // of the tile's weight SRAM
  int from = 0;                 // the first one's number in the operation's weights
};

// Bits that a layer's weights take. A weight of 8 or 16 bits stands in 2 or 4 rows, one of a digit pair's input in 2.
struct WeightBits {
  uint64_t rows_of_weights = 0;  // weights of all rows
  double needed = 0;             // log2 of the values that a weight can have, of each
  uint64_t packed = 0;           // in rows of whole bytes, with the exponent of rows that have one
  uint64_t in_flits = 0;         // in messages of whole flits, as they lie in DRAM and travel
  uint64_t in_sram = 0;          // in whole rows of a tile's weight SRAM

  WeightBits& operator+=(const WeightBits& other);
};

class WeightLayout {
 public:
  struct Place {
    uint64_t address = 0;                         // of the parameters, behind them of the rows
    uint32_t parameter_bytes = 0, row_bytes = 0;  // 0: this node has none
    bool in_sram = false;                         // keys or values whose rows lie in the SRAM for them instead

    uint64_t row_address() const { return address + parameter_bytes; }  // where they lie in DRAM
  };

  // `cache_bytes`: of the SRAM for keys and values.
  WeightLayout(const LayerTrace& layer, const Program& program, int source, const NeuronArraySpec& neurons,
               WeightPacking packing, int link_bits, int burst_bytes, uint64_t cache_bytes);

  // The first load of every slice, in load order.
  const std::vector<Load>& slices() const { return slices_; }
  // Where the load's slice lies.
  const Place& place(const Load& load) const { return places_.at({load.pass, load.tile, load.slice}); }
  // From address 0 on.
  uint64_t bytes() const { return bytes_; }
  // Rows of keys and values in their SRAM, and in DRAM.
  uint64_t cached_bytes() const { return cached_bytes_; }
  uint64_t uncached_bytes() const { return uncached_bytes_; }
  // Of this node's weights, each loaded once, into tiles of so many lanes.
  WeightBits weight_bits(int lanes) const;
  // Whether a load's rows are dimensions of keys, which lie position by position.
  bool transposes(const Load& load) const;

  std::vector<RowMessage> row_messages(const Load& load) const;
  // Of a message as it lies and travels: whole flits.
  uint32_t message_bytes(const Load& load, const RowMessage& message) const {
    return in_flits(uint64_t(message.rows) * row_bytes(load) * 8);
  }
  // Of a row as it travels: the tile's weights, then the row's exponent where rows have them.
  int row_bytes(const Load& load) const;
  // Whether the load brings parameters from this node, and their bits: thresholds, initial membranes, weight shifts; or
  // scales and column sums.
  bool has_parameters(const Load& load) const;
  uint64_t parameter_bits(const Load& load) const;

 private:
  uint32_t in_flits(uint64_t bits) const {
    return uint32_t(ceil_div(bits, uint64_t(link_bits_)) * uint64_t(link_bits_) / 8);
  }

  const LayerTrace& layer_;
  const Program& program_;
  int source_;
  NeuronArraySpec neurons_;
  WeightPacking packing_;
  int link_bits_;
  std::map<std::tuple<int, int, int>, Place> places_;  // [pass, tile, slice]
  std::vector<Load> slices_;
  uint64_t bytes_ = 0, cached_bytes_ = 0, uncached_bytes_ = 0;
};

}  // namespace spikeloom
