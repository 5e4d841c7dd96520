#include "hw/mapping/split_choice.h"

#include <algorithm>
#include <string>

namespace spikeloom {

namespace {

// What more parts have to save: the estimate does not see their partial sums on the mesh, nor the way along a chain.
constexpr double kWorthwhile = 0.05;

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
  const SplitWork work{layer, input, limits, code, phase_input, groups, tiles, sources, batch};
  SplitEstimate best;
  for (const int split : candidates) {
    const SplitEstimate next = estimate_split(work, split);
    if (best.split == 0 || next.cycles < (1 - kWorthwhile) * best.cycles) best = next;
  }
  why->split = "input split " + std::to_string(best.split) + " (" + reason(input, mapping, best.split) + ")";
  why->size = std::to_string(groups) + " lane groups, " + counted(best.passes, "pass", "passes") + ", weights read " +
              counted(best.reads, "time", "times") + " from DRAM, about " +
              std::to_string(static_cast<uint64_t>(best.cycles)) + " cycles estimated";
  return best;
}

}  // namespace spikeloom
