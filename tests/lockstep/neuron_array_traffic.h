// What the neuron array's lockstep runs on: shapes, random programs, and all that comes in: commands as the synapse
// array gives them, parameters and partial membranes as the network brings them.
#pragma once

#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "hw/neuron_array/neuron_array.h"
#include "models/activation_code.h"
#include "tests/lockstep/lockstep.h"

namespace spikeloom {

constexpr int kPasses = 64;

// Sizes, as CMakeLists.txt gives them to the twin.
struct Sizes {
  const char* name;
  int lanes, slots, groups, link_bits, sources, tiles, tile, output_bits, spike_code;
  NeuronArraySpec spec;
  bool row_shifts = false;  // rows may have exponents
};

// What the synapse array tells in one cycle.
struct CommandWord {
  bool batch_start = false, window_start = false, row = false, mark = false, slice_end = false;
  NeuronCommand start, window, end;
  WeightedRow weighted{};
  int step = 0;
};

// Formats and a program of kPasses passes for one tile. An even number of them has work, so that the program can be run
// again and again with the parameter sets in turn.
struct RandomProgram {
  RandomProgram(const Sizes& shape, Random* random)
      : topology(shape.tiles, 1, std::vector<EdgeNode>(shape.sources)), code(make_spike_code(shape.spike_code)) {
    static const uint8_t any_shift = 0;  // only whether there are shifts is read
    for (int i = 0; i < 4; ++i) {
      InputTrace input;
      input.row_shift = shape.row_shifts && i != 1 ? &any_shift : nullptr;
      const int groups = i == 0 ? 1 : random->between(1, shape.groups);
      input.size = 4 * groups;
      input.group = i == 0 ? 0 : 4;
      input.salient_format = i % 2 ? SalientFormat::kShifted : SalientFormat::kFloating;
      layer.inputs.push_back(input);
    }
    const int most_F = std::min(14, shape.spec.residue_bits - shape.spec.membrane_bits - 2);
    for (int i = 0; i < 8; ++i) {
      OperationTrace operation;
      operation.output_bits = shape.output_bits;
      operation.F = random->upto(i < 4 ? 3 : most_F);
      operation.h = i % 2 ? &any_shift : nullptr;
      layer.operations.push_back(operation);
    }
    program.batch = shape.slots;
    program.sources = shape.sources;
    program.phases.push_back({});
    for (int i = 0; i < kPasses; ++i) program.passes.push_back(pass(shape, i, random));
    context = {&layer,
               &program,
               code.get(),
               {shape.link_bits, topology.nodes(), MessageClasses{shape.sources}.count()},
               shape.sources,
               16,
               Payload::kAddressEvents};
  }

  LayerTrace layer;
  Topology topology;
  std::unique_ptr<SpikeCode> code;
  Program program;
  LayerContext context;
  std::vector<int> busy;  // passes in which the tile has work

 private:
  Pass pass(const Sizes& shape, int index, Random* random) {
    Pass pass;
    pass.index = index;
    pass.input = random->upto(3);
    pass.tiles.resize(shape.tiles);
    TileWork& work = pass.tiles[shape.tile];
    const bool last_odd = index + 1 == kPasses && busy.size() % 2 == 1;
    if (index + 1 == kPasses ? !last_odd : random->chance(15)) return pass;
    busy.push_back(index);
    work.operation = random->upto(7);
    work.outputs = random->chance(50) ? shape.lanes : random->between(1, shape.lanes);
    work.receives_partials_from = random->chance(40) ? random->upto(shape.tiles - 1) : -1;
    work.sends_partials_to = random->chance(30) ? random->upto(shape.tiles - 1) : -1;
    work.sink = random->upto(shape.sources - 1);
    return pass;
  }
};

class Traffic {
 public:
  Traffic(const Sizes& shape, const RandomProgram& program, Random* random)
      : shape_(shape), program_(program), random_(*random), code_(program.code.get()) {
    for (auto& row : rows_)
      for (uint8_t& byte : row) byte = uint8_t(random->word());
  }

  // The commands that are pushed in cycle `now` and their delays; they arrive from now + 1 on.
  std::vector<std::pair<NeuronCommand, Cycle>> issue(Cycle now);
  // What arrives in `cycle`; cycles ascend.
  CommandWord take(Cycle cycle) {
    while (!words_.empty() && words_.front().first < cycle) words_.pop_front();
    return !words_.empty() && words_.front().first == cycle ? words_.front().second : CommandWord{};
  }
  void batch_fired() { ++fired_; }
  void release_sent() { --releases_; }
  void parameters_taken() { ++parameters_taken_; }
  // Flits that may be pushed.
  std::deque<Flit> partials, grants;
  std::deque<Flit>& parameters() {
    if (parameters_.empty()) make_parameters();
    return parameters_;
  }
  int gap_percent = 10;
  uint64_t rows() const { return row_count_; }
  uint64_t marks() const { return mark_count_; }

 private:
  static constexpr int kRows = 1024;
  static constexpr int64_t kHeaviestWeight = 15;

  const TileWork& work() const { return program_.program.passes[pass_].tiles[shape_.tile]; }
  const OperationTrace& operation() const { return program_.layer.operations[work().operation]; }
  const InputTrace& input(int pass) const { return program_.layer.inputs[program_.program.passes[pass].input]; }
  int groups(int pass) const {
    const int operation = program_.program.passes[pass].tiles[shape_.tile].operation;
    return program_.layer.operations[operation].h ? input(pass).groups() : 0;
  }
  int busy_pass(uint64_t sequence) const { return program_.busy[sequence % program_.busy.size()]; }
  CommandWord& word(Cycle cycle);
  void push(const NeuronCommand& command, Cycle delay) { pushed_.emplace_back(command, delay); }
  bool start_batch(Cycle now);
  void start_window(Cycle now);
  bool choose_row(WeightedRow* row);
  void issue_rows(Cycle now);
  void issue_mark(Cycle now);
  void end_window(Cycle now);
  void make_parameters();
  void make_partials(int tokens);
  void make_grant(int batch);

  const Sizes& shape_;
  const RandomProgram& program_;
  Random& random_;
  const SpikeCode* code_;
  std::array<std::array<uint8_t, 64>, kRows> rows_;
  std::vector<std::pair<NeuronCommand, Cycle>> pushed_;
  std::deque<std::pair<Cycle, CommandWord>> words_;
  std::deque<Flit> parameters_;
  uint64_t parameter_sequence_ = 0, parameters_taken_ = 0;
  uint64_t sequence_ = 0, started_ = 0, fired_ = 0, row_count_ = 0, mark_count_ = 0;
  std::vector<uint64_t> batches_before_ = {0};  // [sequence]: batches of the passes before
  int batches_left_ = 0;                        // of this pass
  int pass_ = 0, tokens_ = 0, slices_left_ = 0, windows_left_ = 0, step_ = 0, steps_ = 0, runs_left_ = 0;
  int releases_ = 0, most_runs_ = 0, most_slope_ = 0;
  bool in_batch_ = false, in_window_ = false;
  Cycle issue_free_ = 0;
  WindowShifts shifts_;
  std::array<int64_t, 16> budget_{};                        // [slot]: what |V| may still grow by
  std::array<std::array<int64_t, kMostSlopes>, 16> reach_;  // [slot][slope]: bound of |S|, -1 where nothing is held
};

}  // namespace spikeloom
