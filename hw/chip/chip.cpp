#include "hw/chip/chip.h"

#include <stdexcept>

namespace spikeloom {

namespace {

std::string at(const char* prefix, int x, int y) {
  return std::string(prefix) + "_" + std::to_string(x) + "_" + std::to_string(y);
}

Port opposite(Port port) {
  switch (port) {
    case kNorth:
      return kSouth;
    case kSouth:
      return kNorth;
    case kEast:
      return kWest;
    default:
      return kEast;
  }
}

}  // namespace

Chip::Chip(const sc_core::sc_module_name& name, const ChipSpec& spec, const LayerTrace& layer, Cycle window_cycles,
           Order order)
    : sc_module(name),
      spec_(spec),
      layer_(layer),
      clock_("clock", spec.clock_mhz),
      ledger_(window_cycles),
      topology_(spec.width, spec.height, spec.memory_nodes),
      routes_(topology_),
      code_(make_spike_code(spec.spike_code)),
      program_(make_program(layer, spec.mapping,
                            {spec.synapse_array.lanes, spec.synapse_array.half_rows(), spec.encoder.ports,
                             double(spec.dram.bandwidth_mb_s) / spec.clock_mhz * double(spec.memory_nodes.size())},
                            spec.token_batch, *code_, topology_, &routes_)) {
  context_ = {&layer_, &program_, code_.get(), spec_.flits(), topology_.sources(), spec_.packet_flits, spec_.payload};
  for (const OperationTrace& operation : layer.operations) {
    result_.outputs.emplace_back(size_t(layer.tokens) * operation.outputs, 0);
    result_.arrived.emplace_back(size_t(layer.tokens) * operation.outputs, false);
    result_.expected += uint64_t(layer.tokens) * operation.outputs;
  }
  result_.phase_begin.assign(program_.phase_inputs.size(), 0);
  result_.phase_end.assign(program_.phase_inputs.size(), 0);
  routers_.resize(topology_.tiles());
  tiles_.resize(topology_.tiles());
  memory_nodes_.resize(topology_.sources());
  const bool reversed = order == Order::kReversed;
  for (int i = 0; i < topology_.tiles(); ++i) {
    const int tile = reversed ? topology_.tiles() - 1 - i : i;
    routers_[tile] = std::make_unique<Router>(at("router", tile % spec_.width, tile / spec_.width).c_str(), clock_,
                                              tile, routes_, context_.flits, ledger_);
  }
  build_links();
  if (reversed)
    for (int source = topology_.sources() - 1; source >= 0; --source) build_memory_node(source);
  for (int i = 0; i < topology_.tiles(); ++i) build_tile(reversed ? topology_.tiles() - 1 - i : i);
  if (!reversed)
    for (int source = 0; source < topology_.sources(); ++source) build_memory_node(source);
}

Chip::~Chip() = default;

Link& Chip::new_link(const std::string& name, const std::string& receiver, bool local) {
  LinkSpec link = spec_.link;
  if (local) {
    link.length_mm = 0;
    link.latency_cycles = 1;
  }
  links_.emplace_back(clock_, std::string(this->name()) + "." + name, std::string(this->name()) + "." + receiver, link,
                      context_.flits, ledger_);
  return links_.back();
}

void Chip::build_links() {
  for (int router = 0; router < topology_.tiles(); ++router) {
    for (const Port port : {kNorth, kEast, kSouth, kWest}) {
      const int neighbour = topology_.neighbour(router, port);
      if (neighbour < 0) continue;
      const int x = router % spec_.width, y = router / spec_.width;
      Link& link = new_link(at("link", x, y) + "_" + kPortNames[port],
                            at("router", neighbour % spec_.width, neighbour / spec_.width), false);
      routers_[router]->out[port](link);
      routers_[neighbour]->in[opposite(port)](link);
    }
  }
}

void Chip::build_tile(int tile) {
  const int x = tile % spec_.width, y = tile / spec_.width;
  const std::string name = at("tile", x, y);
  Link& eject = new_link(name + ".eject", name + ".network_interface", true);
  Link& inject = new_link(name + ".inject", at("router", x, y), true);
  routers_[tile]->out[kLocal](eject);
  routers_[tile]->in[kLocal](inject);
  tiles_[tile] = std::make_unique<Tile>(name.c_str(), clock_, spec_, context_, topology_, tile, eject, inject, ledger_);
}

void Chip::build_memory_node(int source) {
  const std::string name = "memory_" + std::to_string(source);
  const EdgeNode& edge = topology_.edge(source);
  const int router = edge.y * spec_.width + edge.x;
  Link& eject = new_link(name + ".eject", name + ".network_interface", false);
  Link& inject = new_link(name + ".inject", at("router", edge.x, edge.y), false);
  routers_[router]->out[edge.port](eject);
  routers_[router]->in[edge.port](inject);
  memory_nodes_[source] = std::make_unique<MemoryNode>(name.c_str(), clock_, spec_, context_, topology_, source, eject,
                                                       inject, &result_, ledger_);
}

void Chip::run() {
  sc_core::sc_start();
  ledger_.close();
  for (auto& [block, activity] : activities()) activity->close(cycles());
  if (result_.received == result_.expected) return;
  std::string waiting;
  const auto ask = [&waiting](const Block& block) {
    const std::string what = block.waits_for();
    if (!what.empty() && waiting.size() < 600) waiting += "; " + std::string(block.name()) + " waits for " + what;
  };
  for (const auto& node : memory_nodes_) {
    ask(node->sequencer);
    ask(node->dram);
    ask(node->global_buffer);
    for (const auto& encoder : node->encoders) ask(*encoder);
    ask(node->merger);
    ask(node->network_interface);
  }
  for (const auto& tile : tiles_) {
    if (tile->encoder) ask(*tile->encoder);
    ask(tile->synapse_array);
    ask(tile->neuron_array);
    ask(tile->network_interface);
  }
  for (const auto& router : routers_) ask(*router);
  throw std::logic_error("the chip is stuck in cycle " + std::to_string(clock_.now()) + " with " +
                         std::to_string(result_.expected - result_.received) + " output codes missing" + waiting);
}

std::vector<std::pair<std::string, Activity*>> Chip::activities() {
  std::vector<std::pair<std::string, Activity*>> all;
  for (const auto& tile : tiles_) {
    all.emplace_back(tile->synapse_array.name(), &tile->synapse_array.activity());
    all.emplace_back(tile->neuron_array.name(), &tile->neuron_array.activity());
    if (tile->encoder) all.emplace_back(tile->encoder->name(), &tile->encoder->activity());
  }
  for (const auto& node : memory_nodes_) {
    all.emplace_back(node->dram.name(), &node->dram.activity());
    for (const auto& encoder : node->encoders) all.emplace_back(encoder->name(), &encoder->activity());
  }
  return all;
}

}  // namespace spikeloom
