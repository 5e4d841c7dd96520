#include "hw/spike_encoder/spike_encoder.h"

#include <algorithm>
#include <cassert>

namespace spikeloom {

SpikeEncoder::SpikeEncoder(const sc_core::sc_module_name& name, Clock& clock, const EncoderSpec& spec,
                           const LayerContext& context, int source, EnergyLedger& ledger,
                           std::vector<WindowTag> windows)
    : Block(name, clock),
      codes_in("codes_in", source < 0 ? context.sources : 1),
      spikes_out("spikes_out"),
      spec_(spec),
      context_(context),
      source_(source),
      buffer_(this->name(), spec.buffer, ledger),
      index_read_(ledger.sram_counter(this->name(), EnergyEvent::kEncoderIndexRead,
                                      {uint64_t(spec.index_bytes), uint64_t(spec.index_entry_bytes)})),
      index_write_(ledger.sram_counter(this->name(), EnergyEvent::kEncoderIndexWrite,
                                       {uint64_t(spec.index_bytes), uint64_t(spec.index_entry_bytes)})),
      histogram_(ledger.counter(this->name(), EnergyEvent::kEncoderHistogramBit)),
      collector_(context, source, std::move(windows)),
      cycles_(context.program->phases.size()) {}

void SpikeEncoder::tick() {
  emit();
  scatter();
  fill();
}

// One flit a cycle into the buffer.
void SpikeEncoder::fill() {
  if (!filled_.empty()) return;
  const bool began = !collector_.filling();
  if (collector_.take(codes_in)) {
    if (began) fill_began_ = now();
    wake_at(now() + 1);
  }
  if (collector_.complete()) finish_fill();
}

void SpikeEncoder::finish_fill() {
  CollectedWindow window = collector_.finish();
  Job job;
  job.head = window.head;
  job.tag = window.tag;
  job.tokens = window.tokens;
  job.codes = std::move(window.codes);
  buffer_.write(now(), job.codes);
  // One code a cycle, which has to be decoded; of recorded spikes a word of them.
  Cycle codes = uint64_t(job.tokens) * job.codes.count;
  if (context_.input(job.tag).recorded()) codes = ceil_div(codes, 8 * uint64_t(spec_.buffer.main_word_bytes));
  cycles_of(job).fill += codes;
  job.ready = std::max(now() + 1, fill_began_ + codes);
  filled_.push_back(std::move(job));
  wake_at(filled_.front().ready);
}

// The counting sort's second pass: every code to its place, one a cycle, further spikes of a code one more each.
void SpikeEncoder::scatter() {
  if (filled_.empty() || !sorted_.empty() || now() < filled_.front().ready) return;
  if (context_.payload == Payload::kBitmap && emitting_) return;  // its codes still fill half the buffer
  sorted_.push_back(std::move(filled_.front()));
  filled_.pop_front();
  sort(&sorted_.front());
  wake_at(std::max(sorted_.front().ready, now() + 1));
  wake_at(now() + 1);
}

void SpikeEncoder::sort(Job* job) {
  const StreamFormat format = stream_format(context_, job->tag, source_);
  const SpikeCode& code = *context_.code;
  std::vector<std::vector<SpikeEvent>> steps(format.steps);
  uint64_t entries = 0;
  Cycle cycles = 0;
  for (int address = 0; address < job->codes.count; ++address) {
    for (int slot = 0; slot < job->tokens; ++slot) {
      const size_t at = size_t(slot) * job->codes.count + address;
      const SpikeValues values =
          format.code.decode(job->codes.code[at], job->codes.salient[at], format.two_digits(address));
      const uint64_t before = entries;
      for (int i = 0; i < values.count; ++i) {
        const SpikeValue& value = values.value[i];
        for (int step = 0; step < format.steps; ++step) {
          if (!code.fires(value.magnitude, step, format.steps)) continue;
          steps[step].push_back(
              {SpikeEvent::Kind::kSpike, uint16_t(address), uint8_t(slot), uint8_t(value.slope), value.negative});
          ++entries;
          if (code.repeats()) break;
        }
      }
      cycles += std::max<uint64_t>(entries - before, 1);
    }
  }
  SpikeStreamWriter writer(format);
  std::vector<SpikeEvent> repeated;
  for (const auto& events : steps) {
    if (!code.repeats()) {
      writer.step(events);
      continue;
    }
    repeated.insert(repeated.end(), events.begin(), events.end());
    if (format.bitmap)
      std::sort(repeated.begin(), repeated.end(), [](const SpikeEvent& a, const SpikeEvent& b) {
        return std::make_tuple(a.address, a.slot, a.slope) < std::make_tuple(b.address, b.slot, b.slope);
      });
    writer.step(repeated);
  }
  packetize(job, writer.finish());
  if (format.bitmap) {
    job->ready = now();
    return;
  }
  const uint64_t codes = uint64_t(job->codes.count) * job->tokens;
  cycles = std::max<Cycle>(cycles, 1);
  buffer_.read(now(), cycles, job->codes);
  for (uint64_t i = 0; i < entries; ++i) {
    index_write_.add(now() + i * cycles / entries, 1);
    histogram_.add(now() + i * cycles / entries, 2 * ceil_log2(codes + 1));
  }
  job->ready = now() + cycles;
  cycles_of(*job).scatter += cycles;
}

void SpikeEncoder::packetize(Job* job, std::vector<MadeFlit> body) const {
  const size_t per_packet = context_.packet_flits - 1;
  for (size_t i = 0; i < body.size(); ++i) {
    if (i % per_packet == 0) {
      MadeFlit head;
      head.flit = job->head;
      head.flit.type = MessageType::kSpikes;
      head.flit.tail = head.flit.last_packet = false;  // only the last flit tells that none follows
      head.cycles = 1;
      job->flits.push_back(head);
    }
    body[i].flit.message_class = job->head.message_class;
    body[i].flit.flow = job->head.flow;
    body[i].flit.phase = job->head.phase;
    body[i].flit.tail = i + 1 == body.size() || (i + 1) % per_packet == 0;
    job->flits.push_back(body[i]);
  }
  job->flits.back().flit.last_packet = true;
}

void SpikeEncoder::emit() {
  if (!emitting_) {
    if (sorted_.empty() || now() < sorted_.front().ready) return;
    emitting_job_ = std::move(sorted_.front());
    sorted_.pop_front();
    emitting_ = true;
    emitted_ = 0;
    emitted_chunks_ = 0;
    emit_ready_ = now() + emitting_job_.flits[0].cycles;
    ++cycles_of(emitting_job_).emit;  // the window's start
    activity_.enter(ActivityState::kBusy, now());
    wake_at(emit_ready_);
    return;
  }
  if (now() < emit_ready_) return;
  if (!spikes_out->can_push()) {
    activity_.enter(ActivityState::kStalledOutput, now());
    return;
  }
  activity_.enter(ActivityState::kBusy, now());
  const MadeFlit& made = emitting_job_.flits[emitted_];
  spikes_out->push(made.flit);
  charge_emission(made);
  if (++emitted_ < emitting_job_.flits.size()) {
    emit_ready_ = now() + emitting_job_.flits[emitted_].cycles;
    wake_at(emit_ready_);
    return;
  }
  emitting_ = false;
  activity_.enter(ActivityState::kIdle, now());
  wake_at(now() + 1);
}

void SpikeEncoder::charge_emission(const MadeFlit& made) {
  spikes_ += made.events;
  cycles_of(emitting_job_).emit += made.cycles;
  if (context_.payload == Payload::kBitmap && !made.flit.head) {
    const StreamFormat format = stream_format(context_, emitting_job_.tag, source_);
    for (int i = 0; i < made.chunks; ++i)
      buffer_.read_chunk(now(), emitting_job_.codes, *format.input, format.range.first,
                         emitted_chunks_++ % format.chunks() * format.chunk_inputs(), format.chunk_inputs());
  } else if (made.events > 0) {
    index_read_.add(now(), made.events);
  }
}

std::string SpikeEncoder::waits_for() const {
  if (emitting_) return "space for spikes at its output";
  if (collector_.filling()) return "more codes of a window";
  return "";
}

}  // namespace spikeloom
