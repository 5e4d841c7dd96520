#include "sim/app/roofline.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace spikeloom {

namespace {

// [phase][counter]
std::vector<std::vector<uint64_t>> counts_by_phase(const Chip& chip) {
  std::vector<std::vector<uint64_t>> counts(chip.program().phases.size(),
                                            std::vector<uint64_t>(chip.ledger().counters().size(), 0));
  for (const EnergyRecord& record : chip.ledger().records()) counts[record.phase][record.counter] += record.count;
  return counts;
}

double& least(Roofline* roofline, Resource resource) { return roofline->least_cycles[size_t(resource)]; }

Cycle busiest_encoder(const Chip& chip, int phase) {
  Cycle most = 0;
  for (int node = 0; node < chip.topology().sources(); ++node)
    for (const auto& encoder : chip.memory_node(node).encoders) most = std::max(most, encoder->cycles(phase).most());
  for (int tile = 0; tile < chip.topology().tiles(); ++tile)
    if (chip.tile(tile).encoder) most = std::max(most, chip.tile(tile).encoder->cycles(phase).most());
  return most;
}

// Adds what the counters counted for one phase, and finds the link with most flits.
void add_counts(const Chip& chip, const std::vector<uint64_t>& counts, Roofline* roofline) {
  const auto& counters = chip.ledger().counters();
  const ChipSpec& spec = chip.spec();
  uint64_t dram_bits = 0, link_bits = 0, cache_words = 0;
  for (size_t i = 0; i < counters.size(); ++i) {
    const EnergyEvent event = counters[i]->event();
    if (event == EnergyEvent::kWeightRowRead) roofline->rows_read += counts[i];
    if (event == EnergyEvent::kDramReadBit) dram_bits += counts[i];
    if (event == EnergyEvent::kKvCacheRead) cache_words = std::max(cache_words, counts[i]);
    if (event != EnergyEvent::kLinkBitMm || counts[i] <= link_bits) continue;
    link_bits = counts[i];
    roofline->busiest_link = counters[i]->block();
  }
  roofline->additions = roofline->arrays.additions;
  const double dram_bytes_per_cycle = spec.dram.peak_mb_s() / spec.clock_mhz * double(spec.memory_nodes.size());
  least(roofline, Resource::kLanes) = double(roofline->additions) / double(roofline->tiles * spec.synapse_array.lanes);
  least(roofline, Resource::kWeightSram) =
      double(roofline->rows_read) / double(roofline->tiles * uint64_t(spec.rows_per_cycle()));
  least(roofline, Resource::kMesh) = double(link_bits) / spec.flits().wire_bits();
  least(roofline, Resource::kKvCache) = double(cache_words);
  least(roofline, Resource::kDram) = double(dram_bits) / 8 / dram_bytes_per_cycle;
}

void check(bool holds, const char* what) {
  if (!holds) throw std::logic_error(std::string("the phases' ") + what + " do not add up to the run's");
}

void check_sums(const Chip& chip, const std::vector<Roofline>& rooflines) {
  ArrayWork sum;
  uint64_t additions = 0, rows_read = 0;
  for (const Roofline& phase : rooflines) {
    const ActivityCycles& cycles = phase.arrays.cycles;
    check(std::accumulate(cycles.begin(), cycles.end(), Cycle{0}) == phase.tiles * phase.cycles, "tile cycles");
    for (size_t i = 0; i < cycles.size(); ++i) sum.cycles[i] += cycles[i];
    sum.rows_added += phase.arrays.rows_added;
    additions += phase.additions;
    rows_read += phase.rows_read;
  }
  for (int i = 0; i < chip.topology().tiles(); ++i) {
    const Tile& tile = chip.tile(i);
    for (size_t state = 0; state < sum.cycles.size(); ++state)
      sum.cycles[state] -= tile.array->activity().cycles(ActivityState(state));
    sum.rows_added -= tile.array->rows_issued();
    additions -= tile.additions();
    rows_read -= tile.array->rows_read();
  }
  for (const Cycle left : sum.cycles) check(left == 0, "tile cycles by state");
  check(sum.rows_added == 0 && rows_read == 0, "rows");
  check(additions == 0, "additions");
}

}  // namespace

size_t Roofline::lowest() const {
  return std::max_element(least_cycles.begin(), least_cycles.end()) - least_cycles.begin();
}

Cycle Roofline::gap_cycles(Gap gap) const {
  if (gap != Gap::kMarks) {
    constexpr ActivityState kStates[] = {ActivityState::kIdle, ActivityState::kStalledInput,
                                         ActivityState::kStalledWeights, ActivityState::kStalledMembrane,
                                         ActivityState::kStalledOutput};
    return arrays.cycles[size_t(kStates[size_t(gap)])];
  }
  const Cycle busy = arrays.cycles[size_t(ActivityState::kBusy)];
  return busy - std::min<Cycle>(busy, arrays.rows_added);
}

Gap Roofline::largest_gap() const {
  Gap largest = Gap::kIdle;
  for (size_t gap = 0; gap < kGapNames.size(); ++gap)
    if (gap_cycles(Gap(gap)) > gap_cycles(largest)) largest = Gap(gap);
  return largest;
}

std::vector<Roofline> make_rooflines(const Chip& chip) {
  const auto counts = counts_by_phase(chip);
  std::vector<Roofline> rooflines(counts.size());
  for (size_t i = 0; i < counts.size(); ++i) {
    Roofline& roofline = rooflines[i];
    roofline.tiles = uint64_t(chip.topology().tiles());
    roofline.cycles = chip.phase_span(i).cycles();
    roofline.arrays = chip.array_work(i);
    add_counts(chip, counts[i], &roofline);
    least(&roofline, Resource::kEncoders) = double(busiest_encoder(chip, static_cast<int>(i)));
  }
  check_sums(chip, rooflines);
  return rooflines;
}

}  // namespace spikeloom
