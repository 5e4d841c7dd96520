#include "hw/chip/chip.h"

#include <algorithm>
#include <stdexcept>

namespace spikeloom {

namespace {

constexpr int kMostNamed = 4;  // blocks that wait, in the message about a stuck chip

// Throws UserError where the chip cannot take the layer.
Program checked_program(const ChipSpec& spec, const LayerTrace& layer, const SpikeCode& code, const Topology& topology,
                        RouteTable* routes) {
  check_mapping(spec, layer);
  return make_program(layer, spec.mapping, spec.tile_limits(), spec.token_batch, code, topology, routes);
}

}  // namespace

Chip::Chip(const sc_core::sc_module_name& name, const ChipSpec& spec, const LayerTrace& layer, Cycle window_cycles,
           Order order)
    : sc_module(name),
      spec_(spec.for_weights(layer.weight_kind)),
      layer_(layer),
      clock_("clock", spec.clock_mhz),
      ledger_(window_cycles),
      topology_(spec.topology()),
      routes_(spec.network.routes(topology_)),
      code_(make_spike_code(spec.spike_code)),
      program_(checked_program(spec_, layer, *code_, topology_, &routes_)),
      context_{&layer_,
               &program_,
               code_.get(),
               spec.flits(),
               topology_.sources(),
               spec.packet_flits,
               spec.payload,
               spec_.synapse_array.packing,
               spec.spike_channels()},
      network_(clock_, std::string(this->name()) + ".", spec.network, topology_, routes_, spec.channels(), spec.flits(),
               ledger_, order == Order::kReversed) {
  choose_side_formats(layer, spec.encoder.side_format, &program_);
  for (const OperationTrace& operation : layer.operations) {
    const size_t outputs = size_t(layer.tokens) * layer.inputs[operation.input].rows_per_token * operation.outputs;
    result_.outputs.emplace_back(outputs, 0);
    result_.arrived.emplace_back(outputs, false);
    result_.sums.emplace_back(layer.mac ? outputs : 0, 0.0f);
  }
  for (const Pass& pass : program_.passes)
    for (const TileWork& work : pass.tiles)
      if (work.fires())
        for (int row = 0; row < program_.phase(pass).rows; ++row) result_.expected += program_.outputs(pass, work, row);
  result_.phase_begin.assign(program_.phases.size(), 0);
  result_.phase_end.assign(program_.phases.size(), 0);
  work_before_.resize(program_.phases.size() + 1);
  ledger_.set_phase_observer([this](uint32_t phase) { begin_phase(phase); });
  tiles_.resize(topology_.tiles());
  memory_nodes_.resize(topology_.sources());
  const bool reversed = order == Order::kReversed;
  if (reversed)
    for (int source = topology_.sources() - 1; source >= 0; --source) build_memory_node(source);
  for (int i = 0; i < topology_.tiles(); ++i) build_tile(reversed ? topology_.tiles() - 1 - i : i);
  if (!reversed)
    for (int source = 0; source < topology_.sources(); ++source) build_memory_node(source);
}

Chip::~Chip() = default;

void Chip::build_tile(int tile) {
  const std::string name = "tile_" + topology_.place(tile);
  Link& eject = network_.new_link_to(tile, name + ".eject", name + ".network_interface");
  Link& inject = network_.new_link_into(tile, name + ".inject");
  tiles_[tile] =
      std::make_unique<Tile>(name.c_str(), clock_, spec_, context_, topology_, tile, eject, inject, &result_, ledger_);
}

void Chip::build_memory_node(int source) {
  const std::string name = "memory_" + std::to_string(source);
  const int node = topology_.source_node(source);
  Link& eject = network_.new_link_to(node, name + ".eject", name + ".network_interface");
  Link& inject = network_.new_link_into(node, name + ".inject");
  memory_nodes_[source] = std::make_unique<MemoryNode>(name.c_str(), clock_, spec_, context_, topology_, source, eject,
                                                       inject, &result_, ledger_);
}

// Before any block runs in a cycle after the one in which the phase began.
void Chip::begin_phase(size_t phase) {
  const Cycle begin = phase_span(phase).begin;
  for (auto& tile : tiles_) tile->array->begin_phase(static_cast<int>(phase), begin);
  if (phase > 0) work_before_[phase] = array_work_before(begin);
}

CycleSpan Chip::phase_span(size_t phase) const {
  const std::vector<Cycle>& begin = result_.phase_begin;
  return {phase == 0 ? 0 : begin[phase], phase + 1 < begin.size() ? begin[phase + 1] : cycles()};
}

ArrayWork Chip::array_work_before(Cycle end) const {
  ArrayWork work;
  for (const auto& tile : tiles_) {
    const ActivityCycles cycles = tile->array->activity().cycles_before(end);
    for (size_t i = 0; i < cycles.size(); ++i) work.cycles[i] += cycles[i];
    work.rows_added += tile->array->rows_issued();
    work.additions += tile->additions();
  }
  return work;
}

ArrayWork Chip::array_work(size_t phase) const {
  ArrayWork work = work_before_[phase + 1];
  for (size_t i = 0; i < work.cycles.size(); ++i) work.cycles[i] -= work_before_[phase].cycles[i];
  work.rows_added -= work_before_[phase].rows_added;
  work.additions -= work_before_[phase].additions;
  return work;
}

void Chip::run() {
  clock_.set_quantum(Clock::kQuantum);
  sc_core::sc_start();
  for (auto& node : memory_nodes_) node->dram.finish(cycles());
  ledger_.close();
  for (auto& [block, activity] : activities()) activity->close(cycles());
  work_before_.back() = array_work_before(cycles());
  const bool complete = std::all_of(memory_nodes_.begin(), memory_nodes_.end(),
                                    [](const auto& node) { return node->sequencer.finished(); });
  if (result_.received == result_.expected && complete) return;
  std::string waiting;
  int waits = 0;
  const auto ask = [&](const Block& block) {
    const std::string what = block.waits_for();
    if (!what.empty() && ++waits <= kMostNamed) waiting += "; " + std::string(block.name()) + " waits for " + what;
  };
  for (const auto& node : memory_nodes_) {
    ask(node->sequencer);
    ask(node->weight_loader);
    ask(node->dram);
    ask(node->global_buffer);
    for (const auto& encoder : node->encoders) ask(*encoder);
    ask(node->merger);
    ask(node->vector_unit);
    ask(node->network_interface);
  }
  for (const auto& tile : tiles_) {
    if (tile->encoder) ask(*tile->encoder);
    ask(*tile->array);
    ask(*tile->outputs);
    ask(tile->network_interface);
  }
  if (waits > kMostNamed) waiting += "; and " + std::to_string(waits - kMostNamed) + " more blocks wait";
  const std::string oldest = network_.oldest_flit(clock_.now());
  throw std::logic_error("the chip is stuck in cycle " + std::to_string(clock_.now()) + " with " +
                         std::to_string(result_.expected - result_.received) + " output codes missing" +
                         (oldest.empty() ? "" : "; " + oldest) + waiting);
}

std::vector<std::pair<std::string, Activity*>> Chip::activities() {
  std::vector<std::pair<std::string, Activity*>> all;
  for (const auto& tile : tiles_) {
    all.emplace_back(tile->array->name(), &tile->array->activity());
    all.emplace_back(tile->outputs->name(), &tile->outputs->activity());
    if (tile->encoder) all.emplace_back(tile->encoder->name(), &tile->encoder->activity());
  }
  for (const auto& node : memory_nodes_) {
    all.emplace_back(node->dram.name(), &node->dram.activity());
    all.emplace_back(node->vector_unit.name(), &node->vector_unit.activity());
    all.emplace_back(node->weight_loader.name(), &node->weight_loader.activity());
    for (const auto& encoder : node->encoders) all.emplace_back(encoder->name(), &encoder->activity());
  }
  return all;
}

}  // namespace spikeloom
