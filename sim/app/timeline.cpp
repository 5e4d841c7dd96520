#include "sim/app/timeline.h"

#include <algorithm>
#include <cmath>

#include "sim/app/perfetto_writer.h"

namespace spikeloom {

namespace {

// At most: names and operations of the file, and one track's description.
constexpr uint64_t kHeadBytes = 8192, kTrackBytes = 96;

// "tile_0_0" and "synapse_array" of "chip.tile_0_0.synapse_array".
std::string place_of(const std::string& block) {
  const size_t begin = block.find('.') + 1;
  return block.substr(begin, block.find('.', begin) - begin);
}
std::string part_of(const std::string& block) { return block.substr(block.rfind('.') + 1); }

std::vector<const Router*> routers_of(const Chip& chip) {
  std::vector<const Router*> routers;
  for (const Block* block : blocks_below(chip))
    if (const Router* router = dynamic_cast<const Router*>(block)) routers.push_back(router);
  return routers;
}

std::string operations_of(const PhaseReport& phase) {
  std::string names;
  for (const std::string& name : phase.operations) names += (names.empty() ? "" : ",") + name;
  return names;
}

}  // namespace

Timeline::Timeline(Chip& chip, const RecordingSpec& spec)
    : chip_(chip),
      begin_(spec.from),
      end_(spec.to),
      window_(chip.ledger().window_cycles()),
      first_window_(begin_ - begin_ % window_),
      bytes_left_(spec.limit_bytes),
      entries_(chip.activities().size(), {{begin_, ActivityState::kIdle}}),
      boundary_(first_window_ == 0 ? window_ : first_window_),
      in_window_(first_window_ == 0),
      routers_(routers_of(chip)),
      flits_before_(routers_.size(), 0) {
  const size_t tracks = 2 * entries_.size() + flits_before_.size() + kEnergyGroupNames.size() + 8;
  if (!spend(kHeadBytes + kTrackBytes * tracks + 2 * window_bytes()))
    throw UserError("--record-limit: the timeline of this chip needs more than " +
                    std::to_string(spec.limit_bytes >> 20) + " MiB");
}

// Takes room for what is to be recorded; when there is none, the recording ends before this cycle.
bool Timeline::spend(uint64_t bytes) {
  if (!full_ && bytes <= bytes_left_) {
    bytes_left_ -= bytes;
    return true;
  }
  full_ = true;
  end_ = std::max(begin_, std::min(end_, chip_.clock().now()));
  return false;
}

// One value of every counter. Two are taken at first: the first window, and the zeros after the last.
uint64_t Timeline::window_bytes() const {
  return PerfettoWriter::kCounterBytes * (flits_before_.size() + kEnergyGroupNames.size() + 1);
}

void Timeline::state_changes(size_t block, ActivityState state, Cycle from) {
  if (from >= end_) return;
  std::vector<Entry>& entries = entries_[block];
  if (from <= begin_)
    entries[0].state = state;
  else if (entries.back().from == from)
    entries.back().state = state;
  else if (spend(PerfettoWriter::kSliceBytes))
    entries.push_back({from, state});
}

// Room for a window is taken when it begins, so that the one in which the recording ends is whole.
Cycle Timeline::sample(Cycle next) {
  for (; boundary_ <= next; boundary_ += window_) {
    take_flits();
    in_window_ = boundary_ < end_ && spend(window_bytes());
    if (!in_window_) return Clock::kNever;
  }
  return boundary_;
}

void Timeline::take_flits() {
  if (in_window_) flits_.emplace_back(flits_before_.size());
  for (size_t i = 0; i < flits_before_.size(); ++i) {
    const uint64_t flits = routers_[i]->flits();
    if (in_window_) flits_.back()[i] = flits - flits_before_[i];
    flits_before_[i] = flits;
  }
}

void Timeline::finish(Cycle cycles) {
  end_ = std::min(end_, cycles);
  begin_ = std::min(begin_, end_);
  if (in_window_) take_flits();
  in_window_ = false;
}

uint64_t Timeline::ns(Cycle cycle) const {
  return uint64_t(std::llround(double(cycle) * 1e3 / chip_.spec().clock_mhz));
}

std::string Timeline::encode(const Report& report) const {
  std::vector<std::string> names(kActivityNames.begin(), kActivityNames.end());
  for (const PhaseReport& phase : report.phases) names.push_back(operations_of(phase));
  PerfettoWriter writer(names);
  const uint64_t root = writer.track("chip " + report.chip.substr(0, 64), 0);
  const uint64_t operations = writer.track("operations", root);
  for (size_t i = 0; i < report.phases.size(); ++i) {
    const Cycle from = std::max(report.phases[i].begin, begin_), to = std::min(report.phases[i].end, end_);
    if (from < to) writer.slice(operations, kActivityNames.size() + i, ns(from), ns(to));
  }
  write_power(&writer, root, report.bill);
  write_states(&writer, root);
  write_flits(&writer, root);
  return writer.bytes();
}

// A slice per state; idle blocks show nothing.
void Timeline::write_states(PerfettoWriter* writer, uint64_t root) const {
  const auto activities = chip_.activities();
  std::string place;
  uint64_t place_track = 0;
  for (size_t block = 0; block < activities.size(); ++block) {
    if (place_of(activities[block].first) != place) {
      place = place_of(activities[block].first);
      place_track = writer->track(place, root);
    }
    const uint64_t track = writer->track(part_of(activities[block].first), place_track);
    const std::vector<Entry>& entries = entries_[block];
    for (size_t i = 0; i < entries.size(); ++i) {
      const Cycle to = std::min(end_, i + 1 < entries.size() ? entries[i + 1].from : end_);
      if (entries[i].state == ActivityState::kIdle || entries[i].from >= to) continue;
      writer->slice(track, size_t(entries[i].state), ns(entries[i].from), ns(to));
    }
  }
}

void Timeline::write_flits(PerfettoWriter* writer, uint64_t root) const {
  const uint64_t routers = writer->track("flits per window of " + std::to_string(window_) + " cycles", root);
  for (size_t i = 0; i < flits_before_.size(); ++i) {
    const uint64_t track = writer->counter_track(part_of(routers_[i]->name()), "flits", routers);
    for (size_t w = 0; w < flits_.size(); ++w)
      writer->count(track, ns(first_window_ + w * window_), int64_t(flits_[w][i]));
    if (!flits_.empty())
      writer->count(track, ns(std::min(first_window_ + flits_.size() * window_, chip_.cycles())), int64_t{0});
  }
}

// Watts: the energy of a window over its time, which the end of the run may cut short.
void Timeline::write_power(PerfettoWriter* writer, uint64_t root, const Bill& bill) const {
  const Cycle last_cycle = chip_.cycles() - 1;
  std::vector<GroupEnergies> windows(flits_.size(), GroupEnergies{});
  for (const WindowLine& line : bill.windows) {
    const Cycle begin = std::min(line.window_begin, last_cycle - last_cycle % window_);
    const size_t window = (begin - first_window_) / window_;  // huge before the first
    if (window < windows.size())
      windows[window][size_t(bill.line(line).group)] += double(line.count) * bill.line(line).unit_pj;
  }
  const auto counter = [&](const std::string& name, uint64_t parent, auto energy) {
    const uint64_t track = writer->counter_track(name, "W", parent);
    for (size_t w = 0; w < windows.size(); ++w) {
      const Cycle begin = first_window_ + w * window_, cycles = std::min(window_, chip_.cycles() - begin);
      const double nanoseconds = double(cycles) * 1e3 / chip_.spec().clock_mhz;
      writer->count(track, ns(begin), energy(windows[w]) / nanoseconds * 1e-3);  // pJ / ns = mW
    }
    if (!windows.empty())
      writer->count(track, ns(std::min(first_window_ + windows.size() * window_, chip_.cycles())), 0.0);
    return track;
  };
  const uint64_t power = writer->track("power", root);
  counter("total", power, [](const GroupEnergies& pj) {
    double sum = 0;
    for (const double group : pj) sum += group;
    return sum;
  });
  for (size_t group = 0; group < kEnergyGroupNames.size(); ++group)
    if (bill.groups[group] > 0)
      counter(kEnergyGroupNames[group], power, [group](const GroupEnergies& pj) { return pj[group]; });
}

}  // namespace spikeloom
