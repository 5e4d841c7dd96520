#include "hw/weight_loader/weight_layout.h"

#include <cmath>

#include "models/mac_layer.h"

namespace spikeloom {

WeightBits& WeightBits::operator+=(const WeightBits& other) {
  rows_of_weights += other.rows_of_weights;
  needed += other.needed;
  packed += other.packed;
  in_flits += other.in_flits;
  in_sram += other.in_sram;
  return *this;
}

WeightLayout::WeightLayout(const LayerTrace& layer, const Program& program, int source, const NeuronArraySpec& neurons,
                           WeightPacking packing, int link_bits, int burst_bytes, uint64_t cache_bytes)
    : layer_(layer), program_(program), source_(source), neurons_(neurons), packing_(packing), link_bits_(link_bits) {
  for (const Load& load : load_order(program)) {
    const auto [entry, added] = places_.insert({{load.pass, load.tile, load.slice}, Place()});
    if (!added) continue;
    slices_.push_back(load);
    Place& place = entry->second;
    place.address = bytes_;
    if (has_parameters(load)) place.parameter_bytes = in_flits(parameter_bits(load));
    for (const RowMessage& message : row_messages(load)) place.row_bytes += message_bytes(load, message);
    if (program.phase(program.passes[load.pass]).causal != Causal::kNone) {
      place.in_sram = place.row_bytes > 0 && cached_bytes_ + place.row_bytes <= cache_bytes;
      (place.in_sram ? cached_bytes_ : uncached_bytes_) += place.row_bytes;
    }
    const uint32_t in_dram = place.parameter_bytes + (place.in_sram ? 0 : place.row_bytes);
    bytes_ += ceil_div(in_dram, burst_bytes) * burst_bytes;
  }
}

WeightBits WeightLayout::weight_bits(int lanes) const {
  WeightBits bits;
  for (const Load& load : slices_) {
    const int outputs = program_.passes[load.pass].tiles[load.tile].outputs;
    for (const RowMessage& message : row_messages(load)) {
      const auto rows = uint64_t(message.rows);
      bits.rows_of_weights += rows * outputs;
      bits.packed += rows * row_bytes(load) * 8;
      bits.in_flits += uint64_t{message_bytes(load, message)} * 8;
      bits.in_sram += rows * packed_bytes(packing_, lanes) * 8;
    }
  }
  bits.needed = double(bits.rows_of_weights) * std::log2(weight_values(packing_));
  return bits;
}

std::vector<RowMessage> WeightLayout::row_messages(const Load& load) const {
  const Pass& pass = program_.passes[load.pass];
  const TileWork& work = pass.tiles[load.tile];
  const Slice& slice = program_.part(pass, work.part).slices[load.slice];
  const InputTrace& input = layer_.inputs[pass.input];
  std::vector<RowMessage> messages;
  for (const Window& window : slice.windows) {
    const InputRange range = source_range(window, work.part, source_, program_.share(pass));
    if (range.count == 0) continue;
    messages.push_back({slice.row(range.first), slice.planes * range.count, slice.planes * range.first});
    for (int k = range.first; k < range.first + range.count; ++k)
      if (input.is_wide(k)) messages.push_back({slice.wide_row(k), 1, input.planes * input.size + input.wide_rank[k]});
  }
  return messages;
}

bool WeightLayout::transposes(const Load& load) const {
  return program_.phase(program_.passes[load.pass]).causal == Causal::kOutputs;
}

int WeightLayout::row_bytes(const Load& load) const {
  const Pass& pass = program_.passes[load.pass];
  return packed_bytes(packing_, pass.tiles[load.tile].outputs) + (layer_.inputs[pass.input].row_shift ? 1 : 0);
}

bool WeightLayout::has_parameters(const Load& load) const {
  const Pass& pass = program_.passes[load.pass];
  return load.first_of_pass && source_ == program_.share(pass).last(pass.tiles[load.tile].part) &&
         parameter_bits(load) > 0;
}

uint64_t WeightLayout::parameter_bits(const Load& load) const {
  const Pass& pass = program_.passes[load.pass];
  const TileWork& work = pass.tiles[load.tile];
  const InputTrace& input = layer_.inputs[pass.input];
  if (layer_.operations[work.operation].neuron == Neuron::kRunningSum) return 0;
  if (input.mac) return work.fires() ? uint64_t(work.outputs) * mac_parameter_bits(input) : 0;
  const int groups = layer_.operations[work.operation].h ? input.groups() : 0;
  return uint64_t(work.outputs) * (neurons_.threshold_bits + neurons_.membrane_bits + 2 * groups);
}

}  // namespace spikeloom
