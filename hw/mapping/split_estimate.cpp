#include "hw/mapping/split_estimate.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "hw/mapping/parts.h"
#include "models/activation_code.h"

namespace spikeloom {

namespace {

// Measured on the committed layer: about three of four digits are not zero. Only the choice of a mapping uses it.
constexpr double kAssumedDensity = 0.75;

// What a row of activations brings to a part, on average over the rows: inputs that it sees, and at the assumed density
// spikes (or digits to be multiplied) and the weight rows that they read. A digit counts as one spike, as `ttfs` sends
// it; `count` and `radix` may send more.
struct PartLoad {
  double inputs = 0, spikes = 0, weight_rows = 0;
};

PartLoad load_of(const SplitWork& work, const Part& part) {
  const InputTrace& input = work.input;
  PartLoad load;
  for (const Slice& slice : part.slices)
    for (int k = slice.first; k < slice.first + slice.count; ++k) {
      const int position = k - part.block * input.block_inputs();
      int rows = work.rows();
      if (input.causal == Causal::kInputs)
        rows = std::clamp((work.layer.tokens - position + input.first_position) * input.rows_per_token, 0, rows);
      const double seen = double(rows) / work.rows(), digits = kAssumedDensity * (1 + input.two_digits(k));
      load.inputs += seen;
      load.spikes += seen * digits;
      load.weight_rows += seen * digits * (input.planes + input.is_wide(k));
    }
  return load;
}

// Slopes that one of so many values is expected to add to: that of normal values, those of digits, and each exponent of
// salient ones, which as many values share as are salient.
double active_slopes(const InputTrace& input, double values) {
  const CodeFormat format = CodeFormat::of(input);
  const int digits = format.digits ? 2 : 0, exponents = format.slope_bases() - 1 - digits;
  if (exponents <= 0) return format.slope_bases();
  return 1 + digits + exponents * (1 - std::pow(1 - input.salient_share / exponents, values));
}

int marks_of(const SplitWork& work, const Part& part) {
  if (work.limits.multiplies) return 0;
  return part.window_count() * work.code.steps(CodeFormat::of(work.input).largest_magnitude());
}

// Cycles in which a tile adds rows, and at each mark a slope a cycle to the membranes.
double integration(const SplitWork& work, const Part& part) {
  const PartLoad load = load_of(work, part);
  return load.weight_rows + marks_of(work, part) * active_slopes(work.input, load.inputs / part.window_count());
}

// Parts that an encoder has in a pass: those of its memory node, shared out among the node's ports; in a tile the
// tile's.
double streams(const SplitWork& work, int split) {
  if (work.limits.encodes_in_tiles) return 1;
  const int blocks = static_cast<int>(ceil_div(work.tiles / split * work.input.blocks, work.groups));
  const int parts = split * std::min(work.input.blocks, blocks);
  return double(ceil_div(ceil_div(parts, work.sources), work.limits.encoder_ports));
}

// Cycles in which an encoder takes a code each, or emits a spike or mark each.
double encoding(const SplitWork& work, const Part& part, int nodes) {
  if (work.limits.multiplies || work.input.recorded()) return 0;
  const PartLoad load = load_of(work, part);
  return std::max(load.inputs / nodes, load.spikes / nodes + marks_of(work, part));
}

// Cycles in which the array behind a tile's sums takes the partial sums of the part after, and fires a bit a cycle.
double firing(const SplitWork& work, int split) {
  int outputs = 0, bits = 0;
  for (const OperationTrace& operation : work.layer.operations)
    if (operation.input == work.phase_input) {
      outputs = std::max(outputs, std::min(work.limits.lanes, operation.outputs / work.input.blocks));
      bits = std::max(bits, operation.output_bits);
    }
  const auto flits = [&](int each) { return 1 + double(ceil_div(outputs * each, work.limits.link_bits)); };
  return (split > 1 ? flits(work.limits.membrane_bits) : 0) + 1 + bits + flits(bits);
}

// Cycles in which weights are read from DRAM once and travel. Memory nodes load side by side, each the parts that it
// holds; nodes that hold one part together load the same tile at a time, and share the link into it.
double loading(const SplitWork& work, const std::vector<Part>& parts) {
  const SourceShare share{static_cast<int>(parts.size()), work.sources};
  double row_bytes = 0;
  for (const OperationTrace& operation : work.layer.operations)
    if (operation.input == work.phase_input)
      row_bytes += double(packed_bytes(work.limits.packing, operation.outputs)) / work.input.blocks;
  std::vector<double> read(work.sources, 0), sent(work.sources, 0);
  for (int p = 0; p < share.parts; ++p) {
    double bytes = 0;
    for (const Slice& slice : parts[p].slices) bytes += slice.rows() * row_bytes;
    for (int node = 0; node < work.sources; ++node)
      if (share.serves(node, p)) {
        read[node] += bytes / share.count(p);
        sent[node] += bytes;
      }
  }
  return std::max(*std::max_element(read.begin(), read.end()) / (work.limits.dram_bytes_per_cycle / work.sources),
                  *std::max_element(sent.begin(), sent.end()) / work.limits.link_bytes_per_cycle());
}

}  // namespace

// What integrates, encodes and fires works on rows of activations at once, and weights are loaded beside it, once, or
// once a batch where a part does not stay in the weight SRAM. The slowest counts.
SplitEstimate estimate_split(const SplitWork& work, int split) {
  const std::vector<Part> parts = make_parts(work.input, split, work.limits.half_rows);
  const int nodes = work.limits.encodes_in_tiles ? 1 : SourceShare{int(parts.size()), work.sources}.count(0);
  const int passes = static_cast<int>(ceil_div(work.groups, work.tiles / split));
  const int reads = parts[0].slices.size() <= 2 ? 1 : static_cast<int>(ceil_div(work.rows(), work.batch));
  double row = firing(work, split);
  for (int p = 0; p < split; ++p)  // of the first block: the others are alike
    row = std::max({row, integration(work, parts[p]), streams(work, split) * encoding(work, parts[p], nodes)});
  return {split, passes, reads, std::max(passes * row * work.rows(), reads * loading(work, parts))};
}

}  // namespace spikeloom
