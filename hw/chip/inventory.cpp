// What a chip's blocks consist of, as leakage needs it.

#include <algorithm>

#include "hw/chip/chip.h"
#include "models/mac_layer.h"

namespace spikeloom {

RegistersInUse registers_in_use(const LayerTrace& layer) {
  RegistersInUse most;
  for (const InputTrace& input : layer.inputs) {
    most.slopes = std::max(most.slopes, CodeFormat::of(input).slopes(!input.wide.empty()));
    if (!input.mac) continue;
    most.parameter_bits = std::max(most.parameter_bits, mac_parameter_bits(input));
    most.several_groups = most.several_groups || input.groups() > 1;
  }
  return most;
}

namespace {

// Slopes in use and two membrane sets for each token, two parameter sets, one residue. A multiply-accumulate tile has
// accumulators in the place of slopes, where they are not the membranes themselves.
uint64_t neuron_registers(const ChipSpec& spec, int slopes, const MacInventory& mac) {
  const NeuronArraySpec& n = spec.neuron_array;
  const uint64_t batch = spec.token_batch;
  const uint64_t sums = batch * slopes * (spec.multiplies() ? mac.sum_bits : n.slope_bits);
  return n.lanes * (sums + 2 * batch * n.membrane_bits + 2 * (n.threshold_bits + n.membrane_bits) + n.residue_bits);
}

uint64_t neuron_adders(const ChipSpec& spec, bool multiplies) {
  const NeuronArraySpec& n = spec.neuron_array;
  return uint64_t(n.lanes) * ((multiplies ? 0 : n.slope_bits) + n.membrane_bits + n.residue_bits);
}

std::vector<std::pair<SramMacro, int>> state_memory(const NeuronArraySpec& n) {
  if (n.state_bytes == 0) return {};
  return {{n.state_memory(), 1}};
}

// Two sets of accumulators, of y and of scales. Binary32 sums that take products are all that a float array has.
uint64_t dequantizer_registers(const ChipSpec& spec, const RegistersInUse& in_use) {
  const uint64_t batch = spec.token_batch;
  const bool merges = spec.mac_array.accumulators == Accumulators::kPerExponent;
  uint64_t bits = 2 * in_use.parameter_bits;
  if (!spec.multiplies_reals()) bits += 2 * batch * (merges ? in_use.slopes : 1) * spec.mac_array.accumulator_bits;
  if (spec.multiplies_reals() || in_use.several_groups) bits += 2 * batch * 32;
  return spec.synapse_array.lanes * bits;
}

// What forms outputs in a tile.
BlockInventory output_inventory(const ChipSpec& spec, const RegistersInUse& in_use, const MacInventory& mac) {
  if (!spec.dequantizes())
    return {"neuron_array", neuron_registers(spec, in_use.slopes, mac), neuron_adders(spec, spec.multiplies()),
            state_memory(spec.neuron_array), 0};
  const int lanes = spec.multiplies_reals() ? 0 : spec.dequantizer.lanes;
  return {"dequantizer",
          dequantizer_registers(spec, in_use),
          dequantizer_adder_bits(lanes, spec.mac_array.accumulator_bits),
          {},
          0};
}

MacInventory array_inventory(const ChipSpec& spec) {
  if (!spec.multiplies()) return {};
  const int lanes = spec.synapse_array.lanes;
  if (spec.multiplies_reals()) return {float_adder_bits(lanes, spec.datapath == TileDatapath::kDequantizeMultiply), 0};
  return inventory(spec.mac_array, lanes,
                   spec.dequantizes() ? spec.mac_array.accumulator_bits : spec.neuron_array.membrane_bits);
}

}  // namespace

std::vector<BlockInventory> inventory(const ChipSpec& spec, const RegistersInUse& in_use) {
  std::vector<BlockInventory> blocks;
  const Topology topology = spec.topology();
  const FlitFormat flits = spec.flits();
  const VirtualChannels channels = spec.channels();
  const uint64_t vc_bits = uint64_t(spec.network.buffer_flits) * flits.wire_bits();
  const uint64_t buffer_bits = uint64_t(flits.vcs) * vc_bits;
  uint64_t arrival_bits = 0;
  for (int i = 0; i < channels.classes; ++i) arrival_bits += uint64_t(channels.arrivals(i)) * vc_bits;
  const EncoderSpec& e = spec.encoder;
  const std::vector<std::pair<SramMacro, int>> code_srams = {
      {{uint64_t(e.buffer.main_bytes), uint64_t(e.buffer.main_word_bytes)}, 1},
      {{uint64_t(e.buffer.side_bytes), uint64_t(e.buffer.side_word_bytes)}, 1}};
  auto encoder_srams = code_srams;
  encoder_srams.push_back({{uint64_t(e.index_bytes), uint64_t(e.index_entry_bytes)}, 1});
  for (int router = 0; router < topology.routers(); ++router) {
    // Input buffers at the directions that have a neighbour and at every node's port.
    uint64_t ports = 0;
    for (const Port port : {kNorth, kEast, kSouth, kWest}) ports += topology.neighbour(router, port) >= 0;
    for (int node = 0; node < topology.nodes(); ++node) ports += topology.router_of(node) == router;
    blocks.push_back({"chip.router_" + std::to_string(topology.x(router)) + "_" + std::to_string(topology.y(router)),
                      ports * buffer_bits,
                      0,
                      {},
                      0});
  }
  for (int tile = 0; tile < topology.tiles(); ++tile) {
    const std::string place = topology.place(tile);
    blocks.push_back({"chip.tile_" + place + ".network_interface", arrival_bits, 0, {}, 0});
    const SynapseArraySpec& s = spec.synapse_array;
    const bool multiplies = spec.multiplies();
    const MacInventory mac = array_inventory(spec);
    const char* name = spec.multiplies_reals() ? ".float_array" : multiplies ? ".mac_array" : ".synapse_array";
    blocks.push_back(
        {"chip.tile_" + place + name, uint64_t(2 * s.row_bytes() * 8), mac.adder_bits, {{s.bank(), s.banks}}, 0});
    if (multiplies) blocks.back().srams.insert(blocks.back().srams.end(), code_srams.begin(), code_srams.end());
    blocks.push_back(output_inventory(spec, in_use, mac));
    blocks.back().block = "chip.tile_" + place + "." + blocks.back().block;
    if (spec.encodes_in_tiles()) blocks.push_back({"chip.tile_" + place + ".encoder", 0, 0, encoder_srams, 0});
  }
  for (size_t i = 0; i < spec.memory_nodes.size(); ++i) {
    const std::string node = "chip.memory_" + std::to_string(i);
    blocks.push_back({node + ".dram", 0, 0, {}, spec.dram.channels});
    blocks.push_back({node + ".weight_loader", 0, 0, {{spec.weight_loader.buffer(), 1}}, 0});
    if (spec.weight_loader.kv_cache.bytes > 0) blocks.back().srams.push_back({spec.weight_loader.kv_cache.sram(), 1});
    blocks.push_back({node + ".global_buffer", 0, 0, {{spec.global_buffer.macro(), 1}}, 0});
    const VectorUnitInventory vector_unit = spikeloom::inventory(spec.vector_unit);
    blocks.push_back({node + ".vector_unit", vector_unit.register_bits, vector_unit.adder_bits, vector_unit.srams, 0});
    blocks.push_back({node + ".network_interface", arrival_bits, 0, {}, 0});
    if (spec.payload != Payload::kPackedCodes)
      for (int port = 0; port < spec.encoder.ports; ++port)
        blocks.push_back({node + ".encoder_" + std::to_string(port), 0, 0, encoder_srams, 0});
  }
  return blocks;
}

}  // namespace spikeloom
