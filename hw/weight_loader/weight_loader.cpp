#include "hw/weight_loader/weight_loader.h"

#include <algorithm>
#include <cassert>
#include <climits>
#include <cstring>

#include "models/mac_layer.h"
#include "sim/base/binary16.h"

namespace spikeloom {

WeightLoader::WeightLoader(const sc_core::sc_module_name& name, Clock& clock, const WeightLoaderSpec& spec,
                           const DramSpec& dram, const LayerContext& context, int source,
                           const NeuronArraySpec& neurons, EnergyLedger& ledger)
    : Block(name, clock),
      loads_in("loads_in"),
      requests_out("requests_out"),
      responses_in("responses_in", dram.channels),
      weights_out("weights_out"),
      cached_in("cached_in"),
      cached_out("cached_out"),
      spec_(spec),
      context_(context),
      source_(source),
      neurons_(neurons),
      burst_bytes_(dram.device.burst_bytes()),
      burst_words_(ceil_div(burst_bytes_, flit_bytes())),
      layout_(*context.layer, *context.program, source, neurons, context.packing, context.flits.link_bits,
              dram.device.burst_bytes(), spec.kv_cache.layer_bytes()),
      buffer_read_(ledger.sram_counter(this->name(), EnergyEvent::kWeightBufferRead, spec.buffer())),
      buffer_write_(ledger.sram_counter(this->name(), EnergyEvent::kWeightBufferWrite, spec.buffer())),
      arrived_(uint64_t(spec.buffer_bytes) / burst_bytes_ + 1) {
  if (spec.kv_cache.bytes == 0) return;
  cache_read_ = &ledger.sram_counter(this->name(), EnergyEvent::kKvCacheRead, spec.kv_cache.sram());
  cache_write_ = &ledger.sram_counter(this->name(), EnergyEvent::kKvCacheWrite, spec.kv_cache.sram());
}

void WeightLoader::end_of_elaboration() {
  for (size_t channel = 0; channel < responses_in.size(); ++channel) {
    responses_.push_back(responses_in[channel].operator->());
    responses_[channel]->keep_front_in(&visible_from_[channel], &occupied_, int(channel));
  }
  loads_in->keep_front_in(&visible_from_[kLoads], &occupied_, kLoads);
  cached_in->keep_front_in(&visible_from_[kCached], &occupied_, kCached);
  flits_out_ = weights_out.operator->();
  requests_ = requests_out.operator->();
}

void WeightLoader::tick() {
  take_responses();
  if (has(kLoads)) take_load();
  if (has(kCached)) take_cached();
  if (!writes_.empty()) write_cached();
  if (!streams_.empty()) send();
  if (writes_.empty()) request();
  if (cache_read_) read_cached();
  if (caching_ >= 0) finish_cached();
}

void WeightLoader::take_cached() {
  if (caching_ >= 0) return;
  caching_ = cached_in->front();
  cached_in->pop();
  uint64_t words = 0;
  for (const KvWrite& write : kv_writes(*context_.program, layout_, context_.program->phases[caching_])) {
    if (write.in_sram)
      words += ceil_div(write.bytes, uint64_t(spec_.kv_cache.word_bytes));
    else
      writes_.push_back(write);
  }
  if (words > 0) cache_write_->add_span(now(), words, 1, uint32_t(caching_));
  cache_written_ = now() + words;
  wake_at(std::max(cache_written_, now() + 1));
}

// One request a cycle.
void WeightLoader::write_cached() {
  if (!requests_->can_push()) return;
  const KvWrite& write = writes_.front();
  DramRequest request;
  request.address = write.address / burst_bytes_ * burst_bytes_;
  const uint64_t bursts = ceil_div(write.address + write.bytes - request.address, burst_bytes_);
  request.bytes = uint32_t(bursts * burst_bytes_);
  request.write = true;
  request.id = kWriteIds;
  request.phase = uint16_t(caching_);
  requests_->push(request);
  write_bursts_ += bursts;
  writes_.pop_front();
  wake_at(now() + 1);
}

void WeightLoader::finish_cached() {
  if (!writes_.empty() || write_bursts_ > 0 || now() < cache_written_ || !cached_out->can_push()) return;
  cached_out->push(caching_);
  caching_ = -1;
  if (cached_in->can_pop()) wake_at(now() + 1);
}

void WeightLoader::take_load() {
  if (streams_.size() >= kOutstanding) return;
  const Load load = loads_in->front();
  loads_in->pop();
  if (!loads_in->empty()) wake_at(now() + 1);
  const WeightLayout::Place& place = layout_.place(load);
  // Parameters come with the first load of a slice only.
  const bool parameters = layout_.has_parameters(load);
  const uint64_t begin = place.address + (parameters ? 0 : place.parameter_bytes);
  const uint64_t end = place.address + place.parameter_bytes + (place.in_sram ? 0 : place.row_bytes);
  if (place.row_bytes == 0) return;  // this node holds nothing of the slice
  const uint64_t first = begin / burst_bytes_, bursts = ceil_div(end, burst_bytes_) - first;
  Stream stream;
  stream.load = load;
  stream.messages = layout_.row_messages(load);
  stream.parameters = parameters;
  stream.first_burst = first;
  stream.bursts = end > begin ? bursts : 0;
  stream.dram_bytes = end - begin;
  stream.sram_bytes = place.in_sram ? place.row_bytes : 0;
  stream.transposes = layout_.transposes(load);
  stream.skipped = end > begin ? begin % burst_bytes_ : 0;
  stream.first_id = next_id_;
  next_id_ += stream.bursts;
  streams_.push_back(std::move(stream));
}

void WeightLoader::take_responses() {
  for (uint64_t left = occupied_ & low_mask(kLoads); left; left &= left - 1) {
    const int channel = __builtin_ctzll(left);
    for (RegisteredFifo<DramResponse>& responses = *responses_[size_t(channel)]; has(channel); responses.pop()) {
      const DramResponse& response = responses.front();
      if (response.write) {
        --write_bursts_;
        continue;
      }
      arrived_[arrived_place(response.id)] = true;
      buffer_write_.add(now(), burst_words_, response.phase);
    }
  }
  for (; arrived_[arrived_at_]; ++arrived_before_) {
    arrived_[arrived_at_] = false;
    if (++arrived_at_ == arrived_.size()) arrived_at_ = 0;
  }
}

// Asks for what follows, as far as the buffer has room for it. Loads have their place in it one after another, so that
// one can never wait for room that one behind it has taken.
void WeightLoader::request() {
  if (requests_->producer_waits() || reserved_ + burst_bytes_ > uint64_t(spec_.buffer_bytes)) return;
  for (Stream& stream : streams_) {
    if (stream.requested == stream.bursts && stream.sram_read == stream.sram_bytes) continue;
    if (stream.requested == stream.bursts || !requests_->can_push()) return;
    const uint64_t room = (uint64_t(spec_.buffer_bytes) - reserved_) / burst_bytes_;
    const uint64_t bursts = std::min(room, stream.bursts - stream.requested);
    DramRequest request;
    request.address = (stream.first_burst + stream.requested) * burst_bytes_;
    request.bytes = uint32_t(bursts * burst_bytes_);
    request.id = stream.first_id + stream.requested;
    request.phase = uint16_t(context_.program->passes[stream.load.pass].phase);
    requests_->push(request);
    reserved_ += bursts * burst_bytes_;
    stream.requested += bursts;
    wake_at(now() + 1);
    return;
  }
}

// The same of what lies in the SRAM: a word, once its port is free and all before it is in the buffer or asked for.
void WeightLoader::read_cached() {
  if (now() < cache_written_) return;  // finish_cached() comes then
  for (Stream& stream : streams_) {
    if (stream.requested < stream.bursts) return;
    if (stream.sram_read == stream.sram_bytes) continue;
    const uint64_t read = std::min(stream.sram_read + uint64_t(spec_.kv_cache.word_bytes), stream.sram_bytes);
    const uint64_t flits = ceil_div(read, flit_bytes()) - ceil_div(stream.sram_read, flit_bytes());
    if (reserved_ + flits * flit_bytes() > uint64_t(spec_.buffer_bytes)) return;
    const uint32_t phase = uint32_t(context_.program->passes[stream.load.pass].phase);
    cache_read_->add(now(), 1, phase);
    if (flits > 0) buffer_write_.add(now(), flits, phase);
    reserved_ += flits * flit_bytes();
    stream.sram_read = read;
    wake_at(now() + 1);
    return;
  }
}

// Of keys all that follows the parameters must have come before any of it is sent. What lies in the SRAM follows what
// lies in DRAM.
bool WeightLoader::has_come(uint64_t bytes) const {
  const Stream& stream = streams_.front();
  if (stream.transposes) {
    const uint64_t parameters = stream.parameters ? layout_.place(stream.load).parameter_bytes : 0;
    if (bytes > parameters) bytes = stream.dram_bytes + stream.sram_bytes;
  }
  const uint64_t from_dram = std::min(bytes, stream.dram_bytes);
  const uint64_t arrived = arrived_before_ > stream.first_id ? arrived_before_ - stream.first_id : 0;
  if (arrived * burst_bytes_ < stream.skipped + from_dram) return false;
  return bytes - from_dram <= stream.sram_read;
}

void WeightLoader::send() {
  Stream& stream = streams_.front();
  if (packets_.done()) make_next_message();
  if (!has_come(sent_bytes_ + flit_bytes())) {
    activity_.enter(ActivityState::kStalledInput, now());
    return;
  }
  if (!flits_out_->can_push()) {
    activity_.enter(ActivityState::kStalledOutput, now());
    return;
  }
  activity_.enter(ActivityState::kBusy, now());
  const Flit flit = packets_.next();
  flits_out_->push(flit);
  if (!flit.head) {
    sent_bytes_ += flit_bytes();
    reserved_ -= flit_bytes();
    // A flit holds one dimension of as many keys as it has nibbles, and each lies in a word of its own.
    const bool narrow = stream.transposes && flit.type == MessageType::kWeights;
    buffer_read_.add(now(), narrow ? 2 * flit_bytes() : 1, flit.phase);
  }
  wake_at(now() + 1);
  if (packets_.done() && stream.all_made()) end_stream();
}

// What its bursts hold besides the load's flits is given up.
void WeightLoader::end_stream() {
  const Stream& stream = streams_.front();
  assert(sent_bytes_ == stream.dram_bytes + stream.sram_bytes);
  reserved_ -= stream.bursts * burst_bytes_ - stream.dram_bytes;
  sent_bytes_ = 0;
  streams_.pop_front();
  if (streams_.empty()) activity_.enter(ActivityState::kIdle, now() + 1);
}

// Of the front load.
void WeightLoader::make_next_message() {
  Stream& stream = streams_.front();
  const size_t index = stream.made++;
  if (stream.parameters && index == 0)
    make_parameters(stream.load);
  else
    make_rows(stream.load, stream.messages[index - stream.parameters]);
}

void WeightLoader::make_message(const Load& load, Flit head, uint64_t bits, int packet_flits) {
  head.phase = uint16_t(context_.program->passes[load.pass].phase);
  head.destination = uint32_t(load.tile);
  head.message_class = uint8_t(MessageClasses{context_.sources}.weights());
  head.flow = uint8_t(load.tile);
  packets_ = PacketCutter(head, payload_.data(), bits, context_.flits, packet_flits);
}

// Thresholds and initial membranes of the tile's lanes, then the weight shifts of every group (DEVIATIONS 31).
void WeightLoader::make_parameters(const Load& load) {
  const Pass& pass = context_.program->passes[load.pass];
  const TileWork& work = pass.tiles[load.tile];
  const OperationTrace& operation = context_.layer->operations[work.operation];
  const int groups = operation.h ? context_.layer->inputs[pass.input].groups() : 0;
  const uint64_t bits = layout_.parameter_bits(load);
  payload_.assign((bits + 127) / 64, 0);
  uint64_t at = 0;
  if (operation.mac) {
    const InputTrace& input = context_.layer->inputs[pass.input];
    for (int i = 0; i < work.outputs; ++i)
      for (int group = 0; group < input.groups(); ++group) {
        const int n = work.first_output + i, sum_bits = column_sum_bits(input, group);
        put_bits(payload_.data(), at, kScaleBits, to_binary16(operation.mac->scale(group, n)));
        at += kScaleBits;
        if (sum_bits > 0) put_bits(payload_.data(), at, sum_bits, uint64_t(column_sum(input, operation, group, n)));
        at += sum_bits;
      }
  }
  for (int i = 0; i < work.outputs && !operation.mac; ++i) {
    put_bits(payload_.data(), at, neurons_.threshold_bits, operation.theta[work.first_output + i]);
    at += neurons_.threshold_bits;
    put_bits(payload_.data(), at, neurons_.membrane_bits, work.part == 0 ? operation.v0[work.first_output + i] : 0);
    at += neurons_.membrane_bits;
  }
  for (int group = 0; group < groups; ++group)
    for (int i = 0; i < work.outputs; ++i, at += 2)
      put_bits(payload_.data(), at, 2, operation.h_at(group, work.first_output + i));
  Flit head;
  head.type = MessageType::kParameters;
  head.tag = load.pass;
  // One packet: a tile may get those of two passes from two nodes at once.
  make_message(load, head, bits, INT_MAX);
}

void WeightLoader::make_rows(const Load& load, const RowMessage& message) {
  const Pass& pass = context_.program->passes[load.pass];
  const TileWork& work = pass.tiles[load.tile];
  const OperationTrace& operation = context_.layer->operations[work.operation];
  const uint8_t* row_shift = context_.layer->inputs[pass.input].row_shift;
  const int weight_bytes = packed_bytes(context_.packing, work.outputs), row_bytes = layout_.row_bytes(load);
  payload_.resize((uint64_t(message.rows) * row_bytes + 15) / 8);
  uint8_t* bytes = reinterpret_cast<uint8_t*>(payload_.data());
  for (int r = 0; r < message.rows; ++r) {
    uint8_t* row = bytes + size_t(r) * row_bytes;
    const int from = message.from + r;
    pack_weights(context_.packing, operation.weights + size_t(from) * operation.row_bytes + work.first_of_block / 2,
                 work.outputs, row);
    if (row_shift) row[weight_bytes] = row_shift[from];
  }
  Flit head;
  head.type = MessageType::kWeights;
  head.tag = WeightTag{load.index, source_, message.first_row, message.rows}.pack();
  make_message(load, head, uint64_t(message.rows) * row_bytes * 8, context_.packet_flits);
}

std::string WeightLoader::waits_for() const {
  if (streams_.empty()) return "";
  return activity_.state() == ActivityState::kStalledInput ? "data from DRAM" : "space for weights at its output";
}

}  // namespace spikeloom
