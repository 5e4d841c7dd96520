#include "hw/chip/memory_node.h"

namespace spikeloom {

MemoryNode::MemoryNode(const sc_core::sc_module_name& name, Clock& clock, const ChipSpec& spec,
                       const LayerContext& context, const Topology& topology, int source, Link& eject, Link& inject,
                       LayerResult* result, EnergyLedger& ledger)
    : sc_module(name),
      dram("dram", clock, spec.dram, ledger),
      weight_loader("weight_loader", clock, spec.weight_loader, spec.dram, context, source, spec.neuron_array, ledger),
      global_buffer("global_buffer", clock, spec.global_buffer, context, source, spec.encoder.ports, result, ledger),
      sequencer("sequencer", clock, context, topology, source, spec.encoder.ports, result, ledger),
      merger("merger", clock, spec.encoder.ports, context, source),
      vector_unit("vector_unit", clock, spec.vector_unit, spec.global_buffer.macro(), ledger),
      network_interface("network_interface", clock, 4, spec.channels()),
      loads_(clock, 4),
      requests_(clock, 4),
      phase_done_(clock, 4),
      vector_done_(clock, 2),
      encoded_(clock, 2),
      to_cache_(clock, 2),
      cached_(clock, 2),
      vector_jobs_(clock, 2),
      merged_(clock, 4),
      weights_(clock, 4),
      control_(clock, 4),
      activations_(clock, 4) {
  const VirtualChannels channels = spec.channels();
  const MessageClasses classes = spec.classes();
  for (int port = 0; port < spec.encoder.ports; ++port) {
    jobs_.emplace_back(clock, 2);
    codes_.emplace_back(clock, 4);
    sequencer.jobs_out[port](jobs_.back());
    global_buffer.jobs_in[port](jobs_.back());
    global_buffer.codes_out[port](codes_.back());
    if (spec.payload == Payload::kPackedCodes) {
      merger.in[port](codes_.back());
      continue;
    }
    spikes_.emplace_back(clock, 4);
    encoders.push_back(std::make_unique<SpikeEncoder>(("encoder_" + std::to_string(port)).c_str(), clock, spec.encoder,
                                                      context, source, ledger));
    encoders.back()->codes_in[0](codes_.back());
    encoders.back()->spikes_out(spikes_.back());
    merger.in[port](spikes_.back());
  }
  merger.out(merged_);
  sequencer.loads_out(loads_);
  weight_loader.loads_in(loads_);
  weight_loader.requests_out(requests_);
  dram.requests_in(requests_);
  for (int channel = 0; channel < spec.dram.channels; ++channel) {
    responses_.emplace_back(clock, spec.dram.queue_depth);
    dram.responses_out[channel](responses_.back());
    weight_loader.responses_in[channel](responses_.back());
  }
  weight_loader.weights_out(weights_);
  sequencer.cached_out(to_cache_);
  weight_loader.cached_in(to_cache_);
  weight_loader.cached_out(cached_);
  sequencer.cached_in(cached_);
  network_interface.in[0](merged_);
  network_interface.in[1](weights_);
  sequencer.control_out(control_);
  network_interface.in[2](control_);
  global_buffer.activations_out(activations_);
  network_interface.in[3](activations_);
  network_interface.out(inject);
  sequencer.control_in(eject.channel(channels.first(classes.control())));
  global_buffer.outputs_in(eject.channel(channels.first(classes.outputs())));
  global_buffer.phase_done_out(phase_done_);
  sequencer.phase_done_in(phase_done_);
  sequencer.vector_jobs_out(vector_jobs_);
  vector_unit.jobs_in(vector_jobs_);
  vector_unit.done_out(vector_done_);
  sequencer.vector_done_in(vector_done_);
  sequencer.encoded_out(encoded_);
  global_buffer.encoded_in(encoded_);
}

}  // namespace spikeloom
