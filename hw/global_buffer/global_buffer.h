// Global buffer of a memory node: hands out the codes of windows, takes in output codes and codes of other nodes.
//
//     jobs_in[p] --> [ read words ] --> codes_out[p]          outputs_in --> [ write words ] --> phase_done_out
//     encoded_in --> [ read words ] --> activations_out
//
// Timing   one flit of codes a cycle over all ports and activations_out, and one flit of outputs beside it where the
//          words of both lie in different banks (BankPorts): outputs go first, codes wait. Full ports wait alone. Of a
//          phase that encodes, every node's tokens are sent to the nodes whose windows need them; it is done in a node
//          when its own are sent and all others' have come.
// Banks    a window's codes lie word by word behind those of the inputs and batches before it, output codes row by row.
// Energy   GlobalBufferRead and GlobalBufferWrite per word, at the price of one macro that holds all banks.
// Config   GlobalBufferSpec, section memory_node.global_buffer.
// Differs  values of the vector unit come from the trace (DEVIATIONS 9).
#pragma once

#include <string>
#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/global_buffer/layer_result.h"
#include "hw/mapping/layer_context.h"
#include "hw/mixed_precision_buffer/mixed_precision_buffer.h"
#include "hw/sram/bank_ports.h"

namespace spikeloom {

struct GlobalBufferSpec {
  int bytes = 0, word_bytes = 0, banks = 1;
  SramMacro macro() const { return {uint64_t(bytes), uint64_t(word_bytes)}; }
};

// The codes of one window are to be sent for one batch.
struct CodesJob {
  WindowTag tag;
};

// Bits, one after another.
class BitStream {
 public:
  void append(int bits, uint64_t value) {
    words_.resize((count_ + bits) / 64 + 2, 0);
    put_bits(words_.data(), count_, bits, value);
    count_ += bits;
  }
  const std::vector<uint64_t>& words() const { return words_; }
  uint64_t count() const { return count_; }

 private:
  std::vector<uint64_t> words_;
  uint64_t count_ = 0;
};

class GlobalBuffer : public Block {
 public:
  sc_core::sc_vector<FifoIn<CodesJob>> jobs_in;
  sc_core::sc_vector<FifoOut<Flit>> codes_out;
  FifoIn<int> encoded_in;  // a phase in which the vector unit has encoded this node's tokens
  FifoOut<Flit> activations_out;
  FifoIn<Flit> outputs_in;
  FifoOut<int> phase_done_out;  // a phase whose outputs, or whose codes from other nodes, have all arrived here

  GlobalBuffer(const sc_core::sc_module_name& name, Clock& clock, const GlobalBufferSpec& spec,
               const LayerContext& context, int source, int ports, LayerResult* result, EnergyLedger& ledger);

  std::string waits_for() const override;
  // Cycles in which codes that could have left, or outputs that had come, found their bank taken.
  Cycle bank_waits() const { return bank_waits_; }

 private:
  struct Port {
    std::vector<Flit> flits;
    uint64_t word = 0;  // that the next body flit begins with
    size_t sent = 0;
  };
  void tick() override;
  void start_job(int port);
  void start_activations();
  // Whether a port that could send found a bank taken, and none sent.
  bool send_codes();
  // False where a bank is taken.
  bool send_from(Port* port, FifoOut<Flit>* out);
  // Whether an output found a bank taken.
  bool take_output();
  uint64_t output_word(const Flit& head) const;
  void store_outputs(const OutputTag& tag);
  void finish_phase(int phase, uint64_t arrived);
  // Codes of this node's tokens that another node's windows need in `phase`, each row's one after another.
  std::vector<Flit> activations_for(int node, int phase) const;
  void append_codes(int node, const Phase& reader, BitStream* payload) const;
  void append_cache(int node, const Phase& reader, BitStream* payload) const;
  int words(int bits) const;

  GlobalBufferSpec spec_;
  LayerContext context_;
  int source_;
  LayerResult* result_;
  EnergyCounter &read_, &write_;
  BankPorts banks_;
  Cycle bank_waits_ = 0;
  uint64_t write_word_ = 0;  // that the next body flit of an output begins with
  std::vector<Port> ports_;  // the last one: activations_out
  int next_port_ = 0;
  PayloadCollector output_;  // the packet under way
  OutputTag output_tag_;
  int activations_phase_ = 0;  // of the packet under way
  // [phase]: output codes that this node still expects; of a phase that encodes, nodes whose codes have not come,
  // itself included until it has sent its own.
  std::vector<uint64_t> missing_;
};

}  // namespace spikeloom
