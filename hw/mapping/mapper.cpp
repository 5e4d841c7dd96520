// Makes the program of a layer: phases, passes, and which tile works on what.

#include <algorithm>
#include <cassert>

#include "hw/mapping/mapping_choice.h"
#include "hw/mapping/parts.h"
#include "hw/mapping/passes.h"
#include "models/spike_count.h"

namespace spikeloom {

namespace {

// Gives every part the multicast sets that its memory nodes send to.
void add_sets(const Phase& phase, const Topology& topology, RouteTable* routes, Pass* pass) {
  const SourceShare share{static_cast<int>(phase.parts.size()), topology.sources()};
  for (int p = 0; p < share.parts; ++p) {
    Destinations& to = pass->destinations[p];
    to.sets.resize(topology.sources());
    const size_t fewest = phase.causal == Causal::kOutputs ? 1 : to.tiles.size();
    for (int source = 0; source < topology.sources(); ++source)
      for (size_t tiles = fewest; share.serves(source, p) && !to.tiles.empty() && tiles <= to.tiles.size(); ++tiles)
        to.sets[source].push_back(routes->add_multicast(source, {to.tiles.begin(), to.tiles.begin() + tiles}));
  }
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

// Makes the phases of a layer one by one.
class Mapper {
 public:
  Mapper(const LayerTrace& layer, const MappingSpec& mapping, const TileLimits& limits, int token_batch,
         const SpikeCode& code, const Topology& topology, RouteTable* routes)
      : layer_(layer), mapping_(mapping), limits_(limits), code_(code), topology_(topology), routes_(routes) {
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

  // The check that may make an input's block of steps needless; -1 without one.
  int check_before(const InputTrace& input) const {
    const int phase = phase_of(input.after);
    const bool checks =
        phase >= 0 && layer_.vector_unit[program_.phases[phase].vector_work].kind == VectorKind::kSettled;
    return checks ? phase : -1;
  }

  // Operations wait for the codes of their input and for the block of steps before, scores also for the keys, mix for
  // the values.
  void add_ready_operations() {
    while (next_operation_ < layer_.operations.size()) {
      const InputTrace& input = layer_.inputs[layer_.operations[next_operation_].input];
      const std::string cached = input.causal == Causal::kNone      ? ""
                                 : input.causal == Causal::kOutputs ? "keys"
                                                                    : "values";
      if (waits_for(input.maker()) || waits_for(cached) || waits_for(input.after)) return;
      add_operations(cached.empty() ? check_before(input) : phase_of(cached));
    }
  }

  // The next operations that share an input.
  void add_operations(int loads_after) {
    const int input = layer_.operations[next_operation_].input;
    PhaseWork work{layer_, limits_, code_, topology_, input, program_.batch, timeline_, {}, {}};
    work.spikes = mean_spikes(work.input(), code_, limits_.multiplies, work.rows());
    for (; next_operation_ < layer_.operations.size() && layer_.operations[next_operation_].input == input;
         ++next_operation_) {
      const auto more = lane_groups(layer_, static_cast<int>(next_operation_), limits_.lanes);
      work.groups.insert(work.groups.end(), more.begin(), more.end());
    }
    Phase phase = make_phase(layer_.inputs[input], input, layer_.tokens);
    const MappingCandidate chosen = choose_mapping(work, mapping_, &phase.choice);
    const int split = chosen.estimate.split;
    timeline_ = chosen.estimate.after;
    phase.parts = make_parts(layer_.inputs[input], split, limits_.half_rows);
    phase.loads_after = loads_after;
    for (Pass& pass : make_passes(work.groups, layer_.inputs[input], split, chosen.order)) {
      pass.index = static_cast<int>(program_.passes.size());
      pass.input = input;
      pass.phase = static_cast<int>(program_.phases.size());
      add_sets(phase, topology_, routes_, &pass);
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
    double slowest = 0;
    for (const VectorShare& share : phase.vector_shares)
      slowest = std::max(slowest, limits_.vector_cycles(work.kind, share));
    timeline_.wait(slowest);
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
  Program program_;
  Timeline timeline_;
  size_t next_operation_ = 0;
};

}  // namespace

Program make_program(const LayerTrace& layer, const MappingSpec& mapping, const TileLimits& limits, int token_batch,
                     const SpikeCode& code, const Topology& topology, RouteTable* routes) {
  return Mapper(layer, mapping, limits, token_batch, code, topology, routes).run();
}

}  // namespace spikeloom
