// Mixed-precision buffer: codes of two windows; 4 bits of each in a main array, further bits of some in a side array.
//
//     codes --> [ main array: 4 bits per code ] --> code bytes
//               [ side array: mask, then 1 or 3 bits of each masked code ]
//
// Timing   none of its own: the encoder that owns it spends the cycles.
// Energy   ActivationMainWrite/Read and ActivationSideWrite/Read, once per word.
// Config   MixedPrecisionBufferSpec, in section encoder.
// Differs  fifth bits are found by a mask; a sorted index list is not modelled (DEVIATIONS 7).
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

// The codes of one source's inputs of a window, for all tokens of a batch, as they lie in flits and in the buffer:
// per token the main nibbles, then the mask, then the side bits.
struct PackedCodes {
  int count = 0, tokens = 0;     // inputs, tokens
  std::vector<uint8_t> code;     // [tokens * count] code bytes
  std::vector<uint8_t> salient;  // [tokens * count] 0 or 1
  uint64_t side_value_bits = 0;  // beyond the masks

  uint64_t main_bits() const { return uint64_t{4} * count * tokens; }
  uint64_t side_bits() const { return uint64_t(count) * tokens + side_value_bits; }

  // Appends to `bits` (grown as needed) from bit position 0 on; returns the number of bits.
  uint64_t pack(const InputTrace& input, int first_input, std::vector<uint64_t>* bits) const;
  static PackedCodes unpack(const InputTrace& input, int first_input, int count, int tokens, const uint64_t* bits);
};

class MixedPrecisionBuffer {
 public:
  MixedPrecisionBuffer(const std::string& name, const MixedPrecisionBufferSpec& spec, EnergyLedger& ledger);

  // `cycles` >= 1: the cycles over which the accesses are spread, from `first` on.
  void write(Cycle first, const PackedCodes& codes);
  void read(Cycle first, Cycle cycles, const PackedCodes& codes);
  // One bitmap chunk: `inputs` codes of each token, main and mask.
  void read_chunks(Cycle now, int chunks, int inputs, int tokens);

 private:
  uint64_t main_words(uint64_t bits) const;
  uint64_t side_words(uint64_t bits) const;

  MixedPrecisionBufferSpec spec_;
  EnergyCounter &main_read_, &main_write_, &side_read_, &side_write_;
};

}  // namespace spikeloom
