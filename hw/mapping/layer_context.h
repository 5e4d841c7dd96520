// The layer as blocks are configured for it: formats, program and flits. No value of the layer is read through it but
// by the memory nodes, which hold codes and weights.
#pragma once

#include "hw/mapping/program.h"
#include "hw/noc/message_tags.h"
#include "hw/noc/messages.h"
#include "models/spike_code.h"
#include "sim/base/trace.h"

namespace spikeloom {

// What blocks are configured with before a layer starts.
struct LayerContext {
  const LayerTrace* layer = nullptr;  // formats and wide inputs; no code, weight or output is read through it
  const Program* program = nullptr;
  const SpikeCode* code = nullptr;
  FlitFormat flits;
  int sources = 1;
  int packet_flits = 16;
  Payload payload = Payload::kAddressEvents;
  WeightPacking packing = WeightPacking::kFourBits;
  int spike_channels = 1;  // virtual channels on which one source's spikes arrive at a tile: a part's on part % of them

  int source_node(int source) const { return flits.nodes - sources + source; }
  const InputTrace& input(const WindowTag& tag) const { return layer->inputs[program->passes[tag.pass].input]; }
  SideFormat side_format(const WindowTag& tag) const { return program->phase(program->passes[tag.pass]).side_format; }
  // What rows of the tag's batch see of a window.
  Window window(const WindowTag& tag) const {
    const Pass& pass = program->passes[tag.pass];
    return program->seen_window(pass, tag.part, program->part(pass, tag.part).window(tag.window), tag.batch);
  }
  SourceShare share(const WindowTag& tag) const { return program->share(program->passes[tag.pass]); }
  int rows(const WindowTag& tag) const { return program->batch_rows(program->passes[tag.pass], tag.batch); }
  // The inputs of a window that one source holds, as far as rows of the batch see them.
  InputRange range(const WindowTag& tag, int source) const {
    return source_range(window(tag), tag.part, source, share(tag));
  }
};

}  // namespace spikeloom
