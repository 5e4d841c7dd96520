// What the synapse array's lockstep runs on: sizes, random programs, all that comes in, and the blocks around the
// array.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <vector>

#include "hw/synapse_array/synapse_array.h"
#include "tests/lockstep/lockstep.h"

namespace spikeloom {

constexpr int kMostSources = 3;

// Sizes, as CMakeLists.txt gives them to the twin.
struct Sizes {
  const char* name;
  int lanes, half_rows, sources, slots, link_bits, latency;
  bool bitmap;
  int shared_banks = 0;     // of both halves; 0: they have banks of their own
  bool row_shifts = false;  // rows may have exponents

  // Flits that each input shows: of a bitmap, as many as a chunk of 160 bits may need, each behind a head flit.
  int shown() const { return bitmap ? 2 * ((160 + link_bits - 1) / link_bits) : 2; }
  int row_bytes() const { return (lanes + 1) / 2; }
  int row_bits() const { return ceil_log2(half_rows); }
  SynapseArraySpec array_spec() const {
    SynapseArraySpec spec = {lanes, 2 * half_rows * row_bytes(), 2, latency};
    if (shared_banks > 0) spec.banks = shared_banks;
    if (shared_banks > 0) spec.halves = Halves::kSharedBanks;
    return spec;
  }
};

// A layer, its formats, and the program that the mapper makes of it, with work for one tile.
class RandomProgram {
 public:
  RandomProgram(const Sizes& shape, Random* random);

  const bool long_runs;  // one flit brings more rows than a run may have: small fields, mostly wide inputs
  int half_rows;
  bool encoder_in_tile;
  std::vector<uint8_t> codes;  // of every input alike: what mapping estimates spikes from
  LayerTrace layer;
  std::unique_ptr<Topology> topology;
  std::unique_ptr<RouteTable> routes;
  std::unique_ptr<SpikeCode> code;
  Program program;
  LayerContext context;
  int tile = 0;
  std::vector<TileItem> items;
  std::vector<Load> loads;  // of the tile

  // A window of an item, in the order in which the tile works.
  struct Step {
    const TileItem* item;
    const Slice* slice;
    const Window* window;
    WindowTag tag;
    bool last;  // of its slice
  };
  std::vector<Step> steps;

  const Pass& pass(const Step& step) const { return program.passes[step.item->pass]; }
  int lanes() const { return encoder_in_tile ? 1 : context.sources; }
  int lane_source(int lane) const { return encoder_in_tile ? -1 : lane; }
  bool serves(const Step& step, int lane) const {
    return encoder_in_tile || program.share(pass(step)).serves(lane, pass(step).tiles[tile].part);
  }
  StreamFormat format(const Step& step, int lane) const { return stream_format(context, step.tag, lane_source(lane)); }
  bool row_shifts(int pass) const { return layer.inputs[program.passes[pass].input].row_shift; }
  // Of a row of a load: its weights, and as it travels, an exponent behind them where rows have one.
  int row_bytes(uint64_t load) const { return (program.passes[loads[load].pass].tiles[tile].outputs + 1) / 2; }
  int load_row_bytes(uint64_t load) const { return row_bytes(load) + row_shifts(loads[load].pass); }
  const Slice& slice(const Load& load) const {
    const Pass& at = program.passes[load.pass];
    return program.part(at, at.tiles[tile].part).slices[load.slice];
  }

 private:
  void make_input(const Sizes& shape, Random* random);
  void make_shifted_input(Random* random);
  void make_steps();
};

// What comes in: spikes of each lane, and weight and parameter packets, in orders that the network could bring.
class Traffic {
 public:
  Traffic(const Sizes& shape, const RandomProgram& program, Random* random)
      : shape_(shape), program_(program), random_(*random), packets_(program.context.sources) {}

  // The next flits of a lane; empty at the program's end.
  std::deque<Flit>& spikes(int lane) {
    while (spikes_[lane].size() < 8 && next_step_[lane] < program_.steps.size())
      add_window(program_.steps[next_step_[lane]++], lane);
    return spikes_[lane];
  }
  // The next weight or parameter flits; empty while both halves are in use.
  std::deque<Flit>& weights();
  // The slice that uses load `load` last is done: the load after the next one may come.
  void release(uint64_t load) { released_ = load + 1; }

 private:
  void add_window(const RandomProgram::Step& step, int lane);
  std::vector<SpikeEvent> events(const StreamFormat& format, int tokens, int percent);
  void add_load(const Load& load);
  void add_packet(const std::vector<Flit>& packet) { weights_.insert(weights_.end(), packet.begin(), packet.end()); }
  std::vector<Flit> parameter_packet();

  const Sizes& shape_;
  const RandomProgram& program_;
  Random& random_;
  std::array<std::deque<Flit>, kMostSources> spikes_;
  std::array<size_t, kMostSources> next_step_{};
  std::vector<std::deque<std::vector<Flit>>> packets_;  // of each source
  std::deque<Flit> weights_;
  uint64_t next_load_ = 0, released_ = 0;
};

// All blocks around the synapse array: pushes and pops with random stalls whose rates change from time to time.
class Surroundings : public Block {
 public:
  sc_core::sc_vector<FifoOut<Flit>> spikes;
  FifoOut<Flit> weights;
  FifoOut<int> membrane_free;
  FifoIn<NeuronCommand> commands;
  FifoIn<Flit> parameters;

  Surroundings(const sc_core::sc_module_name& name, Clock& clock, const RandomProgram& program, Traffic* traffic,
               Random* random)
      : Block(name, clock),
        spikes("spikes", program.lanes()),
        weights("weights"),
        membrane_free("membrane_free"),
        commands("commands"),
        parameters("parameters"),
        traffic_(*traffic),
        random_(*random) {
    wake_at(1);
  }
  void stop() { stopped_ = true; }

  // Of this cycle.
  std::array<int, kMostSources> spikes_pushed{};
  int weights_pushed = 0, frees_pushed = 0, commands_popped = 0, parameters_popped = 0;

 private:
  void tick() override;
  void redraw();
  void end_slice(const NeuronCommand& command);

  Traffic& traffic_;
  Random& random_;
  bool stopped_ = false;
  std::deque<Cycle> frees_due_;
  Cycle next_rates_ = 0;
  std::array<int, kMostSources> spike_rate_{};
  int weight_rate_ = 0, command_rate_ = 0, parameter_rate_ = 0, most_commands_ = 1;
};

}  // namespace spikeloom
