#include "hw/mapping/mapping_choice.h"

#include <algorithm>
#include <utility>

#include "hw/mapping/placement.h"

namespace spikeloom {

namespace {

// How much slower than the fastest a candidate may be estimated to be and still be taken for fewer flit-hops.
constexpr double kAsFast = 1.05;

std::string split_reason(const InputTrace& input, const MappingSpec& mapping, int split) {
  if (input.in_order) return "binary32 sums in index order";
  if (input.causal == Causal::kOutputs) return "of causal scores";
  if (mapping.automatic) return "auto";
  if (split == mapping.input_split) return "as configured";
  return std::to_string(mapping.input_split) + " configured, the input has no more parts";
}

std::string counted(uint64_t number, const char* one, const char* several) {
  return std::to_string(number) + " " + (number == 1 ? one : several);
}

std::vector<int> open_splits(const PhaseWork& work, const MappingSpec& mapping) {
  const InputTrace& input = work.input();
  // Tiles of one chain see the same positions, so that outputs that are positions are not split over inputs.
  if (input.causal == Causal::kOutputs || input.in_order) return {1};
  const int most = std::min(work.topology.tiles(), input.group > 0 ? input.groups() : input.block_inputs());
  if (!mapping.automatic) return {std::min(mapping.input_split, most)};
  std::vector<int> splits;
  for (int split = 1; split <= most; ++split) splits.push_back(split);
  return splits;
}

std::string cost(const MappingEstimate& estimate) {
  return std::to_string(static_cast<uint64_t>(estimate.cycles)) + " cycles, " +
         std::to_string(static_cast<uint64_t>(estimate.flit_hops)) + " flit-hops";
}

std::string name(const MappingCandidate& candidate) {
  return std::to_string(candidate.estimate.split) + " " + placement_names()[candidate.placement];
}

}  // namespace

std::vector<MappingCandidate> mapping_candidates(const PhaseWork& work, const MappingSpec& mapping) {
  std::vector<MappingCandidate> candidates;
  for (const int split : open_splits(work, mapping)) {
    const SplitEstimate estimate(work, split);
    const size_t first = candidates.size();
    for (int placement = 0; placement < kPlacements; ++placement) {
      if (mapping.placement < kPlacements && placement != mapping.placement) continue;
      std::vector<int> order = place_tiles(placement, work.topology, split);
      const auto same = [&](const MappingCandidate& other) { return other.order == order; };
      if (std::any_of(candidates.begin() + first, candidates.end(), same)) continue;
      candidates.push_back({estimate.placed(order), placement, std::move(order)});
    }
  }
  return candidates;
}

size_t best_of(const std::vector<MappingCandidate>& candidates) {
  double fewest = candidates[0].estimate.cycles;
  for (const MappingCandidate& candidate : candidates) fewest = std::min(fewest, candidate.estimate.cycles);
  size_t best = candidates.size();
  for (size_t i = 0; i < candidates.size(); ++i) {
    const MappingEstimate& next = candidates[i].estimate;
    if (next.cycles > kAsFast * fewest) continue;
    if (best == candidates.size() || next.flit_hops < candidates[best].estimate.flit_hops) best = i;
  }
  return best;
}

MappingCandidate choose_mapping(const PhaseWork& work, const MappingSpec& mapping, PhaseChoice* why) {
  std::vector<MappingCandidate> candidates = mapping_candidates(work, mapping);
  const size_t at = best_of(candidates);
  MappingCandidate best = std::move(candidates[at]);
  candidates.erase(candidates.begin() + at);
  const MappingEstimate& chosen = best.estimate;
  why->split =
      "input split " + std::to_string(chosen.split) + " (" + split_reason(work.input(), mapping, chosen.split) + ")";
  why->placement = "placed " + placement_names()[best.placement] +
                   (mapping.placement < kPlacements ? " (as configured)" : " (auto)");
  why->size = counted(work.groups.size(), "lane group", "lane groups") + ", " +
              counted(chosen.passes, "pass", "passes") + ", weights read " +
              (chosen.least_reads < chosen.most_reads ? std::to_string(chosen.least_reads) + " to " : "") +
              counted(chosen.most_reads, "time", "times") + " from DRAM";
  why->cost = name(best) + ", about " + cost(chosen);
  why->weighed = !candidates.empty();
  if (why->weighed) {
    const MappingCandidate& next = candidates[best_of(candidates)];
    why->cost += "; next best " + name(next) + ", about " + cost(next.estimate);
  }
  return best;
}

}  // namespace spikeloom
