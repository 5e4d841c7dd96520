#include "hw/mapping/split_choice.h"

#include <algorithm>
#include <string>

#include "hw/mapping/parts.h"

namespace spikeloom {

namespace {

// Measured on the committed layer: about three of four codes are not zero. Only the choice of a mapping uses it.
constexpr double kAssumedDensity = 0.75;
// Parts that the automatic choice takes for speed.
constexpr int kUsualParts = 8;

// Cycles of a phase: a tile takes rows at the assumed density and, of spikes, marks with all slopes active; an encoder
// port takes one code a cycle; DRAM delivers the weights, once, or once a batch where a part does not stay in the
// weight SRAM. The slowest counts.
SplitEstimate estimate(const InputTrace& input, int groups, int split, int tiles, const TileLimits& limits, int sources,
                       const SpikeCode& code, int activation_rows, int batch, double weight_bytes) {
  const CodeFormat format = CodeFormat::of(input);
  const std::vector<Part> parts = make_parts(input, split, limits.half_rows);
  const int passes = static_cast<int>(ceil_div(groups, tiles / split));
  const double marks =
      limits.multiplies ? 0 : parts[0].window_count() * code.steps(format.largest_magnitude()) * format.slope_bases();
  const double rows = ceil_div(input.block_inputs(), split) * kAssumedDensity;
  const SourceShare share{static_cast<int>(parts.size()), sources};
  const double parts_per_pass = std::min<double>(parts.size(), tiles);
  const double streams = ceil_div(ceil_div(uint64_t(parts_per_pass), sources), limits.encoder_ports);
  const bool decoded = !limits.multiplies && !input.recorded();
  const double codes = !decoded ? 0 : double(ceil_div(input.block_inputs(), split)) / share.count(0) * streams;
  const int reads = parts[0].slices.size() <= 2 ? 1 : static_cast<int>(ceil_div(activation_rows, batch));
  const double loads = weight_bytes * reads / limits.dram_bytes_per_cycle;
  return {split, passes, reads, std::max(passes * std::max(rows + marks, codes) * activation_rows, loads)};
}

std::string reason(const InputTrace& input, const MappingSpec& mapping, int split) {
  if (input.in_order) return "binary32 sums in index order";
  if (input.causal == Causal::kOutputs) return "of causal scores";
  if (mapping.automatic) return "auto";
  if (split == mapping.input_split) return "as configured";
  return std::to_string(mapping.input_split) + " configured, the input has no more parts";
}

std::string counted(int number, const char* one, const char* several) {
  return std::to_string(number) + " " + (number == 1 ? one : several);
}

}  // namespace

SplitEstimate choose_split(const LayerTrace& layer, const MappingSpec& mapping, const TileLimits& limits,
                           int phase_input, int groups, int tiles, int sources, const SpikeCode& code, int batch,
                           PhaseChoice* why) {
  const InputTrace& input = layer.inputs[phase_input];
  // Tiles of one chain see the same positions, so that outputs that are positions are not split over inputs.
  const bool whole = input.causal == Causal::kOutputs || input.in_order;
  const int most = std::min(tiles, input.group > 0 ? input.groups() : input.block_inputs());
  std::vector<int> candidates;
  if (whole)
    candidates.push_back(1);
  else if (mapping.automatic)
    for (int split = 1; split <= most; ++split) candidates.push_back(split);
  else
    candidates.push_back(std::min(mapping.input_split, most));
  double weight_bytes = 0;
  for (const OperationTrace& operation : layer.operations)
    if (operation.input == phase_input)
      weight_bytes += double(input.size) * input.planes * packed_bytes(limits.packing, operation.outputs);
  SplitEstimate best;
  for (const int split : candidates) {
    // The estimate knows no partial sums on the mesh: further parts are taken for weights that are read once alone.
    if (best.split > 0 && split > kUsualParts && best.reads == 1) break;
    const SplitEstimate next = estimate(input, groups, split, tiles, limits, sources, code,
                                        layer.tokens * input.rows_per_token, batch, weight_bytes);
    if (best.split == 0 || next.cycles < best.cycles) best = next;
  }
  why->split = "input split " + std::to_string(best.split) + " (" + reason(input, mapping, best.split) + ")";
  why->size = std::to_string(groups) + " lane groups, " + counted(best.passes, "pass", "passes") + ", weights read " +
              counted(best.reads, "time", "times") + " from DRAM, about " +
              std::to_string(static_cast<uint64_t>(best.cycles)) + " cycles estimated";
  return best;
}

}  // namespace spikeloom
