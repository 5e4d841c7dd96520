#include "hw/mapping/program.h"

#include <algorithm>
#include <cassert>
#include <sstream>
#include <utility>

#include "sim/base/bits.h"

namespace spikeloom {

namespace {

// Measured on the committed layer: about three of four codes are not zero. Only the choice of a mapping uses it.
constexpr double kAssumedDensity = 0.75;

int rows_of(const InputTrace& input, int first, int count) {
  int rows = input.planes * count;
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
                  " rows, an input needs " + std::to_string(input.planes + !input.wide.empty()));
}

Part make_part(const InputTrace& input, int first, int count, int half_rows) {
  std::vector<Window> windows;
  for (int k = first; k < first + count;) {
    const int group = input.group_of(k);
    const int end = std::min(first + count, input.group_end(group));
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
      part.slices.back().planes = input.planes;
    }
    Slice& slice = part.slices.back();
    slice.count += next.count;
    slice.windows.push_back(next);
    for (int k = next.first; k < next.first + next.count; ++k)
      if (input.is_wide(k)) slice.wide.push_back(k);
  }
  return part;
}

// `split` parts of each block, block by block.
std::vector<Part> make_parts(const InputTrace& input, int split, int half_rows) {
  const int unit = input.group > 0 ? input.group : 1;  // parts begin where groups begin
  const int units = input.block_inputs() / unit;
  std::vector<Part> parts;
  for (int block = 0; block < input.blocks; ++block)
    for (int p = 0; p < split; ++p) {
      const int begin = units * p / split * unit, end = units * (p + 1) / split * unit;
      parts.push_back(make_part(input, block * input.block_inputs() + begin, end - begin, half_rows));
      parts.back().block = block;
    }
  return parts;
}

// Lane groups of one operation: as few as the lanes allow, of even and nearly equal size, none across blocks.
std::vector<TileWork> lane_groups(const LayerTrace& layer, int operation, int lanes) {
  const int blocks = layer.inputs[layer.operations[operation].input].blocks;
  const int outputs = layer.operations[operation].outputs / blocks;  // of a block
  const int count = static_cast<int>(ceil_div(outputs, lanes));
  const int size = static_cast<int>(ceil_div(ceil_div(outputs, count), 2) * 2);
  std::vector<TileWork> groups;
  for (int block = 0; block < blocks; ++block)
    for (int first = 0; first < outputs; first += size) {
      TileWork work;
      work.operation = operation;
      work.first_output = block * outputs + first;
      work.first_of_block = first;
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
                  const SpikeCode& code, int activation_rows, int batch, double weight_bytes) {
  const CodeFormat format = CodeFormat::of(input);
  const std::vector<Part> parts = make_parts(input, split, limits.half_rows);
  const int passes = static_cast<int>(ceil_div(groups, tiles / split));
  const double marks = parts[0].window_count() * code.steps(format.largest_magnitude()) * format.slope_bases();
  const double rows = ceil_div(input.block_inputs(), split) * kAssumedDensity;
  const SourceShare share{static_cast<int>(parts.size()), sources};
  const double parts_per_pass = std::min<double>(parts.size(), tiles);
  const double streams = ceil_div(ceil_div(uint64_t(parts_per_pass), sources), limits.encoder_ports);
  const double codes = double(ceil_div(input.block_inputs(), split)) / share.count(0) * streams;
  const int reads = parts[0].slices.size() <= 2 ? 1 : static_cast<int>(ceil_div(activation_rows, batch));
  const double loads = weight_bytes * reads / limits.dram_bytes_per_cycle;
  return {split, passes, reads, std::max(passes * std::max(rows + marks, codes) * activation_rows, loads)};
}

Estimate choose_split(const LayerTrace& layer, const MappingSpec& mapping, const TileLimits& limits, int phase_input,
                      int groups, int tiles, int sources, const SpikeCode& code, int batch, std::string* why) {
  const InputTrace& input = layer.inputs[phase_input];
  // Tiles of one chain see the same positions, so that outputs that are positions are not split over inputs.
  const bool whole = input.causal == Causal::kOutputs || input.in_order;
  const int most = std::min(tiles, input.group > 0 ? input.groups() : input.block_inputs());
  std::vector<int> candidates;
  if (whole)
    candidates.push_back(1);
  else if (mapping.automatic)
    for (int split = 1; split <= std::min(most, 8); ++split) candidates.push_back(split);
  else
    candidates.push_back(mapping.input_split);
  if (input.in_order && !mapping.automatic && mapping.input_split != 1)
    throw UserError("mapping.input_split: " + std::to_string(mapping.input_split) +
                    " parts would change the order in which the binary32 sums of input '" + input.name +
                    "' are added (set it to 1)");
  if (candidates.back() > most)
    throw UserError("mapping.input_split: " + std::to_string(candidates.back()) + " parts do not fit input '" +
                    input.name + "' on " + std::to_string(tiles) + " tiles (allowed: 1 to " + std::to_string(most) +
                    ")");
  double weight_bytes = 0;
  for (const OperationTrace& operation : layer.operations)
    if (operation.input == phase_input) weight_bytes += double(input.size) * input.planes * operation.row_bytes;
  Estimate best{0, 0, 0, 0};
  for (const int split : candidates) {
    const Estimate next = estimate(input, groups, split, tiles, limits, sources, code,
                                   layer.tokens * input.rows_per_token, batch, weight_bytes);
    if (best.split == 0 || next.cycles < best.cycles) best = next;
  }
  std::ostringstream text;
  text << groups << " lane groups, input split " << best.split << " ("
       << (input.in_order      ? "binary32 sums in index order"
           : whole             ? "of causal scores"
           : mapping.automatic ? "auto"
                               : "as configured")
       << "), " << best.passes << " passes, weights read " << best.reads << (best.reads == 1 ? " time" : " times")
       << " from DRAM, about " << static_cast<uint64_t>(best.cycles) << " cycles estimated";
  *why = text.str();
  return best;
}

// Fills one pass with as many lane groups as there are chains of tiles.
Pass make_pass(const std::vector<TileWork>& groups, size_t* next, int split, int block_outputs, const Phase& phase,
               const std::vector<int>& order, const Topology& topology, RouteTable* routes) {
  Pass pass;
  pass.tiles.resize(topology.tiles());
  pass.destinations.resize(phase.parts.size());
  for (size_t chain = 0; chain < order.size() / split && *next < groups.size(); ++chain, ++*next) {
    for (int p = 0; p < split; ++p) {
      const int tile = order[chain * split + p];
      TileWork work = groups[*next];
      work.part = (phase.parts.size() > size_t(split) ? work.first_output / block_outputs * split : 0) + p;
      work.sends_partials_to = p == 0 ? -1 : order[chain * split + p - 1];
      work.receives_partials = p + 1 < split;
      pass.tiles[tile] = work;
      pass.destinations[work.part].tiles.push_back(tile);
    }
  }
  const SourceShare share{static_cast<int>(phase.parts.size()), topology.sources()};
  for (int p = 0; p < share.parts; ++p) {
    Destinations& to = pass.destinations[p];
    to.sets.resize(topology.sources());
    const size_t fewest = phase.causal == Causal::kOutputs ? 1 : to.tiles.size();
    for (int source = 0; source < topology.sources(); ++source)
      for (size_t tiles = fewest; share.serves(source, p) && !to.tiles.empty() && tiles <= to.tiles.size(); ++tiles)
        to.sets[source].push_back(routes->add_multicast(source, {to.tiles.begin(), to.tiles.begin() + tiles}));
  }
  return pass;
}

Phase make_phase(const InputTrace& input, int index, int tokens) {
  Phase phase;
  phase.input = index;
  phase.rows = tokens * input.rows_per_token;
  phase.block_inputs = input.block_inputs();
  phase.causal = input.causal;
  phase.first_position = input.first_position;
  phase.rows_per_token = input.rows_per_token;
  return phase;
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

namespace {

// Makes the phases of a layer one by one.
class Mapper {
 public:
  Mapper(const LayerTrace& layer, const MappingSpec& mapping, const TileLimits& limits, int token_batch,
         const SpikeCode& code, const Topology& topology, RouteTable* routes)
      : layer_(layer),
        mapping_(mapping),
        limits_(limits),
        code_(code),
        topology_(topology),
        routes_(routes),
        order_(snake_order(topology)) {
    program_.tokens = layer.tokens;
    program_.batch = token_batch;
    program_.sources = topology.sources();
  }

  // Each entry of the vector unit, and behind it the operations that waited for it.
  Program run() {
    add_ready_operations();
    for (size_t i = 0; i < layer_.vector_unit.size(); ++i) {
      add_vector_work(static_cast<int>(i));
      add_ready_operations();
    }
    for (Phase& phase : program_.phases)
      if (phase.is_vector()) find_reader(&phase);
    return std::move(program_);
  }

 private:
  // The phase that loads or sends what a phase of the vector unit makes.
  void find_reader(Phase* phase) const {
    const VectorWork& work = layer_.vector_unit[phase->vector_work];
    const Causal cached = work.kind != VectorKind::kQuantize ? Causal::kNone
                          : work.name == "keys"              ? Causal::kOutputs
                                                             : Causal::kInputs;
    phase->makes_cache = cached != Causal::kNone && layer_.attention;
    for (size_t i = 0; i < program_.phases.size(); ++i) {
      const Phase& other = program_.phases[i];
      if (other.is_vector()) continue;
      if (cached != Causal::kNone ? other.causal == cached : other.input == phase->input)
        phase->reader = static_cast<int>(i);
    }
  }

  // The phase of an entry of the vector unit; -1 where it has not come yet.
  int phase_of(const std::string& work) const {
    for (size_t i = 0; i < program_.phases.size(); ++i)
      if (program_.phases[i].is_vector() && layer_.vector_unit[program_.phases[i].vector_work].name == work)
        return static_cast<int>(i);
    return -1;
  }
  bool waits_for(const std::string& work) const {
    return std::any_of(layer_.vector_unit.begin(), layer_.vector_unit.end(),
                       [&](const VectorWork& entry) { return entry.name == work; }) &&
           phase_of(work) < 0;
  }

  // Operations wait for the codes of their input, scores also for the keys, mix for the values.
  void add_ready_operations() {
    while (next_operation_ < layer_.operations.size()) {
      const InputTrace& input = layer_.inputs[layer_.operations[next_operation_].input];
      const std::string cached = input.causal == Causal::kNone      ? ""
                                 : input.causal == Causal::kOutputs ? "keys"
                                                                    : "values";
      if (waits_for(input.maker()) || waits_for(cached)) return;
      add_operations(cached.empty() ? -1 : phase_of(cached));
    }
  }

  // The next operations that share an input.
  void add_operations(int loads_after) {
    const int input = layer_.operations[next_operation_].input;
    const int block_outputs = layer_.operations[next_operation_].outputs / layer_.inputs[input].blocks;
    std::vector<TileWork> groups;
    for (; next_operation_ < layer_.operations.size() && layer_.operations[next_operation_].input == input;
         ++next_operation_) {
      const auto more = lane_groups(layer_, static_cast<int>(next_operation_), limits_.lanes);
      groups.insert(groups.end(), more.begin(), more.end());
    }
    Phase phase = make_phase(layer_.inputs[input], input, layer_.tokens);
    const Estimate chosen = choose_split(layer_, mapping_, limits_, input, static_cast<int>(groups.size()),
                                         topology_.tiles(), topology_.sources(), code_, program_.batch, &phase.choice);
    phase.parts = make_parts(layer_.inputs[input], chosen.split, limits_.half_rows);
    phase.loads_after = loads_after;
    for (size_t next = 0; next < groups.size();) {
      Pass pass = make_pass(groups, &next, chosen.split, block_outputs, phase, order_, topology_, routes_);
      pass.index = static_cast<int>(program_.passes.size());
      pass.input = input;
      pass.phase = static_cast<int>(program_.phases.size());
      program_.passes.push_back(std::move(pass));
    }
    program_.phases.push_back(std::move(phase));
  }

  void add_vector_work(int index) {
    const VectorWork& work = layer_.vector_unit[index];
    Phase phase;
    phase.vector_work = index;
    phase.vector_shares.resize(program_.sources);
    for (int m = 0; m < layer_.tokens; ++m) {
      VectorShare& share = phase.vector_shares[program_.keeper(m)];
      share.vectors += work.vectors / layer_.tokens;
      share.elements +=
          work.causal() ? layer_.seen_scores(m + 1) - layer_.seen_scores(m) : work.elements / layer_.tokens;
    }
    for (size_t i = 0; i < layer_.inputs.size(); ++i)
      if (layer_.inputs[i].maker() == work.name) phase.input = static_cast<int>(i);
    program_.phases.push_back(std::move(phase));
  }

  const LayerTrace& layer_;
  const MappingSpec& mapping_;
  const TileLimits& limits_;
  const SpikeCode& code_;
  const Topology& topology_;
  RouteTable* routes_;
  std::vector<int> order_;
  Program program_;
  size_t next_operation_ = 0;
};

}  // namespace

Program make_program(const LayerTrace& layer, const MappingSpec& mapping, const TileLimits& limits, int token_batch,
                     const SpikeCode& code, const Topology& topology, RouteTable* routes) {
  return Mapper(layer, mapping, limits, token_batch, code, topology, routes).run();
}

}  // namespace spikeloom
