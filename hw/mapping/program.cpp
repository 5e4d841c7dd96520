#include "hw/mapping/program.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace spikeloom {

int Slice::wide_row(int k) const {
  return count + static_cast<int>(std::lower_bound(wide.begin(), wide.end(), k) - wide.begin());
}

std::string PhaseChoice::text() const {
  if (split.empty()) return "";
  return split + ": " + size + "; " + placement + "; " + cost + (side.empty() ? "" : "; " + side + ": " + side_bits);
}

int Part::window_count() const {
  int windows = 0;
  for (const Slice& slice : slices) windows += static_cast<int>(slice.windows.size());
  return windows;
}

const Window& Part::window(int i) const {
  for (const Slice& slice : slices) {
    if (i < static_cast<int>(slice.windows.size())) return slice.windows[i];
    i -= static_cast<int>(slice.windows.size());
  }
  assert(false);
  return slices[0].windows[0];
}

int Program::outputs(const Pass& pass, const TileWork& work, int row) const {
  const Phase& at = phase(pass);
  if (at.causal != Causal::kOutputs) return work.outputs;
  return std::clamp(at.seen(row) - work.first_of_block, 0, work.outputs);
}

Window Program::seen_window(const Phase& phase, const Part& part, const Window& window, int row) const {
  if (phase.causal != Causal::kInputs) return window;
  const int position = window.first - part.block * phase.block_inputs;
  return {window.first, std::clamp(phase.seen(row) - position, 0, window.count), window.group};
}

int Program::windows(const Pass& pass, int part_index, const Slice& slice, int index) const {
  if (phase(pass).causal != Causal::kInputs) return static_cast<int>(slice.windows.size());
  return static_cast<int>(std::count_if(slice.windows.begin(), slice.windows.end(), [&](const Window& window) {
    return seen_window(pass, part_index, window, index).count > 0;
  }));
}

int Program::windows(const Pass& pass, int part_index, int index) const {
  int count = 0;
  for (const Slice& slice : part(pass, part_index).slices) count += windows(pass, part_index, slice, index);
  return count;
}

bool Program::works(const Pass& pass, int tile, int index) const {
  const TileWork& work = pass.tiles[tile];
  return work.operation >= 0 && batch_outputs(pass, work, index) > 0 && windows(pass, work.part, index) > 0;
}

int Program::destination(const Pass& pass, int part_index, int source, int index) const {
  const Destinations& to = pass.destinations[part_index];
  if (to.sets[source].empty() || windows(pass, part_index, index) == 0) return -1;
  if (phase(pass).causal != Causal::kOutputs) return to.sets[source][0];
  const auto tiles =
      std::count_if(to.tiles.begin(), to.tiles.end(), [&](int tile) { return works(pass, tile, index); });
  return tiles == 0 ? -1 : to.sets[source][tiles - 1];
}

InputRange source_range(const Window& window, int part, int source, const SourceShare& share) {
  if (!share.serves(source, part)) return {window.first, 0};
  const int count = share.count(part), index = share.parts >= share.sources ? 0 : source / share.parts;
  const int begin = window.count * index / count, end = window.count * (index + 1) / count;
  return {window.first + begin, end - begin};
}

namespace {

// Loads that a tile needs for all batches of a pass.
uint64_t loads_of(const Program& program, const Pass& pass, int tile) {
  const int part = pass.tiles[tile].part;
  const std::vector<Slice>& slices = program.part(pass, part).slices;
  if (program.resident(pass, part)) return slices.size();
  uint64_t loads = 0;
  for (int batch = 0; batch < program.batches(pass); ++batch)
    if (program.works(pass, tile, batch))
      loads += std::count_if(slices.begin(), slices.end(),
                             [&](const Slice& slice) { return program.windows(pass, part, slice, batch) > 0; });
  return loads;
}

}  // namespace

std::vector<TileItem> tile_items(const Program& program, int tile) {
  std::vector<TileItem> items;
  uint64_t loads = 0, fired = 0;
  for (const Pass& pass : program.passes) {
    const TileWork& work = pass.tiles[tile];
    if (work.operation < 0) continue;
    const std::vector<Slice>& slices = program.part(pass, work.part).slices;
    const bool resident = program.resident(pass, work.part);
    const uint64_t first_load = loads, end_of_loads = loads + loads_of(program, pass, tile);
    const uint64_t fired_before = fired;
    uint64_t next_load = first_load;
    for (int batch = 0; batch < program.batches(pass); ++batch) {
      if (!program.works(pass, tile, batch)) continue;
      ++fired;
      const size_t first_item = items.size();
      for (size_t slice = 0; slice < slices.size(); ++slice) {
        TileItem item;
        item.windows = program.windows(pass, work.part, slices[slice], batch);
        if (item.windows == 0) break;
        item.pass = pass.index;
        item.batch = batch;
        item.slice = static_cast<int>(slice);
        item.load = resident ? first_load + slice : next_load++;
        item.first_slice = slice == 0;
        // Every batch after one that a tile works in sees more, so that the last one is every slice's last.
        item.releases_load = !resident || batch + 1 == program.batches(pass);
        // Thresholds and initial membranes have two sets, used in turn by passes: a load may only make room for the
        // pass after next when the pass before this one has fired, and the pass's last load when this one has.
        item.needs_fired = item.load + 1 == end_of_loads ? fired : fired_before;
        items.push_back(item);
      }
      assert(items.size() > first_item);
      items.back().last_slice = true;
    }
    loads = end_of_loads;
  }
  return items;
}

std::vector<WindowTag> tile_windows(const Program& program, int tile) {
  std::vector<WindowTag> windows;
  for (const TileItem& item : tile_items(program, tile)) {
    const Pass& pass = program.passes[item.pass];
    const int part = pass.tiles[tile].part;
    int first = 0;
    for (int slice = 0; slice < item.slice; ++slice)
      first += static_cast<int>(program.part(pass, part).slices[slice].windows.size());
    for (int i = 0; i < item.windows; ++i) windows.push_back({item.pass, part, first + i, item.batch});
  }
  return windows;
}

std::vector<Load> load_order(const Program& program) {
  std::vector<Load> loads;
  const size_t tiles = program.passes.empty() ? 0 : program.passes[0].tiles.size();
  std::vector<uint64_t> next(tiles, 0);
  std::vector<int> latest_pass(tiles, -1);
  for (const Pass& pass : program.passes) {
    size_t most_slices = 0;
    bool any_streams = false;
    for (size_t p = 0; p < pass.destinations.size(); ++p) {
      most_slices = std::max(most_slices, program.part(pass, static_cast<int>(p)).slices.size());
      any_streams = any_streams || !program.resident(pass, static_cast<int>(p));
    }
    const int rounds = any_streams ? program.batches(pass) : 1;
    for (int round = 0; round < rounds; ++round) {
      for (size_t slice = 0; slice < most_slices; ++slice) {
        for (size_t tile = 0; tile < pass.tiles.size(); ++tile) {
          const TileWork& work = pass.tiles[tile];
          if (work.operation < 0 || slice >= program.part(pass, work.part).slices.size()) continue;
          const Slice& at = program.part(pass, work.part).slices[slice];
          const bool resident = program.resident(pass, work.part);
          const bool wanted =
              program.works(pass, static_cast<int>(tile), round) && program.windows(pass, work.part, at, round) > 0;
          if (resident ? round > 0 : !wanted) continue;
          const bool first_of_pass = std::exchange(latest_pass[tile], pass.index) != pass.index;
          loads.push_back({pass.index, static_cast<int>(tile), static_cast<int>(slice), next[tile]++, first_of_pass});
        }
      }
    }
  }
  return loads;
}

}  // namespace spikeloom
