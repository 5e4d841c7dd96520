#include "hw/dram/dram_channel.h"

#include <algorithm>

namespace spikeloom {

DramChannel::DramChannel(const sc_core::sc_module_name& name, Clock& clock, const DramSpec& spec,
                         const LayerContext& context, int source, const NeuronArraySpec& neurons, EnergyLedger& ledger)
    : Block(name, clock),
      loads_in("loads_in"),
      weights_out("weights_out"),
      spec_(spec),
      context_(context),
      source_(source),
      neurons_(neurons),
      read_(ledger.counter(this->name(), EnergyEvent::kDramReadBit)) {}

void DramChannel::tick() {
  take_load();
  send();
}

void DramChannel::take_load() {
  if (streams_.size() >= kOutstanding || !loads_in->can_pop()) return;
  const Load load = loads_in->front();
  loads_in->pop();
  if (!loads_in->empty()) wake_at(now() + 1);
  if (!holds_rows(load)) return;
  streams_.push_back({load, {}, now() + spec_.latency_cycles()});
  wake_at(now() + 1);
}

// A flit leaves when all its bytes have crossed the interface, at the earliest one cycle after the one before.
void DramChannel::send() {
  if (streams_.empty()) return;
  Stream& stream = streams_.front();
  if (!streaming_) {
    stream.flits = make_flits(stream.load);
    stream_base_ = std::max({stream.available, bus_free_, now()});
    streaming_ = true;
    sent_ = stream_bytes_ = 0;
    activity_.enter(ActivityState::kBusy, now());
  }
  const Flit& flit = stream.flits[sent_];
  const uint64_t bytes = flit.head ? 0 : context_.flits.link_bits / 8;
  const Cycle ready = stream_base_ + spec_.transfer_cycles(stream_bytes_ + bytes);
  if (now() < ready) {
    wake_at(ready);
    return;
  }
  if (!weights_out->can_push()) {
    activity_.enter(ActivityState::kStalledOutput, now());
    return;
  }
  if (activity_.state() == ActivityState::kStalledOutput) stream_base_ += now() - ready;
  activity_.enter(ActivityState::kBusy, now());
  weights_out->push(flit);
  read_.add(now(), 8 * bytes, flit.phase);
  stream_bytes_ += bytes;
  bytes_read_ += bytes;
  wake_at(now() + 1);
  if (++sent_ < stream.flits.size()) return;
  const uint64_t padding = (spec_.burst_bytes - stream_bytes_ % spec_.burst_bytes) % spec_.burst_bytes;
  read_.add(now(), 8 * padding, stream.flits.back().phase);
  bytes_read_ += padding;
  bus_free_ = now() + spec_.transfer_cycles(padding);
  streaming_ = false;
  streams_.pop_front();
  activity_.enter(ActivityState::kIdle, now());
}

// Whether this source has any row of the slice.
bool DramChannel::holds_rows(const Load& load) const {
  const Pass& pass = context_.program->passes[load.pass];
  const int part = pass.tiles[load.tile].part;
  const std::vector<Window>& windows = context_.program->part(pass, part).slices[load.slice].windows;
  return std::any_of(windows.begin(), windows.end(), [&](const Window& window) {
    return source_range(window, part, source_, context_.program->share(pass)).count > 0;
  });
}

std::vector<Flit> DramChannel::make_flits(const Load& load) const {
  const Pass& pass = context_.program->passes[load.pass];
  const TileWork& work = pass.tiles[load.tile];
  const Slice& slice = context_.program->part(pass, work.part).slices[load.slice];
  const InputTrace& input = context_.layer->inputs[pass.input];
  std::vector<Flit> flits;
  const SourceShare share = context_.program->share(pass);
  if (load.first_of_pass && source_ == share.last(work.part)) append_parameters(load, &flits);
  for (const Window& window : slice.windows) {
    const InputRange range = source_range(window, work.part, source_, share);
    append_rows(load, slice.row(range.first), range.first, range.count, &flits);
    for (int k = range.first; k < range.first + range.count; ++k)
      if (input.is_wide(k)) append_rows(load, slice.wide_row(k), input.size + input.wide_rank[k], 1, &flits);
  }
  return flits;
}

// Thresholds and initial membranes of the tile's lanes, then the weight shifts of every group (DEVIATIONS 31).
void DramChannel::append_parameters(const Load& load, std::vector<Flit>* flits) const {
  const Pass& pass = context_.program->passes[load.pass];
  const TileWork& work = pass.tiles[load.tile];
  const OperationTrace& operation = context_.layer->operations[work.operation];
  const int groups = operation.h ? context_.layer->inputs[pass.input].groups() : 0;
  const uint64_t bits = uint64_t(work.outputs) * (neurons_.threshold_bits + neurons_.membrane_bits + 2 * groups);
  std::vector<uint64_t> payload((bits + 127) / 64, 0);
  uint64_t at = 0;
  for (int i = 0; i < work.outputs; ++i) {
    put_bits(payload.data(), at, neurons_.threshold_bits, operation.theta[work.first_output + i]);
    at += neurons_.threshold_bits;
    put_bits(payload.data(), at, neurons_.membrane_bits, work.part == 0 ? operation.v0[work.first_output + i] : 0);
    at += neurons_.membrane_bits;
  }
  for (int group = 0; group < groups; ++group)
    for (int i = 0; i < work.outputs; ++i, at += 2)
      put_bits(payload.data(), at, 2, operation.h_at(group, work.first_output + i));
  Flit head;
  head.type = MessageType::kParameters;
  head.tag = load.pass;
  head.phase = uint16_t(pass.phase);
  head.destination = uint32_t(load.tile);
  head.message_class = uint8_t(MessageClasses{context_.sources}.weights());
  head.flow = uint8_t(load.tile);
  const auto packets = make_packets(head, payload, bits, context_.flits, context_.packet_flits);
  flits->insert(flits->end(), packets.begin(), packets.end());
}

// Rows of the operation from `from` on, to a tile's rows from first_row on; behind each its exponent, if it has one.
void DramChannel::append_rows(const Load& load, int first_row, int from, int rows, std::vector<Flit>* flits) const {
  if (rows == 0) return;
  const Pass& pass = context_.program->passes[load.pass];
  const TileWork& work = pass.tiles[load.tile];
  const OperationTrace& operation = context_.layer->operations[work.operation];
  const uint8_t* row_shift = context_.layer->inputs[pass.input].row_shift;
  const int weight_bytes = (work.outputs + 1) / 2, row_bytes = weight_bytes + (row_shift ? 1 : 0);
  std::vector<uint64_t> payload((uint64_t(rows) * row_bytes + 15) / 8, 0);
  uint8_t* bytes = reinterpret_cast<uint8_t*>(payload.data());
  for (int r = 0; r < rows; ++r) {
    uint8_t* row = bytes + size_t(r) * row_bytes;
    std::memcpy(row, operation.weights + size_t(from + r) * operation.row_bytes + work.first_of_block / 2,
                weight_bytes);
    if (row_shift) row[weight_bytes] = row_shift[from + r];
  }
  Flit head;
  head.type = MessageType::kWeights;
  head.phase = uint16_t(context_.program->passes[load.pass].phase);
  head.tag = WeightTag{load.index, source_, first_row, rows}.pack();
  head.destination = uint32_t(load.tile);
  head.message_class = uint8_t(MessageClasses{context_.sources}.weights());
  head.flow = uint8_t(load.tile);
  const auto packets =
      make_packets(head, payload, uint64_t(rows) * row_bytes * 8, context_.flits, context_.packet_flits);
  flits->insert(flits->end(), packets.begin(), packets.end());
}

std::string DramChannel::waits_for() const { return streams_.empty() ? "" : "space for weights at its output"; }

}  // namespace spikeloom
