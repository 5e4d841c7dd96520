// Mixed-precision buffer: codes of two windows; 4 bits of each in a main array, further bits of some in a side array.
//
//     codes --> [ main array: 4 bits per code ] --> code bytes
//               [ side array: mask, index list or neither, then the further bits of each code that has them ]
//
// Timing   none of its own: the encoder that owns it spends the cycles.
// Energy   ActivationMainWrite/Read and ActivationSideWrite/Read, once per word.
// Config   MixedPrecisionBufferSpec, in section encoder; Phase::side_format.
// Differs  a list is found again without a search (DEVIATIONS 7).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/activation_code.h"
#include "sim/base/energy_ledger.h"

namespace spikeloom {

struct MixedPrecisionBufferSpec {
  int main_bytes = 0, main_word_bytes = 0;
  int side_bytes = 0, side_word_bytes = 0;
};

// The list of one token's salient values among `count` inputs: how many they are, then their places, ascending. Values
// of two digits are not in it: which inputs have them is configuration.
struct IndexList {
  int count_bits = 0, index_bits = 0;
  int most = 0;  // entries: the inputs of one digit

  static IndexList of(const InputTrace& input, int first_input, int count);
  uint64_t bits(uint64_t entries) const { return count_bits + entries * index_bits; }
};

// Bits of mask or list, and further bits, that one token's codes of these inputs take at most: all salient.
uint64_t most_side_bits(const InputTrace& input, SideFormat side_format, int first_input, int count);

// The codes of one source's inputs of a window, for all tokens of a batch, as they lie in flits and in the buffer:
// per token the main nibbles, then mask or list, then the further bits.
struct PackedCodes {
  SideFormat side_format = SideFormat::kMask;
  int code_bits = 4;             // of the main array; 1 of recorded spikes
  int count = 0, tokens = 0;     // inputs, tokens
  std::vector<uint16_t> code;    // [tokens * count]
  std::vector<uint8_t> salient;  // [tokens * count] 0 or 1; with a list 0 for values of two digits
  uint64_t list_bits = 0;        // of all tokens' lists
  uint64_t side_value_bits = 0;  // beyond masks and lists

  uint64_t main_bits() const { return uint64_t(code_bits) * count * tokens; }
  uint64_t side_bits() const {
    return (side_format == SideFormat::kMask ? uint64_t(count) * tokens : list_bits) + side_value_bits;
  }

  // The codes that a trace has for `rows` rows from first_row on.
  static PackedCodes of(const InputTrace& input, SideFormat side_format, int first_input, int count, int first_row,
                        int rows);
  // Appends to `bits` (grown as needed) from bit position 0 on; returns the number of bits.
  uint64_t pack(const InputTrace& input, int first_input, std::vector<uint64_t>* bits) const;
  static PackedCodes unpack(const InputTrace& input, SideFormat side_format, int first_input, int count, int tokens,
                            const uint64_t* bits);

 private:
  void add_side_bits(const InputTrace& input, int first_input);
};

class MixedPrecisionBuffer {
 public:
  MixedPrecisionBuffer(const std::string& name, const MixedPrecisionBufferSpec& spec, EnergyLedger& ledger);

  // `cycles` >= 1: the cycles over which the accesses are spread, from `first` on.
  void write(Cycle first, const PackedCodes& codes);
  void read(Cycle first, Cycle cycles, const PackedCodes& codes);
  // One bitmap chunk: of each token `inputs` codes from the window's input `first` on, main and side; first_input is
  // the window's first.
  void read_chunk(Cycle now, const PackedCodes& codes, const InputTrace& input, int first_input, int first, int inputs);

 private:
  uint64_t main_words(uint64_t bits) const;
  uint64_t side_words(uint64_t bits) const;

  MixedPrecisionBufferSpec spec_;
  EnergyCounter &main_read_, &main_write_, &side_read_, &side_write_;
};

}  // namespace spikeloom
