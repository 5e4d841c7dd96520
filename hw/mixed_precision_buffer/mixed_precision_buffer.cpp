#include "hw/mixed_precision_buffer/mixed_precision_buffer.h"

#include <algorithm>
#include <cassert>

#include "sim/base/bits.h"

namespace spikeloom {

namespace {

SramMacro main_macro(const MixedPrecisionBufferSpec& spec) {
  return {uint64_t(spec.main_bytes), uint64_t(spec.main_word_bytes)};
}
SramMacro side_macro(const MixedPrecisionBufferSpec& spec) {
  return {uint64_t(spec.side_bytes), uint64_t(spec.side_word_bytes)};
}

// Appends the places of set bytes of a token's `salient` [count]; returns the bit position behind.
uint64_t put_list(const IndexList& list, const uint8_t* salient, int count, uint64_t at, uint64_t* bits) {
  put_bits(bits, at, list.count_bits, uint64_t(std::count(salient, salient + count, 1)));
  at += list.count_bits;
  for (int k = 0; k < count; ++k) {
    if (!salient[k]) continue;
    put_bits(bits, at, list.index_bits, uint64_t(k));
    at += list.index_bits;
  }
  return at;
}

// Marks the places that the list at `at` names in a token's `salient` [count]; returns the bit position behind.
uint64_t get_list(const IndexList& list, const uint64_t* bits, uint64_t at, uint8_t* salient, int count) {
  const uint64_t entries = list.count_bits > 0 ? get_bits(bits, at, list.count_bits) : 0;
  at += list.count_bits;
  int64_t before = -1;
  for (uint64_t i = 0; i < entries; ++i, at += list.index_bits) {
    const int64_t k = list.index_bits > 0 ? int64_t(get_bits(bits, at, list.index_bits)) : 0;
    assert(before < k && k < count);
    salient[k] = 1;
    before = k;
  }
  return at;
}

// Of one token's list and further bits those that belong to `inputs` codes from `first` on.
uint64_t listed_bits(const PackedCodes& codes, int token, const InputTrace& input, int first_input, int first,
                     int inputs) {
  const IndexList list = IndexList::of(input, first_input, codes.count);
  uint64_t bits = 0;
  for (int k = first; k < std::min(first + inputs, codes.count); ++k) {
    const bool salient = codes.salient[size_t(token) * codes.count + k];
    bits += (salient ? list.index_bits : 0) + further_code_bits(input, first_input + k, salient);
  }
  return bits;
}

}  // namespace

IndexList IndexList::of(const InputTrace& input, int first_input, int count) {
  IndexList list;
  for (int k = first_input; k < first_input + count; ++k) list.most += !input.two_digits(k);
  list.count_bits = ceil_log2(uint64_t(list.most) + 1);
  list.index_bits = ceil_log2(uint64_t(count));
  return list;
}

uint64_t most_side_bits(const InputTrace& input, SideFormat side_format, int first_input, int count) {
  const IndexList list = IndexList::of(input, first_input, count);
  uint64_t further = 0;
  for (int k = first_input; k < first_input + count; ++k) further += further_code_bits(input, k, true);
  if (side_format == SideFormat::kNone) return further;
  return further + (side_format == SideFormat::kMask ? uint64_t(count) : list.bits(uint64_t(list.most)));
}

PackedCodes PackedCodes::of(const InputTrace& input, SideFormat side_format, int first_input, int count, int first_row,
                            int rows) {
  PackedCodes codes;
  codes.side_format = side_format;
  codes.code_bits = input.main_code_bits();
  codes.count = count;
  codes.tokens = rows;
  for (int m = first_row; m < first_row + rows; ++m)
    for (int k = first_input; k < first_input + count; ++k) {
      codes.code.push_back(input.code_at(m, k));
      codes.salient.push_back(input.salient(m, k) && (side_format == SideFormat::kMask || !input.two_digits(k)));
    }
  codes.add_side_bits(input, first_input);
  return codes;
}

void PackedCodes::add_side_bits(const InputTrace& input, int first_input) {
  for (size_t i = 0; i < salient.size(); ++i)
    side_value_bits += further_code_bits(input, first_input + int(i % count), salient[i]);
  if (side_format != SideFormat::kIndexList) return;
  const IndexList list = IndexList::of(input, first_input, count);
  list_bits =
      uint64_t(tokens) * list.bits(0) + uint64_t(std::count(salient.begin(), salient.end(), 1)) * list.index_bits;
}

uint64_t PackedCodes::pack(const InputTrace& input, int first_input, std::vector<uint64_t>* bits) const {
  const IndexList list = IndexList::of(input, first_input, count);
  bits->assign((main_bits() + side_bits() + 127) / 64, 0);
  uint64_t at = 0;
  for (int m = 0; m < tokens; ++m) {
    const uint16_t* codes = &code[size_t(m) * count];
    const uint8_t* mask = &salient[size_t(m) * count];
    for (int k = 0; k < count; ++k, at += code_bits) put_bits(bits->data(), at, code_bits, codes[k]);
    if (side_format == SideFormat::kIndexList) at = put_list(list, mask, count, at, bits->data());
    for (int k = 0; k < count && side_format == SideFormat::kMask; ++k, ++at) put_bits(bits->data(), at, 1, mask[k]);
    for (int k = 0; k < count; ++k) {
      const int side = further_code_bits(input, first_input + k, mask[k]);
      if (side > 0) put_bits(bits->data(), at, side, codes[k] >> 4);
      at += side;
    }
  }
  return at;
}

PackedCodes PackedCodes::unpack(const InputTrace& input, SideFormat side_format, int first_input, int count, int tokens,
                                const uint64_t* bits) {
  const IndexList list = IndexList::of(input, first_input, count);
  PackedCodes codes;
  codes.side_format = side_format;
  codes.code_bits = input.main_code_bits();
  codes.count = count;
  codes.tokens = tokens;
  codes.code.resize(size_t(tokens) * count);
  codes.salient.resize(size_t(tokens) * count);
  uint64_t at = 0;
  for (int m = 0; m < tokens; ++m) {
    uint16_t* code = &codes.code[size_t(m) * count];
    uint8_t* mask = &codes.salient[size_t(m) * count];
    for (int k = 0; k < count; ++k, at += codes.code_bits) code[k] = uint16_t(get_bits(bits, at, codes.code_bits));
    if (side_format == SideFormat::kIndexList) at = get_list(list, bits, at, mask, count);
    for (int k = 0; k < count && side_format == SideFormat::kMask; ++k, ++at) mask[k] = uint8_t(get_bits(bits, at, 1));
    for (int k = 0; k < count; ++k) {
      const int side = further_code_bits(input, first_input + k, mask[k]);
      if (side > 0) code[k] |= uint16_t(get_bits(bits, at, side) << 4);
      at += side;
    }
  }
  codes.add_side_bits(input, first_input);
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

void MixedPrecisionBuffer::read_chunk(Cycle now, const PackedCodes& codes, const InputTrace& input, int first_input,
                                      int first, int inputs) {
  if (input.recorded()) {  // the bits of all slots lie side by side
    main_read_.add(now, main_words(uint64_t(codes.tokens) * inputs));
    return;
  }
  main_read_.add(now, codes.tokens * main_words(uint64_t{4} * inputs));
  for (int m = 0; m < codes.tokens; ++m)
    side_read_.add(now, side_words(codes.side_format == SideFormat::kMask
                                       ? uint64_t{2} * inputs  // mask and fifth bits
                                       : listed_bits(codes, m, input, first_input, first, inputs)));
}

}  // namespace spikeloom
