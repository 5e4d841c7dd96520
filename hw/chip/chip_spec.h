// A chip as its config file describes it, section `chip`: typed, bounded and checked before anything is built.
#pragma once

#include <string>
#include <vector>

#include "hw/dequantizer/dequantizer_spec.h"
#include "hw/dram/dram_spec.h"
#include "hw/global_buffer/global_buffer.h"
#include "hw/mac_array/mac_array.h"
#include "hw/neuron_array/neuron_spec.h"
#include "hw/noc/network_spec.h"
#include "hw/spike_encoder/spike_encoder.h"
#include "hw/synapse_array/synapse_array.h"
#include "hw/vector_unit/vector_unit_spec.h"
#include "hw/weight_loader/weight_loader.h"
#include "models/rate_layer.h"
#include "models/spike_code.h"
#include "sim/base/config.h"

namespace spikeloom {

struct ChipSpec {
  ConfigNode section;  // where the values were written, for messages
  std::string name;
  double clock_mhz = 0;
  NetworkSpec network;
  int packet_flits = 0;  // at most, head flit included
  std::vector<EdgeNode> memory_nodes;
  DramSpec dram;
  WeightLoaderSpec weight_loader;
  GlobalBufferSpec global_buffer;
  EncoderSpec encoder;
  VectorUnitSpec vector_unit;
  int token_batch = 1;
  TileDatapath datapath = TileDatapath::kAccumulateAndFire;
  SynapseArraySpec synapse_array;
  MacArraySpec mac_array;
  DequantizerSpec dequantizer;
  NeuronArraySpec neuron_array;
  StepBlocks step_blocks;  // of recorded spikes
  Payload payload = Payload::kAddressEvents;
  int spike_code = 0;  // index into spike_code_names()
  MappingSpec mapping;

  Topology topology() const { return network.topology(memory_nodes); }
  int tiles() const { return network.width * network.height * network.concentration; }
  MessageClasses classes() const { return {static_cast<int>(memory_nodes.size())}; }
  // Codes are multiplied; sums, or operands, are dequantized; in binary16.
  bool multiplies() const { return datapath != TileDatapath::kAccumulateAndFire; }
  bool dequantizes() const { return multiplies() && datapath != TileDatapath::kMultiplyAccumulate; }
  bool multiplies_reals() const { return dequantizes() && datapath != TileDatapath::kMultiplyDequantize; }
  bool encodes_in_tiles() const { return payload == Payload::kPackedCodes && !multiplies(); }
  TileLimits tile_limits() const;
  // The same chip, its weight SRAMs organized for such weights.
  ChipSpec for_weights(WeightKind kind) const;
  // Rows of the weight SRAM that a tile can read in a cycle.
  int rows_per_cycle() const { return multiplies_reals() ? synapse_array.half_banks() : 1; }
  // The spike code, or what multiplies: "ttfs", "trees of 16, parallel, zero_gating skip, accumulators shared".
  std::string arithmetic() const {
    if (multiplies_reals()) return "lanes, zero_gating " + zero_gating_names()[int(mac_array.zero_gating)];
    return multiplies() ? mac_array.text() : spike_code_names()[spike_code];
  }
  // Virtual channels on which one source's spikes arrive at a tile. Encoders in tiles take codes from one.
  int spike_channels() const { return payload == Payload::kPackedCodes ? 1 : network.vcs_per_class; }
  VirtualChannels channels() const;
  FlitFormat flits() const {
    return {network.link_bits, tiles() + static_cast<int>(memory_nodes.size()), channels().count()};
  }

  // Reads a `chip` section. Throws UserError for missing, unknown or out-of-range keys and impossible combinations.
  static ChipSpec read(ConfigNode& section);
};

const std::vector<std::string>& payload_names();
const std::vector<std::string>& firing_names();

}  // namespace spikeloom
