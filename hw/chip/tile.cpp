#include "hw/chip/tile.h"

namespace spikeloom {

Tile::Tile(const sc_core::sc_module_name& name, Clock& clock, const ChipSpec& spec, const LayerContext& context,
           const Topology& topology, int tile, Link& eject, Link& inject, EnergyLedger& ledger)
    : sc_module(name),
      synapse_array("synapse_array", clock, spec.synapse_array, context, tile, spec.payload == Payload::kPackedCodes,
                    ledger),
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
  if (spec.payload == Payload::kPackedCodes) {
    encoder = std::make_unique<SpikeEncoder>("encoder", clock, spec.encoder, context, -1, ledger,
                                             tile_windows(*context.program, tile));
    encoded_ = std::make_unique<RegisteredFifo<Flit>>(clock, 4);
    for (int s = 0; s < classes.sources; ++s) encoder->codes_in[s](eject.channel(channels.first(classes.spikes(s))));
    encoder->spikes_out(*encoded_);
    synapse_array.spikes_in[0](*encoded_);
  } else {
    for (int s = 0; s < classes.sources; ++s)
      for (int i = 0; i < spec.spike_channels(); ++i)
        synapse_array.spikes_in[s * spec.spike_channels() + i](eject.channel(channels.first(classes.spikes(s)) + i));
  }
  synapse_array.weights_in(eject.channel(channels.first(classes.weights())));
  synapse_array.neurons_out(commands_);
  synapse_array.parameters_out(parameters_);
  synapse_array.membrane_free_in(membrane_free_);
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

}  // namespace spikeloom
