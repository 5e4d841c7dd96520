// A memory node on an edge port of the mesh: DRAM, weight loader, global buffer, encoders, vector unit, sequencer.
// Wiring only.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "hw/chip/chip_spec.h"
#include "hw/dram/dram_controller.h"
#include "hw/noc/network_interface.h"
#include "hw/sequencer/sequencer.h"
#include "hw/spike_encoder/stream_merger.h"

namespace spikeloom {

class MemoryNode : public sc_core::sc_module {
 public:
  MemoryNode(const sc_core::sc_module_name& name, Clock& clock, const ChipSpec& spec, const LayerContext& context,
             const Topology& topology, int source, Link& eject, Link& inject, LayerResult* result,
             EnergyLedger& ledger);

  DramController dram;
  WeightLoader weight_loader;
  GlobalBuffer global_buffer;
  Sequencer sequencer;
  StreamMerger merger;
  VectorUnit vector_unit;
  NetworkInterface network_interface;
  std::vector<std::unique_ptr<SpikeEncoder>> encoders;  // none with payload packed_codes

 private:
  RegisteredFifo<Load> loads_;
  RegisteredFifo<DramRequest> requests_;
  std::deque<RegisteredFifo<DramResponse>> responses_;  // [channel]
  RegisteredFifo<int> phase_done_, vector_done_, encoded_, to_cache_, cached_;
  RegisteredFifo<VectorJob> vector_jobs_;
  RegisteredFifo<Flit> merged_, weights_, control_, activations_;
  std::deque<RegisteredFifo<CodesJob>> jobs_;
  std::deque<RegisteredFifo<Flit>> codes_, spikes_;
};

}  // namespace spikeloom
