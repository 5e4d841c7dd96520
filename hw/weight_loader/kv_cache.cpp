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

std::vector<KvWrite> kv_writes(const Program& program, const WeightLayout& layout, const Phase& phase) {
  std::vector<KvWrite> writes;
  const Phase& reader = program.phases[phase.reader];
  for (const Load& load : layout.slices()) {
    const Pass& pass = program.passes[load.pass];
    const WeightLayout::Place& place = layout.place(load);
    if (&program.phase(pass) != &reader || place.row_bytes == 0) continue;
    const TileWork& work = pass.tiles[load.tile];
    const Slice& slice = program.part(pass, work.part).slices[load.slice];
    // Positions of the slice, and the bytes that each takes.
    const bool keys = reader.causal == Causal::kOutputs;
    const int first = keys ? work.first_of_block : slice.first % reader.block_inputs;
    const int count = keys ? work.outputs : slice.count;
    const uint64_t each = ceil_div(place.row_bytes, uint64_t(count));
    const int first_new = std::max(first, reader.first_position);
    if (first_new >= first + count) continue;
    const uint64_t offset = uint64_t(first_new - first) * each;
    writes.push_back(
        {place.in_sram, place.row_address() + offset, place.row_bytes - std::min<uint64_t>(offset, place.row_bytes)});
  }
  return writes;
}

}  // namespace spikeloom
