#include "hw/global_buffer/global_buffer.h"

#include <cassert>

#include "hw/mixed_precision_buffer/mixed_precision_buffer.h"

namespace spikeloom {

GlobalBuffer::GlobalBuffer(const sc_core::sc_module_name& name, Clock& clock, const GlobalBufferSpec& spec,
                           const LayerContext& context, int source, int ports, LayerResult* result,
                           EnergyLedger& ledger)
    : Block(name, clock),
      jobs_in("jobs_in", ports),
      codes_out("codes_out", ports),
      outputs_in("outputs_in"),
      phase_done_out("phase_done_out"),
      spec_(spec),
      context_(context),
      source_(source),
      result_(result),
      read_(ledger.sram_counter(this->name(), EnergyEvent::kGlobalBufferRead,
                                {uint64_t(spec.bytes), uint64_t(spec.word_bytes)})),
      write_(ledger.sram_counter(this->name(), EnergyEvent::kGlobalBufferWrite,
                                 {uint64_t(spec.bytes), uint64_t(spec.word_bytes)})),
      ports_(ports),
      missing_(context.program->phases.size(), 0) {
  for (const Pass& pass : context.program->passes)
    for (const TileWork& work : pass.tiles)
      if (work.fires() && work.sink == source)
        for (int row = 0; row < context.program->phase(pass).rows; ++row)
          missing_[pass.phase] += context.program->outputs(pass, work, row);
}

int GlobalBuffer::words(int bits) const { return static_cast<int>(ceil_div(bits, 8 * spec_.word_bytes)); }

void GlobalBuffer::tick() {
  for (size_t port = 0; port < ports_.size(); ++port)
    if (ports_[port].sent == ports_[port].flits.size() && jobs_in[port]->can_pop()) start_job(static_cast<int>(port));
  send_codes();
  take_output();
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
  PackedCodes codes;
  codes.count = range.count;
  codes.tokens = context_.rows(job.tag);
  WindowShifts shifts;
  for (int t = 0; t < codes.tokens; ++t) {
    const int m = job.tag.batch * context_.program->batch + t;
    shifts.E[t] = uint8_t(input.E[size_t(m) * input.blocks + block]);
    shifts.E7[t] = uint8_t(input.E7[size_t(m) * input.blocks + block]);
    shifts.g[t] = uint8_t(input.g[size_t(m) * input.groups() + window.group]);
    for (int k = range.first; k < range.first + range.count; ++k) {
      codes.code.push_back(input.code_at(m, k));
      codes.salient.push_back(input.salient(m, k));
      codes.side_value_bits += CodeFormat::of(input).side_bits(codes.salient.back(), input.two_digits(k));
    }
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
  const uint64_t count = codes.pack(input, range.first, &bits);
  ports_[port].flits = make_packets(head, bits, count, context_.flits, context_.packet_flits);
  ports_[port].sent = 0;
}

void GlobalBuffer::send_codes() {
  const int count = static_cast<int>(ports_.size());
  for (int i = 0; i < count; ++i) {
    const int index = (next_port_ + i) % count;
    Port& port = ports_[index];
    if (port.sent == port.flits.size() || !codes_out[index]->can_push()) continue;
    const Flit& flit = port.flits[port.sent++];
    codes_out[index]->push(flit);
    if (!flit.head) read_.add(now(), words(context_.flits.link_bits));
    next_port_ = (index + 1) % count;
    wake_at(now() + 1);
    return;
  }
}

void GlobalBuffer::take_output() {
  if (!outputs_in->can_pop()) return;
  const Flit& flit = outputs_in->front();
  if (flit.head) output_tag_ = OutputTag::unpack(flit.tag);
  output_.add(flit, context_.flits.link_bits);
  if (!flit.head) write_.add(now(), words(context_.flits.link_bits));
  if (flit.tail) store_outputs(output_tag_);
  outputs_in->pop();
  wake_at(now() + 1);
}

void GlobalBuffer::store_outputs(const OutputTag& tag) {
  const Pass& pass = context_.program->passes[tag.pass];
  const TileWork& work = pass.tiles[tag.tile];
  const OperationTrace& operation = context_.layer->operations[work.operation];
  const int bits = operation.output_bits, outputs = context_.program->outputs(pass, work, tag.row);
  for (int i = 0; i < outputs; ++i) {
    const size_t at = size_t(tag.row) * operation.outputs + work.first_output + i;
    assert(!result_->arrived[work.operation][at]);
    result_->arrived[work.operation][at] = true;
    result_->outputs[work.operation][at] =
        static_cast<int>(sign_extend(get_bits(output_.bits(), uint64_t(i) * bits, bits), bits));
  }
  output_.clear();
  result_->received += outputs;
  missing_[pass.phase] -= outputs;
  if (missing_[pass.phase] == 0) {
    assert(phase_done_out->can_push());
    phase_done_out->push(pass.phase);
  }
}

std::string GlobalBuffer::waits_for() const {
  for (const Port& port : ports_)
    if (port.sent < port.flits.size()) return "space for codes at a port";
  for (const uint64_t missing : missing_)
    if (missing > 0) return std::to_string(missing) + " output codes";
  return "";
}

}  // namespace spikeloom
