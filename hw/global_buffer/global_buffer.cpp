#include "hw/global_buffer/global_buffer.h"

#include <algorithm>
#include <cassert>

#include "models/mac_layer.h"

namespace spikeloom {

namespace {

constexpr int kExponentBits = 8;

}  // namespace

GlobalBuffer::GlobalBuffer(const sc_core::sc_module_name& name, Clock& clock, const GlobalBufferSpec& spec,
                           const LayerContext& context, int source, int ports, LayerResult* result,
                           EnergyLedger& ledger)
    : Block(name, clock),
      jobs_in("jobs_in", ports),
      codes_out("codes_out", ports),
      encoded_in("encoded_in"),
      activations_out("activations_out"),
      outputs_in("outputs_in"),
      phase_done_out("phase_done_out"),
      spec_(spec),
      context_(context),
      source_(source),
      result_(result),
      read_(ledger.sram_counter(this->name(), EnergyEvent::kGlobalBufferRead, spec.macro())),
      write_(ledger.sram_counter(this->name(), EnergyEvent::kGlobalBufferWrite, spec.macro())),
      banks_(spec.banks),
      ports_(ports + 1),
      missing_(context.program->phases.size(), 0) {
  const Program& program = *context.program;
  for (const Pass& pass : program.passes)
    for (const TileWork& work : pass.tiles)
      for (int row = 0; work.fires() && row < program.phase(pass).rows; ++row)
        if (program.row_keeper(program.phase(pass), row) == source)
          missing_[pass.phase] += program.outputs(pass, work, row);
  for (size_t phase = 0; phase < program.phases.size(); ++phase)
    for (int node = 0; node < program.sources && program.phases[phase].reader >= 0; ++node)
      missing_[phase] += program.tokens_kept(node) > 0;
}

int GlobalBuffer::words(int bits) const { return static_cast<int>(ceil_div(bits, 8 * spec_.word_bytes)); }

void GlobalBuffer::tick() {
  for (size_t port = 0; port + 1 < ports_.size(); ++port)
    if (ports_[port].sent == ports_[port].flits.size() && jobs_in[port]->can_pop()) start_job(static_cast<int>(port));
  if (ports_.back().sent == ports_.back().flits.size() && encoded_in->can_pop()) start_activations();
  const bool output_waits = take_output(), codes_wait = send_codes();
  if (!output_waits && !codes_wait) return;
  ++bank_waits_;
  wake_at(now() + 1);
}

// Lays out the codes and shifts of a window for this node's inputs.
void GlobalBuffer::start_job(int port) {
  const CodesJob job = jobs_in[port]->front();
  jobs_in[port]->pop();
  const InputTrace& input = context_.input(job.tag);
  const Pass& pass = context_.program->passes[job.tag.pass];
  const Window window = context_.window(job.tag);
  const InputRange range = context_.range(job.tag, source_);
  const int block = context_.program->part(pass, job.tag.part).block;
  const int first_row = job.tag.batch * context_.program->batch;
  const PackedCodes codes = PackedCodes::of(input, context_.side_format(job.tag), range.first, range.count, first_row,
                                            context_.rows(job.tag));
  WindowShifts shifts;
  for (int t = 0; t < codes.tokens; ++t) {
    const size_t m = first_row + t;
    shifts.E[t] = uint8_t(input.E[m * input.blocks + block]);
    shifts.E7[t] = uint8_t(input.E7[m * input.blocks + block]);
    shifts.g[t] = uint8_t(input.g[m * input.groups() + window.group]);
  }
  Flit head;
  head.type = MessageType::kCodes;
  head.tag = job.tag.pack();
  head.phase = uint16_t(pass.phase);
  head.destination = uint32_t(context_.program->destination(pass, job.tag.part, source_, job.tag.batch));
  head.message_class = uint8_t(MessageClasses{context_.sources}.spikes(source_));
  head.flow = uint8_t(job.tag.part);
  shifts.pack(codes.tokens, head.bits.data());
  std::vector<uint64_t> bits;
  uint64_t count = codes.pack(input, range.first, &bits);
  if (has_row_scales(input) && window.first == input.group_begin(window.group) &&
      source_ == context_.share(job.tag).last(job.tag.part)) {
    count += uint64_t(codes.tokens) * row_scale_bits(input, window.group);  // behind the codes (DEVIATIONS 46)
    bits.resize((count + 127) / 64, 0);
  }
  const uint64_t code_bits = ceil_div(count, std::max<uint64_t>(1, uint64_t(range.count) * codes.tokens));
  const uint64_t first_bit = code_bits * (uint64_t(first_row) * input.size + uint64_t(range.first) * codes.tokens);
  ports_[port] = {make_packets(head, bits, count, context_.flits, context_.packet_flits),
                  first_bit / (8 * spec_.word_bytes)};
}

void GlobalBuffer::start_activations() {
  const int phase = encoded_in->front();
  encoded_in->pop();
  Port& port = ports_.back();
  port = Port();
  for (int node = 0; node < context_.sources; ++node) {
    if (node == source_) continue;
    const std::vector<Flit> message = activations_for(node, phase);
    port.flits.insert(port.flits.end(), message.begin(), message.end());
  }
  finish_phase(phase, 1);
}

std::vector<Flit> GlobalBuffer::activations_for(int node, int index) const {
  const Phase& phase = context_.program->phases[index];
  const Phase& reader = context_.program->phases[phase.reader];
  BitStream payload;
  if (phase.makes_cache)
    append_cache(node, reader, &payload);
  else
    append_codes(node, reader, &payload);
  Flit head;
  head.type = MessageType::kActivations;
  head.tag = uint64_t(index);
  head.phase = uint16_t(index);
  head.destination = uint32_t(context_.source_node(node));
  head.message_class = uint8_t(MessageClasses{context_.sources}.outputs());
  head.flow = uint8_t(node);
  return make_packets(head, payload.words(), payload.count(), context_.flits, context_.packet_flits);
}

// Row by row, part by part: codes and side bits of the node's inputs, then the row's shifts.
void GlobalBuffer::append_codes(int node, const Phase& reader, BitStream* payload) const {
  const Program& program = *context_.program;
  const InputTrace& input = context_.layer->inputs[reader.input];
  const SourceShare share{static_cast<int>(reader.parts.size()), program.sources};
  for (int row = 0; row < reader.rows; ++row)
    for (int part = 0; part < share.parts && program.row_keeper(reader, row) == source_; ++part) {
      if (!share.serves(node, part)) continue;
      const Part& of = reader.parts[part];
      for (const Slice& slice : of.slices)
        for (const Window& window : slice.windows) {
          const InputRange range = source_range(program.seen_window(reader, of, window, row), part, node, share);
          std::vector<uint64_t> bits;
          const uint64_t size = PackedCodes::of(input, reader.side_format, range.first, range.count, row, 1)
                                    .pack(input, range.first, &bits);
          for (uint64_t at = 0; at < size; at += 64)
            payload->append(int(std::min<uint64_t>(64, size - at)), bits[at / 64]);
        }
      const size_t at = size_t(row) * input.blocks + of.block;
      if (!input.recorded()) payload->append(WindowShifts::kBits, uint64_t(input.E[at] | input.E7[at] << 3));
      for (int group = 0; has_row_scales(input) && node == share.last(part) && group < input.groups(); ++group)
        payload->append(row_scale_bits(input, group), 0);
    }
}

// Token by token, head by head: an exponent, and the vector where the node loads it for a tile.
void GlobalBuffer::append_cache(int node, const Phase& reader, BitStream* payload) const {
  const Program& program = *context_.program;
  const AttentionTrace& attention = *context_.layer->attention;
  const SourceShare share{static_cast<int>(reader.parts.size()), program.sources};
  const bool keys = reader.causal == Causal::kOutputs;
  for (int m = 0; m < program.tokens; ++m) {
    if (program.keeper(m) != source_) continue;
    const int position = reader.first_position + m;
    for (int head = 0; head < attention.kv_heads; ++head) {
      const size_t at = size_t(position) * attention.kv_heads + head;
      payload->append(kExponentBits, uint64_t(keys ? attention.key_e[at] : attention.value_shift[at]));
    }
    for (int part = 0; part < share.parts; ++part) {
      if (!share.serves(node, part)) continue;
      const Part& of = reader.parts[part];
      for (const Slice& slice : of.slices)
        for (const Window& window : slice.windows) {
          const InputRange range = source_range(window, part, node, share);
          const int first = range.first - of.block * reader.block_inputs;
          for (int i = first; keys && i < first + range.count; ++i)
            payload->append(4, uint64_t(attention.key(position, of.block, i)));
          if (!keys && first <= position && position < first + range.count)
            for (int i = 0; i < attention.head_dim; ++i)
              payload->append(4, uint64_t(attention.value(position, of.block, i)));
        }
    }
  }
}

// One flit a cycle, of one port after another.
bool GlobalBuffer::send_codes() {
  const int count = static_cast<int>(ports_.size());
  bool waits = false;
  for (int i = 0; i < count; ++i) {
    const int index = (next_port_ + i) % count;
    Port& port = ports_[index];
    FifoOut<Flit>& out = index + 1 < count ? codes_out[index] : activations_out;
    if (port.sent == port.flits.size() || !out->can_push()) continue;
    if (!send_from(&port, &out)) {
      waits = true;
      continue;
    }
    next_port_ = (index + 1) % count;
    wake_at(now() + 1);
    return false;
  }
  return waits;
}

bool GlobalBuffer::send_from(Port* port, FifoOut<Flit>* out) {
  const Flit& flit = port->flits[port->sent];
  if (!flit.head) {
    const int count = words(context_.flits.link_bits);
    if (!banks_.take(now(), port->word, count)) return false;
    port->word += count;
    read_.add(now(), count, flit.phase);
  }
  (*out)->push(flit);
  ++port->sent;
  return true;
}

// Where a row's codes of an operation begin, as that operation's outputs lie.
uint64_t GlobalBuffer::output_word(const Flit& head) const {
  if (head.type == MessageType::kActivations) return write_word_;
  const OutputTag tag = OutputTag::unpack(head.tag);
  const TileWork& work = context_.program->passes[tag.pass].tiles[tag.tile];
  const OperationTrace& operation = context_.layer->operations[work.operation];
  const uint64_t first = uint64_t(tag.row) * operation.outputs + work.first_output;
  return first * operation.output_bits / (8 * spec_.word_bytes);
}

bool GlobalBuffer::take_output() {
  if (!outputs_in->can_pop()) return false;
  const Flit& flit = outputs_in->front();
  if (flit.head) {
    write_word_ = output_word(flit);
  } else {
    const int count = words(context_.flits.link_bits);
    if (!banks_.take(now(), write_word_, count)) return true;
    write_word_ += count;
    write_.add(now(), count, flit.phase);
  }
  if (flit.type == MessageType::kActivations) {
    if (flit.head) activations_phase_ = static_cast<int>(flit.tag);
    if (flit.tail && flit.last_packet) finish_phase(activations_phase_, 1);
  } else {
    if (flit.head) output_tag_ = OutputTag::unpack(flit.tag);
    output_.add(flit, context_.flits.link_bits);
    if (flit.tail) store_outputs(output_tag_);
  }
  outputs_in->pop();
  wake_at(now() + 1);
  return false;
}

void GlobalBuffer::store_outputs(const OutputTag& tag) {
  const Pass& pass = context_.program->passes[tag.pass];
  const TileWork& work = pass.tiles[tag.tile];
  const OperationTrace& operation = context_.layer->operations[work.operation];
  const int bits = operation.output_bits, outputs = context_.program->outputs(pass, work, tag.row);
  const bool spikes = operation.neuron == Neuron::kIntegrateAndFire;
  for (int i = 0; i < outputs; ++i) {
    const uint64_t value = get_bits(output_.bits(), uint64_t(i) * bits, bits);
    const size_t at = size_t(tag.row) * operation.outputs + work.first_output + i;
    assert(!result_->arrived[work.operation][at]);
    result_->arrived[work.operation][at] = true;
    result_->outputs[work.operation][at] = static_cast<int>(spikes ? int64_t(value) : sign_extend(value, bits));
  }
  output_.clear();
  result_->received += outputs;
  finish_phase(pass.phase, outputs);
}

void GlobalBuffer::finish_phase(int phase, uint64_t arrived) {
  assert(missing_[phase] >= arrived);
  missing_[phase] -= arrived;
  if (missing_[phase] > 0) return;
  assert(phase_done_out->can_push());
  phase_done_out->push(phase);
}

std::string GlobalBuffer::waits_for() const {
  for (const Port& port : ports_)
    if (port.sent < port.flits.size()) return "space for codes at a port";
  for (const uint64_t missing : missing_)
    if (missing > 0) return std::to_string(missing) + " output codes, or codes of as many nodes";
  return "";
}

}  // namespace spikeloom
