#include "hw/chip/chip_spec.h"

#include <algorithm>

#include "hw/mapping/placement.h"
#include "hw/noc/read_network.h"
#include "hw/vector_unit/pass_cost.h"

namespace spikeloom {

namespace {

constexpr int kMostBytes = 1 << 30;

void read_memory_node(ConfigNode& node, ChipSpec* spec) {
  ConfigNode& dram = node.section("dram");
  spec->dram = DramSpec::read(dram, spec->clock_mhz);
  const double port_mb_s = spec->network.link_bits / 8.0 * spec->clock_mhz;
  if (spec->dram.peak_mb_s() > port_mb_s)
    dram.fail_at("channels", "make " + std::to_string(int64_t(spec->dram.peak_mb_s())) +
                                 " MB/s, more than the memory node's port carries (" +
                                 std::to_string(int64_t(port_mb_s)) +
                                 " MB/s); widen network.link_bits, raise clock_mhz or add memory nodes");
  ConfigNode& loader = node.section("weight_loader");
  const int least_bytes = spec->network.link_bits / 8 + 2 * spec->dram.device.burst_bytes();
  spec->weight_loader.buffer_bytes = int(loader.integer("buffer_bytes", 256, kMostBytes));
  spec->weight_loader.word_bytes = spec->network.link_bits / 8;
  if (spec->weight_loader.buffer_bytes < least_bytes)
    loader.fail_at("buffer_bytes",
                   "does not hold a flit and two bursts (at least " + std::to_string(least_bytes) + ")");
  spec->weight_loader.kv_cache = KvCacheSpec::read(node.section("kv_cache"));
  ConfigNode& buffer = node.section("global_buffer");
  spec->global_buffer.bytes = int(buffer.integer("bytes", 256, kMostBytes));
  spec->global_buffer.word_bytes = int(buffer.integer("word_bytes", 1, 128));
  spec->global_buffer.banks = int(buffer.integer("banks", 1, 64));
  spec->vector_unit = VectorUnitSpec::read(node.section("vector_unit"));
}

void read_encoder(ConfigNode& encoder, EncoderSpec* spec) {
  spec->ports = int(encoder.integer("ports", 1, 64));
  spec->buffer.main_bytes = int(encoder.integer("main_bytes", 256, kMostBytes));
  spec->buffer.main_word_bytes = int(encoder.integer("main_word_bytes", 1, 128));
  spec->buffer.side_bytes = int(encoder.integer("side_bytes", 256, kMostBytes));
  spec->buffer.side_word_bytes = int(encoder.integer("side_word_bytes", 1, 128));
  spec->side_format = SidePolicy(encoder.choice("side_format", side_policy_names()));
  spec->index_bytes = int(encoder.integer("index_bytes", 256, kMostBytes));
  spec->index_entry_bytes = int(encoder.integer("index_entry_bytes", 1, 8));
}

// Binary32 sums are added in index order, one product after another.
void check_float_lanes(ConfigNode& section, const ChipSpec& spec) {
  const MacArraySpec& mac = spec.mac_array;
  const std::string why = " with tile.datapath '" + datapath_names()[int(spec.datapath)] + "'";
  if (mac.tree_width != 1) section.fail_at("tree_width", "must be 1" + why + ": its sums are added in index order");
  if (mac.multiplier != Multiplier::kParallel)
    section.fail_at("multiplier", "must be parallel" + why + ": operands are binary16");
  if (mac.accumulators != Accumulators::kShared)
    section.fail_at("accumulators", "must be shared" + why + ": an output has one binary32 sum");
}

void read_tile(ConfigNode& tile, ChipSpec* spec) {
  const int lanes = int(tile.integer("lanes", 2, 4096));
  if (lanes % 2 != 0) tile.fail_at("lanes", "must be even: two 4-bit weights share a byte");
  spec->token_batch = int(tile.integer("token_batch", 1, WindowShifts::kMostTokens));
  spec->datapath = TileDatapath(tile.choice("datapath", datapath_names()));
  spec->mac_array = MacArraySpec::read(tile.section("mac_array"), lanes);
  spec->dequantizer = DequantizerSpec::read(tile.section("dequantizer"));
  if (spec->multiplies_reals()) check_float_lanes(tile.section("mac_array"), *spec);
  ConfigNode& synapses = tile.section("synapse_array");
  spec->synapse_array.lanes = lanes;
  spec->synapse_array.weight_bytes = int(synapses.integer("weight_bytes", 2, kMostBytes));
  spec->synapse_array.banks = int(synapses.integer("banks", 1, 1024));
  spec->synapse_array.halves = Halves(synapses.choice("halves", halves_names()));
  spec->synapse_array.latency_cycles = int(synapses.integer("latency_cycles", 1, 32));
  spec->synapse_array.five_per_byte = synapses.choice("ternary_weights", {"two_bits", "five_per_byte"}) == 1;
  if (!spec->synapse_array.shares_banks() && spec->synapse_array.banks % 2 != 0)
    synapses.fail_at("banks", "must be even with halves own_banks: each half has banks of its own");
  if (spec->synapse_array.half_rows() < 1)
    synapses.fail_at("weight_bytes", "half of it does not hold one row of " +
                                         std::to_string(spec->synapse_array.row_bytes()) + " bytes (" +
                                         std::to_string(lanes) + " lanes); at least " +
                                         std::to_string(2 * spec->synapse_array.row_bytes()));
  if (spec->synapse_array.weight_bytes / 2 / spec->synapse_array.row_bytes() >= WeightTag::kMostRows)
    synapses.fail_at("weight_bytes",
                     "half of it holds more than " + std::to_string(WeightTag::kMostRows - 1) + " rows of " +
                         std::to_string(spec->synapse_array.row_bytes()) + " bytes (" + std::to_string(lanes) +
                         " lanes); at most " +
                         std::to_string(2 * spec->synapse_array.row_bytes() * int64_t{WeightTag::kMostRows - 1}));
  ConfigNode& neurons = tile.section("neuron_array");
  spec->neuron_array.lanes = lanes;
  spec->neuron_array.slope_bits = int(neurons.integer("slope_bits", 4, 31));
  spec->neuron_array.membrane_bits = int(neurons.integer("membrane_bits", 8, 48));
  spec->neuron_array.threshold_bits = int(neurons.integer("threshold_bits", 4, 40));
  spec->neuron_array.residue_bits = int(neurons.integer("residue_bits", 8, 62));
  spec->neuron_array.firing = FiringPolicy(neurons.choice("firing", firing_names()));
}

// Optional: chips without it take all time steps at once.
void read_step_blocks(ConfigNode& blocks, ChipSpec* spec) {
  spec->step_blocks.steps = int(blocks.integer("steps", 0, 1 << 12));
  spec->step_blocks.settled_below = blocks.real("settled_below", 0, 1);
  if (spec->step_blocks.steps == 0 && spec->step_blocks.settled_below > 0)
    blocks.fail_at("settled_below", "must be 0 where steps is 0: all time steps are taken at once");
  spec->neuron_array.state_bytes = int(blocks.integer("state_bytes", 0, kMostBytes));
  spec->neuron_array.state_word_bytes = int(blocks.integer("state_word_bytes", 1, 128));
}

void read_mapping(ConfigNode& mapping, ChipSpec* spec) {
  spec->mapping.automatic = mapping.choice("policy", {"fixed", "auto"}) == 1;
  spec->mapping.input_split = int(mapping.integer("input_split", 1, 64));
  spec->mapping.placement = mapping.choice("placement", placement_names());
  if (!spec->mapping.automatic && spec->mapping.input_split > spec->tiles())
    mapping.fail_at("input_split", std::to_string(spec->mapping.input_split) + " parts do not fit " +
                                       std::to_string(spec->tiles()) + " tiles: each part of an input takes one");
}

void check_network(ConfigNode& chip, const ChipSpec& spec) {
  const int header = spec.flits().header_bits() + spec.token_batch * WindowShifts::kBits;
  if (header > spec.network.link_bits) {
    const int least = (header + kLinkStepBits - 1) / kLinkStepBits * kLinkStepBits;
    const std::string remedy = least <= kMostLinkBits
                                   ? "set it to " + std::to_string(least) + " or more"
                                   : "more than the " + std::to_string(kMostLinkBits) +
                                         " that there may be: fewer nodes or a smaller tile.token_batch need fewer";
    chip.section("network").fail_at(
        "link_bits", "a head flit needs " + std::to_string(header) +
                         " bits: 56 for type and tag, one per node for multicasts, 8 per token of token_batch; " +
                         remedy);
  }
  check_channels(chip.section("network"), spec.network, spec.classes().count());
  if (spec.tiles() > OutputTag::kMostTiles)
    chip.section("network").fail_at("width", "makes " + std::to_string(spec.tiles()) + " tiles; at most " +
                                                 std::to_string(OutputTag::kMostTiles) + " can be told apart");
}

}  // namespace

const std::vector<std::string>& payload_names() {
  static const std::vector<std::string> names = {"address_events", "bitmap", "packed_codes"};
  return names;
}

const std::vector<std::string>& firing_names() {
  static const std::vector<std::string> names = {"radix", "unary"};
  return names;
}

VirtualChannels ChipSpec::channels() const {
  std::vector<int> arrivals(classes().count(), 1);
  for (int source = 0; source < classes().sources; ++source) arrivals[classes().spikes(source)] = spike_channels();
  return network.channels(classes().count(), std::move(arrivals));
}

TileLimits ChipSpec::tile_limits() const {
  TileLimits limits;
  limits.lanes = synapse_array.lanes;
  limits.half_rows = synapse_array.half_rows();
  limits.encoder_ports = encoder.ports;
  limits.dram_bytes_per_cycle = dram.peak_mb_s() / clock_mhz * double(memory_nodes.size());
  limits.multiplies = multiplies();
  limits.packing = synapse_array.packing;
  limits.payload = payload;
  limits.link_bits = network.link_bits;
  limits.packet_flits = packet_flits;
  limits.membrane_bits = neuron_array.membrane_bits;
  limits.threshold_bits = neuron_array.threshold_bits;
  limits.vector_cycles = [unit = vector_unit, word_bytes = int(global_buffer.macro().word_bytes)](
                             VectorKind kind, const VectorShare& share) {
    return issue_cycles(kind, unit, word_bytes, share.vectors, share.elements);
  };
  limits.node_cycles = network.latency_alone(0, 1);
  limits.hop_cycles = network.hop_cycles();
  return limits;
}

ChipSpec ChipSpec::for_weights(WeightKind kind) const {
  ChipSpec spec = *this;
  spec.synapse_array.packing = packing_of(kind, synapse_array.five_per_byte);
  return spec;
}

ChipSpec ChipSpec::read(ConfigNode& chip) {
  ChipSpec spec;
  spec.name = chip.name("name");
  spec.clock_mhz = chip.real("clock_mhz", 1, 10000);
  spec.network = read_network(chip);
  spec.packet_flits = int(chip.section("network").integer("packet_flits", 2, 4096));
  spec.memory_nodes = read_memory_nodes(chip, spec.network.topology());
  read_memory_node(chip.section("memory_node"), &spec);
  read_encoder(chip.section("encoder"), &spec.encoder);
  read_tile(chip.section("tile"), &spec);
  spec.payload = Payload(chip.choice("payload", payload_names()));
  if (spec.multiplies() && spec.payload != Payload::kPackedCodes)
    chip.fail_at("payload", "must be packed_codes with tile.datapath '" + datapath_names()[int(spec.datapath)] +
                                "': codes are multiplied, not spikes");
  spec.spike_code = chip.choice("spike_code", spike_code_names());
  if (chip.has_section("step_blocks")) read_step_blocks(chip.section("step_blocks"), &spec);
  read_mapping(chip.section("mapping"), &spec);
  check_network(chip, spec);
  spec.section = chip;
  return spec;
}

}  // namespace spikeloom
