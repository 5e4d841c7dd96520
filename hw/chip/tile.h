// A tile: router excepted, everything that sits on one mesh position. Wiring only.
#pragma once

#include <memory>

#include "hw/chip/chip_spec.h"
#include "hw/dequantizer/dequantizer.h"
#include "hw/float_array/float_array.h"
#include "hw/mac_array/mac_array.h"
#include "hw/neuron_array/neuron_array.h"
#include "hw/noc/network_interface.h"
#include "hw/synapse_array/synapse_array.h"

namespace spikeloom {

class Tile : public sc_core::sc_module {
 public:
  // `eject` brings flits from the router, `inject` takes flits to it.
  Tile(const sc_core::sc_module_name& name, Clock& clock, const ChipSpec& spec, const LayerContext& context,
       const Topology& topology, int tile, Link& eject, Link& inject, LayerResult* result, EnergyLedger& ledger);

  std::unique_ptr<SpikeEncoder> encoder;  // accumulate_and_fire with payload packed_codes only
  std::unique_ptr<WeightArray> array;     // a synapse array, a MAC array or a float array
  std::unique_ptr<OutputArray> outputs;   // a neuron array, or a dequantizer
  NetworkInterface network_interface;

  // Lane-additions of spikes' weights, or products, so far.
  uint64_t additions() const { return outputs->additions() + array->products(); }

 private:
  std::unique_ptr<WeightArray> make_synapse_array(const ChipSpec& spec, const LayerContext& context, int tile,
                                                  Link& eject, Clock& clock, EnergyLedger& ledger);
  std::unique_ptr<CodeArray> make_code_array(const ChipSpec& spec, const LayerContext& context, int tile, Clock& clock,
                                             EnergyLedger& ledger);

  std::unique_ptr<RegisteredFifo<Flit>> encoded_;
  RegisteredFifo<NeuronCommand> commands_;
  RegisteredFifo<Flit> parameters_, outputs_, partials_, control_;
  RegisteredFifo<int> membrane_free_;
};

}  // namespace spikeloom
