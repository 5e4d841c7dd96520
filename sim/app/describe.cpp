// `spikeloom describe`

#include <cstdio>
#include <optional>

#include "hw/chip/chip.h"
#include "hw/dram/mapping/address_mapping.h"
#include "hw/dram/page/page_policy.h"
#include "hw/dram/schedulers/scheduler.h"
#include "hw/mapping/placement.h"
#include "sim/app/commands.h"
#include "sim/app/describe_trace.h"
#include "sim/app/experiment.h"
#include "sim/app/wanted_file.h"

namespace spikeloom {

namespace {

const char* const kHelp = R"(usage: spikeloom describe FILE [--set path=value ...]

FILE is a trace (.safetensors): prints its operations, codes, attention, vector unit's work and assumptions; or recorded
traffic (.safetensors): prints its packets by class; or a config (.yaml) with a chip or an experiment: prints the chip's
block diagram and parameters.

examples
  spikeloom describe traces/smollm2-135m/spikequant-improved/layer15.prefill32.safetensors
  spikeloom describe configs/chips/smollm2.yaml
  spikeloom describe configs/experiments/demo.yaml --set chip.network.height=4
)";

// The mesh, row by row, with the memory nodes at their ports.
void print_diagram(const ChipSpec& spec) {
  const auto node_at = [&spec](int x, int y, Port port) {
    for (size_t i = 0; i < spec.memory_nodes.size(); ++i)
      if (spec.memory_nodes[i].x == x && spec.memory_nodes[i].y == y && spec.memory_nodes[i].port == port)
        return int(i);
    return -1;
  };
  const auto edge_row = [&](int y, Port port) {
    std::string line = "         ", any;
    for (int x = 0; x < spec.network.width; ++x) {
      const int node = node_at(x, y, port);
      line += node < 0 ? "         " : " [mem " + std::to_string(node) + "] ";
      if (node >= 0) any = "x";
    }
    if (!any.empty()) std::printf("%s\n", line.c_str());
  };
  edge_row(0, kNorth);
  for (int y = 0; y < spec.network.height; ++y) {
    const int west = node_at(0, y, kWest), east = node_at(spec.network.width - 1, y, kEast);
    std::string line = west < 0 ? "         " : " [mem " + std::to_string(west) + "]-";
    for (int x = 0; x < spec.network.width; ++x)
      line += "[" + std::to_string(x) + "," + std::to_string(y) + "]" + (x + 1 < spec.network.width ? "----" : "");
    if (east >= 0) line += "-[mem " + std::to_string(east) + "]";
    std::printf("%s\n", line.c_str());
    if (y + 1 < spec.network.height) {
      std::string bars = "         ";
      for (int x = 0; x < spec.network.width; ++x) bars += "  |      ";
      std::printf("%s\n", bars.c_str());
    }
  }
  edge_row(spec.network.height - 1, kSouth);
}

void print_dram(const DramSpec& dram) {
  const DramDeviceSpec& device = dram.device;
  const DramTiming& t = device.timing;
  std::printf("                 DRAM %s: %d channel(s) of %.0f MB/s, %d banks, rows of %d bytes, bursts of %d\n",
              device.standard.c_str(), dram.channels, device.peak_mb_s(), device.banks, device.row_bytes(),
              device.burst_bytes());
  std::printf("                 row hit %.1f ns, closed row %.1f ns, other row %.1f ns to the end of a burst\n",
              t.read_data_end() * device.tck_ns(), (t.tRCD + t.read_data_end()) * device.tck_ns(),
              (t.tRPpb + t.tRCD + t.read_data_end()) * device.tck_ns());
  std::printf("                 mapping %s, page policy %s, scheduler %s, %d bursts waiting a channel\n",
              mapping_names()[dram.mapping].c_str(), page_policy_names()[dram.page_policy].c_str(),
              scheduler_names()[dram.scheduler].c_str(), dram.queue_depth);
}

void print_parameters(const ChipSpec& spec) {
  const FlitFormat flits = spec.flits();
  const NetworkSpec& network = spec.network;
  const NeuronArraySpec& n = spec.neuron_array;
  std::printf("\n  clock          %.0f MHz; %d tiles x %d lanes = %.1f billion %s per second at most\n", spec.clock_mhz,
              spec.tiles(), n.lanes, spec.tiles() * n.lanes * spec.clock_mhz / 1e3,
              spec.multiplies() ? "products" : "additions");
  std::printf("  links          %d bits (+%d on wires beside), %d virtual channels of %d flits, %d cycle(s), %.2f mm\n",
              network.link_bits, flits.wire_bits() - network.link_bits, flits.vcs, network.buffer_flits,
              network.link_cycles, network.link_length_mm);
  std::printf("  routers        %s, %d cycles a hop%s; a credit comes back in time for %d flits in a row%s\n",
              routing_names()[network.routing].c_str(), network.hop_cycles(),
              network.router.speculative ? " (speculative)" : "", network.round_trip_flits(),
              network.router.wait_for_tail_credit ? " of one packet" : "");
  if (network.router.input_speedup > 1 || network.router.output_speedup > 1)
    std::printf("                 a crossbar with %d input(s) for each input port, %d output(s) for each output port\n",
                network.router.input_speedup, network.router.output_speedup);
  std::printf("  virtual chan.  spikes of each memory node, weights, outputs, partial membranes, control\n");
  std::printf(
      "  memory node    global buffer %d bytes in %d banks; weight loader's buffer %d bytes; %d encoder port(s)\n",
      spec.global_buffer.bytes, spec.global_buffer.banks, spec.weight_loader.buffer_bytes, spec.encoder.ports);
  std::printf("                 vector unit %d lanes (%s), vector buffer %d bytes\n", spec.vector_unit.lanes,
              spec.vector_unit.format().name, spec.vector_unit.buffer_bytes);
  const KvCacheSpec& cache = spec.weight_loader.kv_cache;
  std::printf("                 keys and values: %lld bytes of SRAM for %d layer(s), the rest in DRAM\n",
              static_cast<long long>(cache.bytes), cache.layers);
  print_dram(spec.dram);
  std::printf("  tile           weight SRAM %d bytes in %d banks (%s): 2 halves of %d rows of %d bytes\n",
              spec.synapse_array.weight_bytes, spec.synapse_array.banks,
              halves_names()[int(spec.synapse_array.halves)].c_str(), spec.synapse_array.half_rows(),
              spec.synapse_array.row_bytes());
  const std::string payload = payload_names()[int(spec.payload)], arithmetic = spec.arithmetic();
  if (spec.dequantizes()) {
    if (spec.multiplies_reals())
      std::printf("                 sums of binary32 (2 sets x %d tokens)\n", spec.token_batch);
    else
      std::printf("                 accumulators of %d bits (2 sets x %d tokens), %d dequantized a cycle, latency %d\n",
                  spec.mac_array.accumulator_bits, spec.token_batch, spec.dequantizer.lanes,
                  spec.dequantizer.latency_cycles);
    std::printf("  products       payload %s, %s (%s)\n", payload.c_str(), datapath_names()[int(spec.datapath)].c_str(),
                arithmetic.c_str());
  } else {
    std::printf("                 slopes %d bits, membranes %d (2 sets x %d tokens), thresholds %d, residues %d\n",
                n.slope_bits, n.membrane_bits, spec.token_batch, n.threshold_bits, n.residue_bits);
    std::printf("  %s payload %s, %s, firing %s; salient values by %s\n",
                spec.multiplies() ? "products      " : "spikes        ", payload.c_str(), arithmetic.c_str(),
                firing_names()[int(n.firing)].c_str(), side_policy_names()[int(spec.encoder.side_format)].c_str());
  }
  std::printf("  mapping        %s, input split %d, placement %s\n\n", spec.mapping.automatic ? "auto" : "fixed",
              spec.mapping.input_split, placement_names()[spec.mapping.placement].c_str());
  std::printf("  a tile: router -- %s array (weight SRAM) --> %s --> router\n",
              spec.multiplies_reals()   ? "codes --> mixed-precision buffer --> float"
              : spec.multiplies()       ? "codes --> mixed-precision buffer --> MAC"
              : spec.encodes_in_tiles() ? "codes --> mixed-precision buffer, encoder --> synapse"
                                        : "spikes --> synapse",
              spec.dequantizes() ? "dequantizer" : "neuron array");
  std::printf("  a memory node: DRAM --> weight loader --> router; sequencer; vector unit <--> global buffer%s\n",
              spec.payload == Payload::kPackedCodes ? "" : " --> mixed-precision buffer, encoder");
}

void describe_chip(const std::string& file, const std::vector<std::string>& overrides) {
  ConfigNode root = load_wanted(file, {"chip", "experiment"});
  ChipSpec spec;
  std::optional<ModelWorkload> model;
  if (root.has("experiment")) {
    const Experiment experiment = Experiment::load(file, overrides);
    spec = experiment.chip;
    model = experiment.model;
  } else {
    std::vector<Override> changes;
    for (const std::string& assignment : overrides) {
      const auto [path, value] = split_assignment(assignment, "chip.tile.lanes=64");
      changes.push_back({path, value, "--set " + assignment, "."});
    }
    complete_chip(root, changes);
    spec = ChipSpec::read(root.section("chip"));
    root.finish();
  }
  std::printf("%s: %dx%d tiles, %zu memory nodes\n\n", spec.name.c_str(), spec.network.width, spec.network.height,
              spec.memory_nodes.size());
  print_diagram(spec);
  print_parameters(spec);
  if (model)
    std::printf("\n  workload       %s, %s by %s, case %s: tokens %d to %d\n", model->manifest.model.c_str(),
                layers_in_words(model->layers, model->manifest.model_layers).c_str(), model->manifest.method.c_str(),
                model->chosen.name.c_str(), model->chosen.first, model->chosen.context - 1);
}

}  // namespace

int command_describe(const std::vector<std::string>& words) {
  CommonOptions options;
  if (!parse_options(words, kHelp, "s", &options)) return 0;
  if (options.files.size() != 1) throw UserError("describe: expected one file (see spikeloom describe --help)");
  const std::string& file = options.files[0];
  if (!is_safetensors(file)) {
    describe_chip(file, options.overrides);
  } else {
    refuse_overrides(options.overrides, file);
    describe_trace(file);
  }
  return 0;
}

}  // namespace spikeloom
