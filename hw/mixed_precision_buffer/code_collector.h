// Gathers the packed codes of one window after the other: from one source, or in a tile from all that have inputs of
// it. One flit at a time; inputs take turns.
#pragma once

#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/mapping/layer_context.h"
#include "hw/mixed_precision_buffer/mixed_precision_buffer.h"

namespace spikeloom {

// The codes of a window, for all rows of a batch.
struct CollectedWindow {
  Flit head;  // of the message that brought it
  WindowTag tag;
  int tokens = 0;
  PackedCodes codes;
};

class CodeCollector {
 public:
  // source: whose codes come, on one input. -1: all sources', each on an input of its own, of `windows`, in this order.
  CodeCollector(const LayerContext& context, int source, std::vector<WindowTag> windows);

  // Takes a flit; false if there is none.
  bool take(sc_core::sc_vector<FifoIn<Flit>>& codes_in);
  bool filling() const { return filling_; }
  bool complete() const;
  // The complete window; the next one is expected then.
  CollectedWindow finish();

 private:
  // What one input has delivered of the window.
  struct Fill {
    PayloadCollector payload;
    bool done = false;
  };
  void expect_window();
  PackedCodes codes_of(size_t input) const;

  LayerContext context_;
  int source_;
  std::vector<WindowTag> windows_;
  size_t next_window_ = 0;
  std::vector<Fill> fills_;  // [input]
  bool filling_ = false;
  size_t next_input_ = 0;
  CollectedWindow window_;
};

}  // namespace spikeloom
