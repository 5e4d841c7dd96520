#include "hw/chip/tile.h"

namespace spikeloom {

Tile::Tile(const sc_core::sc_module_name& name, Clock& clock, const ChipSpec& spec, const LayerContext& context,
           const Topology& topology, int tile, Link& eject, Link& inject, LayerResult* result, EnergyLedger& ledger)
    : sc_module(name),
      network_interface("network_interface", clock, 3, spec.channels()),
      commands_(clock, 16 + 4 * spec.synapse_array.latency_cycles, spec.synapse_array.latency_cycles),
      parameters_(clock, 4),
      outputs_(clock, 4),
      partials_(clock, 4),
      control_(clock, 4),
      membrane_free_(clock, 4) {
  const VirtualChannels channels = spec.channels();
  const MessageClasses classes = spec.classes();
  if (spec.multiplies()) {
    auto made = make_code_array(spec, context, tile, clock, ledger);
    for (int s = 0; s < classes.sources; ++s) made->codes_in[s](eject.channel(channels.first(classes.spikes(s))));
    array = std::move(made);
  } else {
    array = make_synapse_array(spec, context, tile, eject, clock, ledger);
  }
  if (spec.dequantizes())
    outputs = std::make_unique<Dequantizer>(
        "dequantizer", clock, spec.dequantizer, spec.synapse_array.lanes, spec.mac_array.accumulator_bits,
        spec.mac_array.accumulators == Accumulators::kPerExponent, context, topology, tile, result, ledger);
  else
    outputs = std::make_unique<NeuronArray>("neuron_array", clock, spec.neuron_array, context, topology, tile, ledger);
  array->weights_in(eject.channel(channels.first(classes.weights())));
  array->neurons_out(commands_);
  array->parameters_out(parameters_);
  array->membrane_free_in(membrane_free_);
  outputs->commands_in(commands_);
  outputs->parameters_in(parameters_);
  outputs->partials_in(eject.channel(channels.first(classes.partials())));
  outputs->grants_in(eject.channel(channels.first(classes.control())));
  outputs->membrane_free_out(membrane_free_);
  outputs->outputs_out(outputs_);
  outputs->partials_out(partials_);
  outputs->control_out(control_);
  network_interface.in[0](outputs_);
  network_interface.address_outputs([&topology, program = context.program](const Flit& head) {
    const OutputTag tag = OutputTag::unpack(head.tag);
    return uint32_t(topology.source_node(program->row_keeper(program->phase(program->passes[tag.pass]), tag.row)));
  });
  network_interface.in[1](partials_);
  network_interface.in[2](control_);
  network_interface.out(inject);
}

std::unique_ptr<WeightArray> Tile::make_synapse_array(const ChipSpec& spec, const LayerContext& context, int tile,
                                                      Link& eject, Clock& clock, EnergyLedger& ledger) {
  const VirtualChannels channels = spec.channels();
  const MessageClasses classes = spec.classes();
  const bool encodes = spec.payload == Payload::kPackedCodes;
  auto made =
      std::make_unique<SynapseArray>("synapse_array", clock, spec.synapse_array, context, tile, encodes, ledger);
  if (encodes) {
    encoder = std::make_unique<SpikeEncoder>("encoder", clock, spec.encoder, context, -1, ledger,
                                             tile_windows(*context.program, tile));
    encoded_ = std::make_unique<RegisteredFifo<Flit>>(clock, 4);
    for (int s = 0; s < classes.sources; ++s) encoder->codes_in[s](eject.channel(channels.first(classes.spikes(s))));
    encoder->spikes_out(*encoded_);
    made->spikes_in[0](*encoded_);
    return made;
  }
  for (int s = 0; s < classes.sources; ++s)
    for (int i = 0; i < spec.spike_channels(); ++i)
      made->spikes_in[s * spec.spike_channels() + i](eject.channel(channels.first(classes.spikes(s)) + i));
  return made;
}

std::unique_ptr<CodeArray> Tile::make_code_array(const ChipSpec& spec, const LayerContext& context, int tile,
                                                 Clock& clock, EnergyLedger& ledger) {
  if (spec.multiplies_reals())
    return std::make_unique<FloatArray>("float_array", clock, spec.mac_array, spec.synapse_array, spec.encoder.buffer,
                                        context, tile, ledger);
  const int shared_bits = spec.dequantizes() ? spec.mac_array.accumulator_bits : spec.neuron_array.membrane_bits;
  return std::make_unique<MacArray>("mac_array", clock, spec.mac_array, spec.synapse_array, shared_bits,
                                    spec.dequantizer.lanes, spec.encoder.buffer, context, tile, ledger);
}

}  // namespace spikeloom
