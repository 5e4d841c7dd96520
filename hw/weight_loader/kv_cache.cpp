#include "hw/weight_loader/kv_cache.h"

#include <algorithm>

namespace spikeloom {

KvCacheSpec KvCacheSpec::read(ConfigNode& section) {
  KvCacheSpec spec;
  spec.bytes = section.integer("bytes", 0, int64_t{1} << 30);
  if (spec.bytes > 0 && spec.bytes < 256) section.fail_at("bytes", "is less than 256 (or write 0 for none)");
  spec.word_bytes = int(section.integer("word_bytes", 1, 128));
  spec.layers = int(section.integer("layers", 1, 1024));
  return spec;
}

namespace {

// Positions of a slice, `first` .. first + count - 1, one behind the other from `offset` bytes into the slice's rows
// on.
struct Positions {
  int first, count;
  uint64_t offset, each;
};

// Keys lie position by position, the node's dimensions of each together; values are rows, message by message.
std::vector<Positions> positions_of(const Program& program, const WeightLayout& layout, const Load& load) {
  const Pass& pass = program.passes[load.pass];
  const TileWork& work = pass.tiles[load.tile];
  const std::vector<RowMessage> messages = layout.row_messages(load);
  std::vector<Positions> all;
  if (layout.transposes(load)) {
    uint64_t dimensions = 0;
    for (const RowMessage& message : messages) dimensions += message.rows;
    all.push_back({work.first_of_block, work.outputs, 0, ceil_div(dimensions, 2)});
    return all;
  }
  uint64_t offset = 0;
  for (const RowMessage& message : messages) {
    all.push_back(
        {message.from % program.phase(pass).block_inputs, message.rows, offset, uint64_t(layout.row_bytes(load))});
    offset += layout.message_bytes(load, message);
  }
  return all;
}

}  // namespace

std::vector<KvWrite> kv_writes(const Program& program, const WeightLayout& layout, const Phase& phase) {
  std::vector<KvWrite> writes;
  const Phase& reader = program.phases[phase.reader];
  for (const Load& load : layout.slices()) {
    if (&program.phase(program.passes[load.pass]) != &reader) continue;
    const WeightLayout::Place& place = layout.place(load);
    for (const Positions& at : positions_of(program, layout, load)) {
      const int known = std::clamp(reader.first_position - at.first, 0, at.count);
      if (known < at.count)
        writes.push_back(
            {place.in_sram, place.row_address() + at.offset + known * at.each, (at.count - known) * at.each});
    }
  }
  return writes;
}

}  // namespace spikeloom
