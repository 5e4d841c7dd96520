#include "hw/chip/tile.h"

namespace spikeloom {

Tile::Tile(const sc_core::sc_module_name& name, Clock& clock, const ChipSpec& spec, const LayerContext& context,
           const Topology& topology, int tile, Link& eject, Link& inject, EnergyLedger& ledger)
    : sc_module(name),
      neuron_array("neuron_array", clock, spec.neuron_array, context, topology, tile, ledger),
      network_interface("network_interface", clock, 3, spec.channels()),
      commands_(clock, 16 + 4 * spec.synapse_array.latency_cycles, spec.synapse_array.latency_cycles),
      parameters_(clock, 4),
      outputs_(clock, 4),
      partials_(clock, 4),
      control_(clock, 4),
      membrane_free_(clock, 4) {
  const VirtualChannels channels = spec.channels();
  const MessageClasses classes = spec.classes();
  array = spec.multiplies() ? make_mac_array(spec, context, tile, eject, clock, ledger)
                            : make_synapse_array(spec, context, tile, eject, clock, ledger);
  array->weights_in(eject.channel(channels.first(classes.weights())));
  array->neurons_out(commands_);
  array->parameters_out(parameters_);
  array->membrane_free_in(membrane_free_);
  neuron_array.commands_in(commands_);
  neuron_array.parameters_in(parameters_);
  neuron_array.partials_in(eject.channel(channels.first(classes.partials())));
  neuron_array.membrane_free_out(membrane_free_);
  neuron_array.outputs_out(outputs_);
  neuron_array.partials_out(partials_);
  neuron_array.control_out(control_);
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

std::unique_ptr<WeightArray> Tile::make_mac_array(const ChipSpec& spec, const LayerContext& context, int tile,
                                                  Link& eject, Clock& clock, EnergyLedger& ledger) {
  const VirtualChannels channels = spec.channels();
  const MessageClasses classes = spec.classes();
  auto made = std::make_unique<MacArray>("mac_array", clock, spec.mac_array, spec.synapse_array, spec.neuron_array,
                                         spec.encoder.buffer, context, tile, ledger);
  for (int s = 0; s < classes.sources; ++s) made->codes_in[s](eject.channel(channels.first(classes.spikes(s))));
  return made;
}

}  // namespace spikeloom
