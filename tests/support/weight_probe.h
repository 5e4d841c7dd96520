// A tile's array alone, between sources of what it takes and a sink of what it tells the neurons.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "hw/float_array/float_array.h"
#include "hw/mac_array/mac_array.h"
#include "hw/synapse_array/synapse_array.h"
#include "models/mac_layer.h"
#include "tests/support/fifo_probe.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {

// The flits in which the codes of a window reach an encoder or a multiplying tile.
inline std::vector<Flit> code_flits(const TinyContext& tiny, const WindowTag& tag, int source = 0) {
  const LayerContext& context = tiny.context;
  const InputTrace& input = context.input(tag);
  const InputRange range = context.range(tag, source);
  const int tokens = context.rows(tag), first = tag.batch * context.program->batch;
  const PackedCodes codes = PackedCodes::of(input, context.side_format(tag), range.first, range.count, first, tokens);
  std::vector<uint64_t> bits;
  uint64_t count = codes.pack(input, range.first, &bits);
  const Window window = context.window(tag);
  if (has_row_scales(input) && window.first == input.group_begin(window.group)) {
    count += uint64_t(tokens) * row_scale_bits(input, window.group);  // behind the codes, as the global buffer has them
    bits.resize((count + 127) / 64, 0);
  }
  Flit head;
  head.type = MessageType::kCodes;
  head.tag = tag.pack();
  return make_packets(head, bits, count, context.flits, context.packet_flits);
}

// What is around every kind of array, and the inputs of a derived probe beside it.
struct WeightProbe {
  WeightProbe(const LayerTrace& trace, const ChipSpec& chip, size_t weight_places)
      : layer(trace),
        tiny(trace, chip),
        weight_fifo(clock, weight_places),
        latency(chip.synapse_array.latency_cycles) {}
  void connect(WeightArray& to) {
    array = &to;
    weights.out(weight_fifo);
    array->weights_in(weight_fifo);
    frees.out(free_fifo);
    array->membrane_free_in(free_fifo);
    array->neurons_out(commands);
    neurons.in(commands);
    array->parameters_out(parameter_fifo);
    parameters.in(parameter_fifo);
  }
  void connect_source(sc_core::sc_vector<FifoIn<Flit>>& inputs) {
    for (size_t s = 0; s < inputs.size(); ++s) {
      input_fifos.push_back(std::make_unique<RegisteredFifo<Flit>>(clock, 64));
      inputs_in.push_back(std::make_unique<FifoSource<Flit>>(("input_" + std::to_string(s)).c_str(), clock));
      inputs_in[s]->out(*input_fifos[s]);
      inputs[s](*input_fifos[s]);
    }
  }
  int row_bytes() const { return (layer.operations[0].outputs + 1) / 2; }
  // Rows first .. first+rows-1 of a load: a head flit, then 16 bytes of rows in each flit.
  void send_rows(Cycle cycle, int first, int rows, int load = 0) {
    const size_t bytes = size_t(rows) * row_bytes();
    std::vector<uint64_t> payload(bytes / 8 + 3, 0);
    if (load == 0 && !layer.mac)  // others are not looked at
      std::memcpy(payload.data(), layer.operations[0].weights + first * row_bytes(), bytes);
    Flit head;
    head.type = MessageType::kWeights;
    head.tag = WeightTag{uint64_t(load), 0, first, rows}.pack();
    weights.add_all(cycle, make_packets(head, payload, bytes * 8, tiny.context.flits, 64));
  }
  // Cycles in which commands of a kind reach the slopes.
  std::vector<Cycle> cycles_of(NeuronCommand::Kind kind) const {
    std::vector<Cycle> cycles;
    for (size_t i = 0; i < neurons.count(); ++i)
      if (neurons.values[i].kind == kind) cycles.push_back(neurons.cycles[i]);
    return cycles;
  }
  std::vector<NeuronCommand> commands_of(NeuronCommand::Kind kind) const {
    std::vector<NeuronCommand> found;
    for (const NeuronCommand& command : neurons.values)
      if (command.kind == kind) found.push_back(command);
    return found;
  }
  // After the simulation: cycles in which an event was counted, as often as it was.
  std::vector<Cycle> cycles_of(EnergyEvent event) {
    ledger.close();
    std::vector<Cycle> cycles;
    for (const EnergyRecord& record : ledger.records())
      if (ledger.counters()[record.counter]->event() == event)
        cycles.insert(cycles.end(), record.count, record.window_begin);
    std::sort(cycles.begin(), cycles.end());
    return cycles;
  }

  Clock clock{"clock", 500};
  EnergyLedger ledger{1};
  const LayerTrace& layer;
  TinyContext tiny;
  std::vector<std::unique_ptr<RegisteredFifo<Flit>>> input_fifos;
  std::vector<std::unique_ptr<FifoSource<Flit>>> inputs_in;
  RegisteredFifo<Flit> weight_fifo, parameter_fifo{clock, 4};
  RegisteredFifo<int> free_fifo{clock, 4};
  Cycle latency;
  RegisteredFifo<NeuronCommand> commands{clock, 64, latency};
  FifoSource<Flit> weights{"weights", clock};
  FifoSource<int> frees{"frees", clock};
  FifoSink<NeuronCommand> neurons{"neurons", clock, 64};
  FifoSink<Flit> parameters{"parameters", clock};
  WeightArray* array = nullptr;
};

struct SynapseProbe : WeightProbe {
  SynapseProbe(const LayerTrace& trace, const ChipSpec& chip, size_t weight_places)
      : WeightProbe(trace, chip, weight_places),
        synapses("array", clock, chip.synapse_array, tiny.context, 0, false, ledger) {
    connect(synapses);
    connect_source(synapses.spikes_in);
  }
  // A window's spikes, step by step; further steps are silent.
  void send_spikes(Cycle cycle, const WindowTag& tag, std::vector<std::vector<SpikeEvent>> steps, int source = 0) {
    const StreamFormat format = stream_format(tiny.context, tag, source);
    steps.resize(format.steps);
    SpikeStreamWriter writer(format);
    for (const auto& step : steps) writer.step(step);
    Flit head;
    head.head = true;
    head.tag = tag.pack();
    inputs_in[source]->add(cycle, head);
    for (const MadeFlit& made : writer.finish()) inputs_in[source]->add(cycle, made.flit);
  }
  SynapseArray synapses;
};

// A MAC array, or with a datapath that multiplies reals a float array.
struct CodeProbe : WeightProbe {
  CodeProbe(const LayerTrace& trace, const ChipSpec& chip, size_t weight_places)
      : WeightProbe(trace, chip, weight_places) {
    if (chip.multiplies_reals())
      codes = std::make_unique<FloatArray>("array", clock, chip.mac_array, chip.synapse_array, chip.encoder.buffer,
                                           tiny.context, 0, ledger);
    else
      codes = std::make_unique<MacArray>("array", clock, chip.mac_array, chip.synapse_array,
                                         chip.neuron_array.membrane_bits, chip.dequantizer.lanes, chip.encoder.buffer,
                                         tiny.context, 0, ledger);
    connect(*codes);
    connect_source(codes->codes_in);
  }
  void send_codes(Cycle cycle, const WindowTag& tag) { inputs_in[0]->add_all(cycle, code_flits(tiny, tag)); }
  std::unique_ptr<CodeArray> codes;
};

}  // namespace spikeloom
