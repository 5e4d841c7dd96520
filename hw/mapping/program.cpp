#include "hw/mapping/program.h"

#include <algorithm>
#include <cassert>
#include <sstream>

#include "sim/base/bits.h"

namespace spikeloom {

namespace {

// Measured on the committed layer: about three of four codes are not zero. Only the choice of a mapping uses it.
constexpr double kAssumedDensity = 0.75;

int rows_of(const InputTrace& input, int first, int count) {
  int rows = count;
  for (int k = first; k < first + count; ++k) rows += input.is_wide(k);
  return rows;
}

// Cuts inputs first .. first+count-1 into the fewest equal windows whose rows fit half the weight SRAM.
void cut_windows(const InputTrace& input, int first, int count, int group, int half_rows,
                 std::vector<Window>* windows) {
  for (int pieces = 1; pieces <= count; ++pieces) {
    std::vector<Window> cut;
    bool fits = true;
    for (int i = 0; i < pieces; ++i) {
      const int begin = first + static_cast<int>(int64_t{count} * i / pieces);
      const int end = first + static_cast<int>(int64_t{count} * (i + 1) / pieces);
      fits = fits && rows_of(input, begin, end - begin) <= half_rows;
      cut.push_back({begin, end - begin, group});
    }
    if (!fits) continue;
    windows->insert(windows->end(), cut.begin(), cut.end());
    return;
  }
  throw UserError("tile.synapse_array.weight_bytes: half the weight SRAM holds " + std::to_string(half_rows) +
                  " rows, a wide input needs 2");
}

Part make_part(const InputTrace& input, int first, int count, int half_rows) {
  const int window = input.size / input.groups();
  std::vector<Window> windows;
  for (int k = first; k < first + count;) {
    const int group = k / window;
    const int end = std::min(first + count, (group + 1) * window);
    cut_windows(input, k, end - k, group, half_rows, &windows);
    k = end;
  }
  Part part;
  for (const Window& next : windows) {
    const bool fits = !part.slices.empty() &&
                      rows_of(input, part.slices.back().first, part.slices.back().count + next.count) <= half_rows;
    if (!fits) {
      part.slices.emplace_back();
      part.slices.back().first = next.first;
    }
    Slice& slice = part.slices.back();
    slice.count += next.count;
    slice.windows.push_back(next);
    for (int k = next.first; k < next.first + next.count; ++k)
      if (input.is_wide(k)) slice.wide.push_back(k);
  }
  return part;
}

std::vector<Part> make_parts(const InputTrace& input, int split, int half_rows) {
  const int unit = input.group > 0 ? input.group : 1;  // parts begin where groups begin
  const int units = input.size / unit;
  std::vector<Part> parts;
  for (int p = 0; p < split; ++p) {
    const int begin = units * p / split * unit, end = units * (p + 1) / split * unit;
    parts.push_back(make_part(input, begin, end - begin, half_rows));
  }
  return parts;
}

// Lane groups of one operation: as few as the lanes allow, of even and nearly equal size.
std::vector<TileWork> lane_groups(const LayerTrace& layer, int operation, int lanes) {
  const int outputs = layer.operations[operation].outputs;
  const int count = static_cast<int>(ceil_div(outputs, lanes));
  const int size = static_cast<int>(ceil_div(ceil_div(outputs, count), 2) * 2);
  std::vector<TileWork> groups;
  for (int first = 0; first < outputs; first += size) {
    TileWork work;
    work.operation = operation;
    work.first_output = first;
    work.outputs = std::min(size, outputs - first);
    groups.push_back(work);
  }
  return groups;
}

// Tiles in an order in which neighbours are one hop apart, so that partial membranes travel one link.
std::vector<int> snake_order(const Topology& topology) {
  std::vector<int> order;
  for (int y = 0; y < topology.height(); ++y)
    for (int i = 0; i < topology.width(); ++i)
      order.push_back(y * topology.width() + (y % 2 ? topology.width() - 1 - i : i));
  return order;
}

struct Estimate {
  int split;
  int passes;
  int reads;  // times that every weight comes from DRAM
  double cycles;
};

// Cycles of a phase: a tile takes rows at the assumed density and marks with all slopes active; an encoder port takes
// one code a cycle; DRAM delivers the weights, once, or once a batch where a part does not stay in the weight SRAM. The
// slowest counts.
Estimate estimate(const InputTrace& input, int groups, int split, int tiles, const TileLimits& limits, int sources,
                  const SpikeCode& code, int tokens, int batch, double weight_bytes) {
  const CodeFormat format = CodeFormat::of(input);
  const std::vector<Part> parts = make_parts(input, split, limits.half_rows);
  const int passes = static_cast<int>(ceil_div(groups, tiles / split));
  const double marks = parts[0].window_count() * code.steps(format.largest_magnitude()) * format.slope_bases();
  const double rows = ceil_div(input.size, split) * kAssumedDensity;
  const SourceShare share{split, sources};
  const double streams = ceil_div(ceil_div(split, sources), limits.encoder_ports);
  const double codes = double(ceil_div(input.size, split)) / share.count(0) * streams;
  const int reads = parts[0].slices.size() <= 2 ? 1 : static_cast<int>(ceil_div(tokens, batch));
  const double loads = weight_bytes * reads / limits.dram_bytes_per_cycle;
  return {split, passes, reads, std::max(passes * std::max(rows + marks, codes) * tokens, loads)};
}

Estimate choose_split(const LayerTrace& layer, const MappingSpec& mapping, const TileLimits& limits, int phase_input,
                      int groups, int tiles, int sources, const SpikeCode& code, int batch, std::string* why) {
  const InputTrace& input = layer.inputs[phase_input];
  const int most = std::min(tiles, input.group > 0 ? input.groups() : input.size);
  std::vector<int> candidates;
  if (mapping.automatic)
    for (int split = 1; split <= std::min(most, 8); ++split) candidates.push_back(split);
  else
    candidates.push_back(mapping.input_split);
  if (candidates.back() > most)
    throw UserError("mapping.input_split: " + std::to_string(candidates.back()) + " parts do not fit input '" +
                    input.name + "' on " + std::to_string(tiles) + " tiles (allowed: 1 to " + std::to_string(most) +
                    ")");
  double weight_bytes = 0;
  for (const OperationTrace& operation : layer.operations)
    if (operation.input == phase_input) weight_bytes += double(input.size) * operation.row_bytes;
  Estimate best{0, 0, 0, 0};
  for (const int split : candidates) {
    const Estimate next =
        estimate(input, groups, split, tiles, limits, sources, code, layer.tokens, batch, weight_bytes);
    if (best.split == 0 || next.cycles < best.cycles) best = next;
  }
  std::ostringstream text;
  text << groups << " lane groups, input split " << best.split << " (" << (mapping.automatic ? "auto" : "as configured")
       << "), " << best.passes << " passes, weights read " << best.reads << (best.reads == 1 ? " time" : " times")
       << " from DRAM, about " << static_cast<uint64_t>(best.cycles) << " cycles estimated";
  *why = text.str();
  return best;
}

// Fills one pass with as many lane groups as there are chains of tiles.
Pass make_pass(const std::vector<TileWork>& groups, size_t* next, int split, const std::vector<int>& order,
               const Topology& topology, RouteTable* routes) {
  Pass pass;
  pass.tiles.resize(topology.tiles());
  pass.destinations.assign(split, {});
  std::vector<std::vector<int>> members(split);
  for (size_t chain = 0; chain < order.size() / split && *next < groups.size(); ++chain, ++*next) {
    for (int p = 0; p < split; ++p) {
      const int tile = order[chain * split + p];
      TileWork work = groups[*next];
      work.part = p;
      work.sends_partials_to = p == 0 ? -1 : order[chain * split + p - 1];
      work.receives_partials = p + 1 < split;
      work.sink = tile % topology.sources();
      pass.tiles[tile] = work;
      members[p].push_back(tile);
    }
  }
  for (int p = 0; p < split; ++p)
    for (int source = 0; source < topology.sources(); ++source)
      pass.destinations[p].push_back(
          SourceShare{split, topology.sources()}.serves(source, p) ? routes->add_multicast(source, members[p]) : -1);
  return pass;
}

}  // namespace

int Slice::wide_row(int k) const {
  return count + static_cast<int>(std::lower_bound(wide.begin(), wide.end(), k) - wide.begin());
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

InputRange source_range(const Window& window, int part, int source, const SourceShare& share) {
  if (!share.serves(source, part)) return {window.first, 0};
  const int count = share.count(part), index = share.parts >= share.sources ? 0 : source / share.parts;
  const int begin = window.count * index / count, end = window.count * (index + 1) / count;
  return {window.first + begin, end - begin};
}

std::vector<TileItem> tile_items(const Program& program, int tile) {
  std::vector<TileItem> items;
  uint64_t loads = 0, fired_before = 0;
  for (const Pass& pass : program.passes) {
    const TileWork& work = pass.tiles[tile];
    if (work.operation < 0) continue;
    const int slices = static_cast<int>(program.part(pass, work.part).slices.size());
    const bool resident = program.resident(pass, work.part);
    const uint64_t loads_here = resident ? slices : uint64_t(slices) * program.batches();
    for (int batch = 0; batch < program.batches(); ++batch) {
      for (int slice = 0; slice < slices; ++slice) {
        TileItem item;
        item.pass = pass.index;
        item.batch = batch;
        item.slice = slice;
        item.load = loads + (resident ? slice : uint64_t(batch) * slices + slice);
        item.first_slice = slice == 0;
        item.last_slice = slice + 1 == slices;
        item.releases_load = !resident || batch + 1 == program.batches();
        // Thresholds and initial membranes have two sets, used in turn by passes: a load may only make room for the
        // pass after next when the pass before this one has fired, and the pass's last load when this one has.
        const bool last_load = item.load + 1 == loads + loads_here;
        item.needs_fired = last_load ? fired_before + program.batches() : fired_before;
        items.push_back(item);
      }
    }
    loads += loads_here;
    fired_before += program.batches();
  }
  return items;
}

std::vector<Load> load_order(const Program& program) {
  std::vector<Load> loads;
  std::vector<uint64_t> next(program.passes.empty() ? 0 : program.passes[0].tiles.size(), 0);
  for (const Pass& pass : program.passes) {
    size_t most_slices = 0;
    bool any_streams = false;
    for (size_t p = 0; p < pass.destinations.size(); ++p) {
      most_slices = std::max(most_slices, program.part(pass, static_cast<int>(p)).slices.size());
      any_streams = any_streams || !program.resident(pass, static_cast<int>(p));
    }
    const int rounds = any_streams ? program.batches() : 1;
    for (int round = 0; round < rounds; ++round) {
      for (size_t slice = 0; slice < most_slices; ++slice) {
        for (size_t tile = 0; tile < pass.tiles.size(); ++tile) {
          const TileWork& work = pass.tiles[tile];
          if (work.operation < 0 || slice >= program.part(pass, work.part).slices.size()) continue;
          if (round > 0 && program.resident(pass, work.part)) continue;
          loads.push_back(
              {pass.index, static_cast<int>(tile), static_cast<int>(slice), next[tile]++, round == 0 && slice == 0});
        }
      }
    }
  }
  return loads;
}

Program make_program(const LayerTrace& layer, const MappingSpec& mapping, const TileLimits& limits, int token_batch,
                     const SpikeCode& code, const Topology& topology, RouteTable* routes) {
  Program program;
  program.tokens = layer.tokens;
  program.batch = token_batch;
  program.sources = topology.sources();
  const std::vector<int> order = snake_order(topology);
  for (size_t first = 0; first < layer.operations.size();) {
    const int input = layer.operations[first].input;
    std::vector<TileWork> groups;
    for (; first < layer.operations.size() && layer.operations[first].input == input; ++first) {
      const auto more = lane_groups(layer, static_cast<int>(first), limits.lanes);
      groups.insert(groups.end(), more.begin(), more.end());
    }
    std::string why;
    const Estimate chosen = choose_split(layer, mapping, limits, input, static_cast<int>(groups.size()),
                                         topology.tiles(), topology.sources(), code, token_batch, &why);
    const int phase = static_cast<int>(program.phase_inputs.size());
    program.phase_inputs.push_back(input);
    program.parts.push_back(make_parts(layer.inputs[input], chosen.split, limits.half_rows));
    program.choices.push_back(why);
    for (size_t next = 0; next < groups.size();) {
      Pass pass = make_pass(groups, &next, chosen.split, order, topology, routes);
      pass.index = static_cast<int>(program.passes.size());
      pass.input = input;
      pass.phase = phase;
      program.passes.push_back(std::move(pass));
    }
  }
  return program;
}

}  // namespace spikeloom
