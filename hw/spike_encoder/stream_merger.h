// Stream merger: puts the windows of a memory node's ports on one virtual channel, no batch far ahead of another part.
//
//     in[p] --> [ packet arbiter, batch order ] --> out
//
// Timing   one flit a cycle; a packet is not interleaved. A packet of a batch waits until every part's windows of the
//          batch before the last have passed; the first batch of a pass, until those of all batches before it have.
// Energy   none of its own.
// Config   LayerContext.
// Differs  parts are kept within one batch of each other (DEVIATIONS 19).
//
// Why the order: a tile has two membrane sets, and a set is freed only when the partial membranes of the next part
// have come. Were one part's spikes let run ahead by two batches, they would block the channel on which the other
// part's spikes, which would free the set, have to travel. A pass's weights find room only when the pass before it has
// fired, so spikes of a new pass could block the channel in the same way.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/mapping/layer_context.h"

namespace spikeloom {

class StreamMerger : public Block {
 public:
  sc_core::sc_vector<FifoIn<Flit>> in;
  FifoOut<Flit> out;

  StreamMerger(const sc_core::sc_module_name& name, Clock& clock, int ports, const LayerContext& context, int source)
      : Block(name, clock), in("in", ports), out("out"), context_(context), source_(source) {
    for (const Pass& pass : context.program->passes)
      first_batch_.push_back(first_batch_.back() + uint64_t(context.program->batches(pass)));
    skip_finished();
  }

  std::string waits_for() const override;

 private:
  void tick() override;
  // Batches of all passes, numbered in the order of the program.
  uint64_t sequence(const WindowTag& tag) const { return first_batch_[tag.pass] + tag.batch; }
  size_t pass(uint64_t sequence) const;
  uint64_t windows(uint64_t sequence) const;
  void window_done(uint64_t sequence);
  void skip_finished();

  LayerContext context_;
  int source_;
  std::vector<uint64_t> first_batch_{0};  // [pass], and the end
  int owner_ = -1;                        // port whose packet is under way
  int next_ = 0;                          // round robin
  uint64_t current_ = 0;                  // batch of the packet under way
  uint64_t oldest_ = 0;                   // first batch of which windows are missing
  std::deque<uint64_t> passed_{0};        // windows that have passed, of oldest_ and the batches after it
};

}  // namespace spikeloom
