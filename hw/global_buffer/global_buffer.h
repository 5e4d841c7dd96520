// Global buffer of a memory node: hands out the codes of windows, takes in output codes.
//
//     jobs_in[p] --> [ read words ] --> codes_out[p]          outputs_in --> [ write words ] --> phase_done_out
//
// Timing   one flit of codes a cycle over all ports, one flit of outputs a cycle beside it. Full ports wait alone;
//          outputs never wait.
// Energy   GlobalBufferRead and GlobalBufferWrite per word.
// Config   GlobalBufferSpec, section memory_node.global_buffer.
// Differs  the codes of a layer's inputs are there at the start; nothing puts them there (DEVIATIONS 9).
#pragma once

#include <string>
#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/global_buffer/layer_result.h"
#include "hw/mapping/layer_context.h"

namespace spikeloom {

struct GlobalBufferSpec {
  int bytes = 0, word_bytes = 0;
};

// The codes of one window are to be sent for one batch.
struct CodesJob {
  WindowTag tag;
};

class GlobalBuffer : public Block {
 public:
  sc_core::sc_vector<FifoIn<CodesJob>> jobs_in;
  sc_core::sc_vector<FifoOut<Flit>> codes_out;
  FifoIn<Flit> outputs_in;
  FifoOut<int> phase_done_out;  // a phase whose outputs have all arrived here

  GlobalBuffer(const sc_core::sc_module_name& name, Clock& clock, const GlobalBufferSpec& spec,
               const LayerContext& context, int source, int ports, LayerResult* result, EnergyLedger& ledger);

  std::string waits_for() const override;

 private:
  struct Port {
    std::vector<Flit> flits;
    size_t sent = 0;
  };
  void tick() override;
  void start_job(int port);
  void send_codes();
  void take_output();
  void store_outputs(const OutputTag& tag);
  int words(int bits) const;

  GlobalBufferSpec spec_;
  LayerContext context_;
  int source_;
  LayerResult* result_;
  EnergyCounter &read_, &write_;
  std::vector<Port> ports_;
  int next_port_ = 0;
  PayloadCollector output_;  // the packet under way
  OutputTag output_tag_;
  std::vector<uint64_t> missing_;  // [phase]: output codes that this node still expects
};

}  // namespace spikeloom
