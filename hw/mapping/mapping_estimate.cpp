#include "hw/mapping/mapping_estimate.h"

#include <algorithm>
#include <cmath>

#include "hw/mapping/parts.h"
#include "hw/mapping/passes.h"
#include "hw/mapping/traffic.h"
#include "hw/spike_encoder/spike_stream.h"
#include "models/mac_layer.h"

namespace spikeloom {

namespace {

// Registered FIFOs between a tile's array and its network interface: one cycle on the way in, one on the way out.
constexpr int kFifoCycles = 2;

// Slopes that one of so many values is expected to add to: that of normal values, those of digits, and each exponent of
// salient ones, which as many values share as are salient.
double active_slopes(const InputTrace& input, double values) {
  const CodeFormat format = CodeFormat::of(input);
  const int digits = format.digits ? 2 : 0, exponents = format.slope_bases() - 1 - digits;
  if (exponents <= 0) return format.slope_bases();
  return 1 + digits + exponents * (1 - std::pow(1 - input.salient_share / exponents, values));
}

}  // namespace

SplitEstimate::SplitEstimate(const PhaseWork& work, int split)
    : work_(work),
      limits_(work.limits),
      input_(work.input()),
      split_(split),
      parts_(make_parts(input_, split, limits_.half_rows)),
      share_{static_cast<int>(parts_.size()), work.topology.sources()} {
  for (const Part& part : parts_) loads_.push_back(load_of(part));
  for (int p = 0; p < split; ++p)  // of the first block: the others are alike
    row_cycles_ = std::max({row_cycles_, integration(parts_[p], loads_[p]), streams() * encoding(loads_[p])});
  loading_cycles_ = loading();
}

MappingEstimate SplitEstimate::placed(const std::vector<int>& order) const {
  const std::vector<Pass> passes = make_passes(work_.groups, input_, split_, order);
  const double batches = double(ceil_div(work_.rows(), work_.batch)), count = double(passes.size());
  Traffic loads(work_.topology), work(work_.topology);
  double chains = 0;  // of all passes
  for (const Pass& pass : passes) {
    double slowest = 0;
    for (size_t tile = 0; tile < pass.tiles.size(); ++tile)
      if (pass.tiles[tile].fires()) slowest = std::max(slowest, chain_cycles(pass, static_cast<int>(tile)));
    chains += batches * slowest;
    add_loads(pass, &loads);
    add_work(pass, &work);
  }
  MappingEstimate estimate;
  estimate.split = split_;
  estimate.passes = static_cast<int>(passes.size());
  estimate.flit_hops = loads.flit_hops() + work.flit_hops();
  estimate.after = work_.before;
  size_t slices = 0;  // of the part that has most
  for (const Part& part : parts_) slices = std::max(slices, part.slices.size());
  const auto [least, most] = std::minmax_element(
      loads_.begin(), loads_.end(), [](const PartLoad& a, const PartLoad& b) { return a.reads < b.reads; });
  estimate.least_reads = least->reads;
  estimate.most_reads = most->reads;
  const double load_cycles = std::max(loading_cycles_, loads.busiest_flits()) / count;
  const double work_cycles = std::max({count * work_.rows() * row_cycles_, chains, work.busiest_flits()}) / count;
  for (size_t pass = 0; pass < passes.size(); ++pass) {
    if (input_.causal != Causal::kNone)
      estimate.after.add_late_pass(load_cycles, work_cycles);
    else
      estimate.after.add_pass(static_cast<int>(slices), load_cycles, work_cycles);
  }
  estimate.cycles = estimate.after.worked() - work_.before.worked();
  return estimate;
}

SplitEstimate::PartLoad SplitEstimate::load_of(const Part& part) const {
  PartLoad load;
  const int block = part.block * input_.block_inputs();
  // Rows that see the input at a position of its block.
  const auto seeing = [&](int position) {
    if (input_.causal != Causal::kInputs) return work_.rows();
    return std::clamp((work_.layer.tokens - position + input_.first_position) * input_.rows_per_token, 0, work_.rows());
  };
  for (const Slice& slice : part.slices) {
    load.rows += slice.rows();
    for (int k = slice.first; k < slice.first + slice.count; ++k) {
      const double seen = double(seeing(k - block)) / work_.rows();
      const double spikes = seen * work_.spikes[size_t(k)];
      load.inputs += seen;
      load.spikes += spikes;
      load.weight_rows += spikes * (input_.planes + input_.is_wide(k));
    }
  }
  if (part.slices.size() > 2) load.reads = static_cast<int>(ceil_div(work_.rows(), work_.batch));
  load.receiving = double(seeing(part.slices[0].first - block)) / work_.rows();
  if (!limits_.multiplies)
    load.marks = part.window_count() * work_.code.steps(CodeFormat::of(input_).largest_magnitude());
  load.stream_flits = stream_flits(part, load);
  return load;
}

// A window's head flit, and behind it spikes and marks, or packed codes with a bit each that marks salient ones.
double SplitEstimate::stream_flits(const Part& part, const PartLoad& load) const {
  const int nodes = share_.count(0), windows = part.window_count();
  const double inputs = load.inputs / nodes * work_.batch, spikes = load.spikes / nodes * work_.batch;
  if (limits_.payload == Payload::kPackedCodes)
    return windows + inputs * (input_.mac ? input_.code_bits(part.slices[0].first) : input_.main_code_bits() + 1) /
                         limits_.link_bits;
  StreamFormat format;
  format.code = CodeFormat::of(input_);
  format.range.count = static_cast<int>(ceil_div(part.window(0).count, nodes));
  format.slots = work_.batch;
  format.link_bits = limits_.link_bits;
  if (limits_.payload == Payload::kAddressEvents) return windows + (spikes + load.marks) / format.events_per_flit();
  const double mask_bits = inputs * (load.marks / windows) * (format.code.digits ? 2 : 1);
  return windows + (mask_bits + spikes * (format.slope_bits() + format.sign_bits())) / limits_.link_bits;
}

// Cycles in which a tile adds rows, and at each mark a slope a cycle to the membranes.
double SplitEstimate::integration(const Part& part, const PartLoad& load) const {
  return load.weight_rows + load.marks * active_slopes(input_, load.inputs / part.window_count());
}

// Parts that an encoder has in a pass: those of its memory node, shared out among the node's ports; in a tile the
// tile's.
double SplitEstimate::streams() const {
  if (limits_.encodes_in_tiles()) return 1;
  const int chains = work_.topology.tiles() / split_;
  const int blocks = static_cast<int>(ceil_div(chains * input_.blocks, int(work_.groups.size())));
  const int parts = split_ * std::min(input_.blocks, blocks);
  return double(ceil_div(ceil_div(parts, share_.sources), limits_.encoder_ports));
}

// Cycles in which an encoder takes a code each, or emits a spike or mark each.
double SplitEstimate::encoding(const PartLoad& load) const {
  if (limits_.multiplies || input_.recorded()) return 0;
  const int nodes = limits_.encodes_in_tiles() ? 1 : share_.count(0);
  return std::max(load.inputs / nodes, load.spikes / nodes + load.marks);
}

// Cycles in which weights are read from DRAM, as often as need be, and parameters once, and travel. Memory nodes load
// side by side, each the parts that it holds; nodes that hold one part together load the same tile at a time, and share
// the link into it. The last of them sends the parameters.
double SplitEstimate::loading() const {
  double row_bytes = 0, parameter_bytes = 0;  // of a block
  for (const OperationTrace& operation : work_.layer.operations)
    if (operation.input == work_.input_index) {
      row_bytes += double(packed_bytes(limits_.packing, operation.outputs)) / input_.blocks;
      parameter_bytes += double(operation.outputs) / input_.blocks * parameter_bits(operation) / 8;
    }
  std::vector<double> read(share_.sources, 0), sent(share_.sources, 0);
  for (int p = 0; p < share_.parts; ++p)
    for (int node = 0; node < share_.sources; ++node)
      if (share_.serves(node, p)) {
        const double parameters = has_parameters(p) ? parameter_bytes : 0;
        const double rows = double(loads_[p].reads) * loads_[p].rows * row_bytes;
        read[node] += rows / share_.count(p) + (node == share_.last(p) ? parameters : 0);
        sent[node] += rows + parameters;
      }
  return std::max(*std::max_element(read.begin(), read.end()) / (limits_.dram_bytes_per_cycle / share_.sources),
                  *std::max_element(sent.begin(), sent.end()) / limits_.link_bytes_per_cycle());
}

// Of an output: threshold, initial membrane and weight shifts of all groups; of products what scales them.
int SplitEstimate::parameter_bits(const OperationTrace& operation) const {
  if (operation.neuron == Neuron::kRunningSum) return 0;
  if (input_.mac) return mac_parameter_bits(input_);
  return limits_.threshold_bits + limits_.membrane_bits + (operation.h ? 2 * input_.groups() : 0);
}

// Cycles from the end of a batch in a chain's first tile to that of the next one: along every link a grant and a
// message back, then firing, a bit a cycle, and the outputs' message. Further tokens of a batch follow each other.
double SplitEstimate::chain_cycles(const Pass& pass, int first_tile) const {
  const TileWork& first = pass.tiles[first_tile];
  const int bits = work_.layer.operations[first.operation].output_bits;
  const double firing = 1 + bits + message_flits(first, bits), sums = message_flits(first, limits_.membrane_bits);
  double cycles = firing;
  int links = 0;
  for (int tile = first_tile; pass.tiles[tile].receives_partials_from >= 0; ++links) {
    const int from = pass.tiles[tile].receives_partials_from;
    cycles += loads_[pass.tiles[from].part].receiving * (latency(tile, from, 1) + latency(from, tile, sums));
    tile = from;
  }
  const double next_token = std::max(firing + (links > 0 ? sums : 0), links > 1 ? 2 * sums : 0);
  return cycles + (std::min(work_.batch, work_.rows()) - 1) * next_token;
}

void SplitEstimate::add_loads(const Pass& pass, Traffic* traffic) const {
  for (size_t tile = 0; tile < pass.tiles.size(); ++tile) {
    const TileWork& at = pass.tiles[tile];
    if (at.operation < 0) continue;
    const double rows = loads_[at.part].rows * double(packed_bytes(limits_.packing, at.outputs));
    const double parameters =
        has_parameters(at.part) ? at.outputs * parameter_bits(work_.layer.operations[at.operation]) / 8.0 : 0;
    for (int source = 0; source < share_.sources; ++source) {
      if (!share_.serves(source, at.part)) continue;
      const double bytes =
          loads_[at.part].reads * rows / share_.count(at.part) + (source == share_.last(at.part) ? parameters : 0);
      traffic->unicast(work_.topology.source_node(source), static_cast<int>(tile),
                       bytes / limits_.link_bytes_per_cycle());
    }
  }
}

// Spikes, and what follows from them.
void SplitEstimate::add_work(const Pass& pass, Traffic* traffic) const {
  const double rows = work_.rows(), batches = double(ceil_div(work_.rows(), work_.batch));
  for (int p = 0; p < share_.parts; ++p)
    for (int source = 0; source < share_.sources; ++source)
      if (share_.serves(source, p))
        traffic->multicast(work_.topology.source_node(source), pass.destinations[p].tiles,
                           batches * loads_[p].stream_flits);
  for (size_t i = 0; i < pass.tiles.size(); ++i) {
    const TileWork& at = pass.tiles[i];
    if (at.operation < 0) continue;
    const int tile = static_cast<int>(i), ahead = at.sends_partials_to;
    if (at.fires()) {
      const double flits = message_flits(at, work_.layer.operations[at.operation].output_bits);
      for (int source = 0; source < share_.sources; ++source)
        traffic->unicast(tile, work_.topology.source_node(source), rows / share_.sources * flits);
    } else {
      const double receiving = loads_[at.part].receiving;
      traffic->unicast(tile, ahead, receiving * rows * message_flits(at, limits_.membrane_bits));
      traffic->unicast(ahead, tile, receiving * batches);
    }
  }
}

// Of a message with a value of so many bits for every output that a row sees, on average.
double SplitEstimate::message_flits(const TileWork& work, int bits) const {
  double outputs = work.outputs;
  if (input_.causal == Causal::kOutputs) {
    outputs = 0;
    for (int m = 0; m < work_.layer.tokens; ++m)
      outputs += std::clamp(input_.first_position + m + 1 - work.first_of_block, 0, work.outputs);
    outputs /= work_.layer.tokens;
  }
  return 1 + std::ceil(outputs * bits / limits_.link_bits);
}

double SplitEstimate::latency(int from, int to, double flits) const {
  return kFifoCycles + limits_.node_cycles + work_.topology.hops(from, to) * limits_.hop_cycles + flits - 1;
}

}  // namespace spikeloom
