// What a mapping of a phase is estimated to cost: an input split, and the order in which tiles are taken. Of the values
// of the layer nothing is looked at but how many spikes each input has on average.
//
// Cycles   that the phase adds to those before it. What integrates, encodes, hands partial sums on and fires works on
//          rows of activations at once, and no link carries more than a flit a cycle; the slowest counts. Weights are
//          loaded beside it, ahead as far as the weight SRAM has room (timeline.h), once, or once a batch where a part
//          does not stay there. A vector unit takes the cycles in which its passes issue.
// Chains   sum a batch at a time (output_array.h): from the first tile a grant goes to each tile behind, then each
//          tile's whole message back to the one before, and only then comes the next batch. So every link of a chain
//          takes the time of two messages that meet no other, and hops count twice.
// Hops     of the flits of weights and parameters, spikes, partial sums, grants and outputs, over the links that each
//          takes (traffic.h); they go as the network's energy does. Releases and the vector unit's messages are left
//          out: they hardly depend on the mapping.
#pragma once

#include <vector>

#include "hw/mapping/program.h"
#include "hw/mapping/timeline.h"
#include "hw/mapping/traffic.h"

namespace spikeloom {

// A phase to be mapped: what it is, and what works on it.
struct PhaseWork {
  const LayerTrace& layer;
  const TileLimits& limits;
  const SpikeCode& code;
  const Topology& topology;
  int input_index;               // in the layer
  int batch;                     // rows of activations that one weight read serves
  Timeline before;               // of the phases that are mapped already
  std::vector<TileWork> groups;  // lane groups of the operations that share the input
  std::vector<double> spikes;    // [input] mean_spikes (models/spike_count.h)

  const InputTrace& input() const { return layer.inputs[input_index]; }
  int rows() const { return layer.tokens * input().rows_per_token; }
};

struct MappingEstimate {
  int split = 0;
  int passes = 0;
  int least_reads = 0, most_reads = 0;  // times that a weight comes from DRAM: those of a part that stays, once
  double cycles = 0, flit_hops = 0;
  Timeline after;
};

// `split` parts of each block of the input: at most as many as there are tiles, and as it has.
class SplitEstimate {
 public:
  SplitEstimate(const PhaseWork& work, int split);

  // With chains of tiles in this order.
  MappingEstimate placed(const std::vector<int>& order) const;

 private:
  // What a row of activations brings to a part, on average over the rows: inputs that it sees, spikes (or digits to be
  // multiplied) and the weight rows that they read.
  struct PartLoad {
    double inputs = 0, spikes = 0, weight_rows = 0;
    double receiving = 0;     // share of the rows that see an input of the part
    double stream_flits = 0;  // that each of its memory nodes sends for a batch
    int rows = 0;             // of weights
    int reads = 1;            // of each of them
    int marks = 0;
  };

  PartLoad load_of(const Part& part) const;
  double stream_flits(const Part& part, const PartLoad& load) const;
  double integration(const Part& part, const PartLoad& load) const;
  double streams() const;
  double encoding(const PartLoad& load) const;
  double loading() const;
  int parameter_bits(const OperationTrace& operation) const;
  bool has_parameters(int part) const { return !input_.mac || part % split_ == 0; }
  double chain_cycles(const Pass& pass, int first_tile) const;
  void add_loads(const Pass& pass, Traffic* traffic) const;
  void add_work(const Pass& pass, Traffic* traffic) const;
  double message_flits(const TileWork& work, int bits) const;
  double latency(int from, int to, double flits) const;

  const PhaseWork& work_;
  const TileLimits& limits_;
  const InputTrace& input_;
  int split_;
  std::vector<Part> parts_;
  SourceShare share_;
  std::vector<PartLoad> loads_;  // [part]
  double row_cycles_ = 0;        // integration and encoding of a row in a pass, whichever takes longer
  double loading_cycles_ = 0;    // all weights, as often as they are read
};

}  // namespace spikeloom
