#include "hw/mixed_precision_buffer/mixed_precision_buffer.h"

#include "sim/base/bits.h"

namespace spikeloom {

namespace {

SramMacro main_macro(const MixedPrecisionBufferSpec& spec) {
  return {uint64_t(spec.main_bytes), uint64_t(spec.main_word_bytes)};
}
SramMacro side_macro(const MixedPrecisionBufferSpec& spec) {
  return {uint64_t(spec.side_bytes), uint64_t(spec.side_word_bytes)};
}

}  // namespace

uint64_t PackedCodes::pack(const InputTrace& input, int first_input, std::vector<uint64_t>* bits) const {
  const CodeFormat format = CodeFormat::of(input);
  bits->assign((main_bits() + side_bits() + 127) / 64, 0);
  uint64_t at = 0;
  for (int m = 0; m < tokens; ++m) {
    const uint8_t* codes = &code[size_t(m) * count];
    const uint8_t* mask = &salient[size_t(m) * count];
    for (int k = 0; k < count; ++k, at += 4) put_bits(bits->data(), at, 4, codes[k] & 15);
    for (int k = 0; k < count; ++k, ++at) put_bits(bits->data(), at, 1, mask[k]);
    for (int k = 0; k < count; ++k) {
      const int side = format.side_bits(mask[k], input.two_digits(first_input + k));
      if (side > 0) put_bits(bits->data(), at, side, codes[k] >> 4);
      at += side;
    }
  }
  return at;
}

PackedCodes PackedCodes::unpack(const InputTrace& input, int first_input, int count, int tokens, const uint64_t* bits) {
  const CodeFormat format = CodeFormat::of(input);
  PackedCodes codes;
  codes.count = count;
  codes.tokens = tokens;
  codes.code.resize(size_t(tokens) * count);
  codes.salient.resize(size_t(tokens) * count);
  uint64_t at = 0;
  for (int m = 0; m < tokens; ++m) {
    uint8_t* code = &codes.code[size_t(m) * count];
    uint8_t* mask = &codes.salient[size_t(m) * count];
    for (int k = 0; k < count; ++k, at += 4) code[k] = uint8_t(get_bits(bits, at, 4));
    for (int k = 0; k < count; ++k, ++at) mask[k] = uint8_t(get_bits(bits, at, 1));
    for (int k = 0; k < count; ++k) {
      const int side = format.side_bits(mask[k], input.two_digits(first_input + k));
      if (side > 0) code[k] |= uint8_t(get_bits(bits, at, side) << 4);
      at += side;
      codes.side_value_bits += side;
    }
  }
  return codes;
}

MixedPrecisionBuffer::MixedPrecisionBuffer(const std::string& name, const MixedPrecisionBufferSpec& spec,
                                           EnergyLedger& ledger)
    : spec_(spec),
      main_read_(ledger.sram_counter(name, EnergyEvent::kActivationMainRead, main_macro(spec))),
      main_write_(ledger.sram_counter(name, EnergyEvent::kActivationMainWrite, main_macro(spec))),
      side_read_(ledger.sram_counter(name, EnergyEvent::kActivationSideRead, side_macro(spec))),
      side_write_(ledger.sram_counter(name, EnergyEvent::kActivationSideWrite, side_macro(spec))) {}

uint64_t MixedPrecisionBuffer::main_words(uint64_t bits) const { return ceil_div(bits, 8 * spec_.main_word_bytes); }
uint64_t MixedPrecisionBuffer::side_words(uint64_t bits) const { return ceil_div(bits, 8 * spec_.side_word_bytes); }

void MixedPrecisionBuffer::write(Cycle first, const PackedCodes& codes) {
  main_write_.add(first, main_words(codes.main_bits()));
  side_write_.add(first, side_words(codes.side_bits()));
}

void MixedPrecisionBuffer::read(Cycle first, Cycle cycles, const PackedCodes& codes) {
  const uint64_t main = main_words(codes.main_bits()), side = side_words(codes.side_bits());
  for (uint64_t i = 0; i < main; ++i) main_read_.add(first + i * cycles / main, 1);
  for (uint64_t i = 0; i < side; ++i) side_read_.add(first + i * cycles / side, 1);
}

void MixedPrecisionBuffer::read_chunks(Cycle now, int chunks, int inputs, int tokens) {
  main_read_.add(now, uint64_t(chunks) * tokens * main_words(uint64_t{4} * inputs));
  side_read_.add(now, uint64_t(chunks) * tokens * side_words(uint64_t{2} * inputs));
}

}  // namespace spikeloom
