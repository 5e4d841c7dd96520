#include "hw/spike_encoder/spike_stream.h"

#include <cassert>

namespace spikeloom {

StreamFormat stream_format(const LayerContext& context, const WindowTag& tag, int source) {
  const InputTrace& in = context.input(tag);
  const Window at = context.window(tag);
  StreamFormat format;
  format.code = CodeFormat::of(in);
  format.input = &in;
  format.range = source < 0 ? InputRange{at.first, at.count} : context.range(tag, source);
  format.slots = context.program->batch;
  format.steps = context.code->steps(format.code.largest_magnitude());
  format.link_bits = context.flits.link_bits;
  format.bitmap = context.payload == Payload::kBitmap;
  return format;
}

MadeFlit& SpikeStreamWriter::current() {
  if (!open_) {
    flits_.emplace_back();
    flits_.back().flit.type = MessageType::kSpikes;
    used_ = 0;
    open_ = true;
  }
  return flits_.back();
}

void SpikeStreamWriter::put_event(const SpikeEvent& event, bool padding) {
  MadeFlit& made = current();
  uint64_t* bits = made.flit.bits.data();
  int at = used_ * format_.event_bits();
  const bool mark = event.kind == SpikeEvent::Kind::kMark;
  put_bits(bits, at, 1, mark || padding);
  at += 1;
  if (format_.slot_bits() > 0) put_bits(bits, at, format_.slot_bits(), event.slot);
  at += format_.slot_bits();
  put_bits(bits, at, format_.address_bits(), padding ? 1 : event.address);
  at += format_.address_bits();
  if (format_.slope_bits() > 0) put_bits(bits, at, format_.slope_bits(), event.slope);
  at += format_.slope_bits();
  if (format_.sign_bits() > 0) put_bits(bits, at, 1, event.negative);
  if (!padding) {
    ++made.cycles;
    made.events += !mark;
  }
  if (++used_ == format_.events_per_flit()) open_ = false;
}

void SpikeStreamWriter::put_stream(int bits, uint64_t value) {
  while (bits > 0) {
    MadeFlit& made = current();
    const int here = std::min(bits, format_.link_bits - used_);
    put_bits(made.flit.bits.data(), used_, here, value);
    value = here < 64 ? value >> here : 0;
    bits -= here;
    used_ += here;
    if (used_ == format_.link_bits) open_ = false;
  }
}

void SpikeStreamWriter::step(const std::vector<SpikeEvent>& events) {
  if (format_.bitmap) {
    step_bitmap(events);
    return;
  }
  for (const SpikeEvent& event : events) put_event(event, false);
  SpikeEvent mark;
  mark.kind = SpikeEvent::Kind::kMark;
  put_event(mark, false);
}

void SpikeStreamWriter::step_bitmap(const std::vector<SpikeEvent>& events) {
  size_t next = 0;
  for (int chunk = 0; chunk < format_.chunks(); ++chunk) {
    const int begin = chunk * format_.chunk_inputs();
    const int end = std::min(begin + format_.chunk_inputs(), format_.range.count);
    uint64_t mask = 0;
    int width = 0;
    const size_t first = next;
    for (int address = begin; address < end; ++address) {
      const int digits = format_.two_digits(address) ? 2 : 1;
      for (int slot = 0; slot < format_.slots; ++slot) {
        for (int digit = 0; digit < digits; ++digit, ++width) {
          if (next == events.size() || events[next].address != address || events[next].slot != slot) continue;
          if (digits == 2 && events[next].slope != 5 + digit) continue;
          mask |= uint64_t{1} << width;
          ++next;
        }
      }
    }
    put_stream(width, mask);
    ++flits_.back().cycles;
    ++flits_.back().chunks;
    flits_.back().events += static_cast<int>(next - first);
    for (size_t i = first; i < next; ++i) {
      if (!format_.two_digits(events[i].address) && format_.slope_bits() > 0)
        put_stream(format_.slope_bits(), events[i].slope);
      if (format_.sign_bits() > 0) put_stream(1, events[i].negative);
    }
  }
  assert(next == events.size());
}

std::vector<MadeFlit> SpikeStreamWriter::finish() {
  while (open_ && !format_.bitmap) put_event(SpikeEvent(), true);
  if (flits_.empty()) current();  // a source without inputs in this window still closes every step
  for (MadeFlit& made : flits_) made.cycles = std::max(made.cycles, 1);
  return std::move(flits_);
}

void SpikeStreamReader::start(const StreamFormat& format) {
  format_ = format;
  step_ = chunk_ = 0;
  bits_.clear();
  read_ = written_ = 0;
}

void SpikeStreamReader::read(const Flit& flit, std::vector<SpikeEvent>* events) {
  if (!format_.bitmap) {
    read_address_events(flit, events);
    return;
  }
  bits_.resize((written_ + format_.link_bits + 127) / 64, 0);
  for (int b = 0; b < format_.link_bits; b += 64) {
    const int here = std::min(64, format_.link_bits - b);
    put_bits(bits_.data(), written_ + b, here, get_bits(flit.bits.data(), b, here));
  }
  written_ += format_.link_bits;
  while (step_ < format_.steps && read_chunk(events)) {
  }
  if (read_ == written_) {
    bits_.clear();
    read_ = written_ = 0;
  }
}

void SpikeStreamReader::read_address_events(const Flit& flit, std::vector<SpikeEvent>* events) {
  const int slot_bits = format_.slot_bits(), address_bits = format_.address_bits(), slope_bits = format_.slope_bits();
  const int event_bits = format_.event_bits(), count = format_.events_per_flit();
  const uint64_t slot_mask = low_mask(slot_bits), address_mask = low_mask(address_bits);
  const uint64_t slope_mask = low_mask(slope_bits), sign_mask = low_mask(format_.sign_bits());
  for (int i = 0; i < count; ++i) {
    uint64_t bits = get_bits(flit.bits.data(), i * event_bits, event_bits);
    const bool special = bits & 1;
    bits >>= 1;
    SpikeEvent event;
    event.slot = uint8_t(bits & slot_mask);
    bits >>= slot_bits;
    event.address = uint16_t(bits & address_mask);
    bits >>= address_bits;
    event.slope = uint8_t(bits & slope_mask);
    event.negative = bits >> slope_bits & sign_mask;
    if (special && event.address == 1) return;
    if (special) event.kind = SpikeEvent::Kind::kMark;
    events->push_back(event);
  }
}

// One chunk, if its bits have all arrived: its mask, then slope index and sign of each set bit.
bool SpikeStreamReader::read_chunk(std::vector<SpikeEvent>* events) {
  const int begin = chunk_ * format_.chunk_inputs();
  const int end = std::min(begin + format_.chunk_inputs(), format_.range.count);
  if (begin < end) {
    int width = 0;
    for (int address = begin; address < end; ++address) width += format_.slots * (format_.two_digits(address) ? 2 : 1);
    if (available() < static_cast<uint64_t>(width)) return false;
    const uint64_t mask = get_bits(bits_.data(), read_, width);
    uint64_t at = read_ + width;
    const size_t first = events->size();
    int bit = 0;
    for (int address = begin; address < end; ++address) {
      const bool digits = format_.two_digits(address);
      for (int slot = 0; slot < format_.slots; ++slot) {
        for (int digit = 0; digit < (digits ? 2 : 1); ++digit, ++bit) {
          if (!(mask >> bit & 1)) continue;
          SpikeEvent event;
          event.address = uint16_t(address);
          event.slot = uint8_t(slot);
          const int detail = (digits ? 0 : format_.slope_bits()) + format_.sign_bits();
          if (at + detail > written_) {
            events->resize(first);
            return false;
          }
          event.slope = digits                 ? uint8_t(5 + digit)
                        : format_.slope_bits() ? uint8_t(get_bits(bits_.data(), at, format_.slope_bits()))
                                               : 0;
          if (format_.sign_bits() > 0) event.negative = get_bits(bits_.data(), at + detail - 1, 1);
          at += detail;
          events->push_back(event);
        }
      }
    }
    if (events->size() == first) {
      SpikeEvent empty;
      empty.kind = SpikeEvent::Kind::kEmptyChunk;
      events->push_back(empty);
    }
    read_ = at;
  }
  if (++chunk_ >= format_.chunks()) {
    chunk_ = 0;
    ++step_;
    SpikeEvent mark;
    mark.kind = SpikeEvent::Kind::kMark;
    events->push_back(mark);
  }
  return true;
}

}  // namespace spikeloom
