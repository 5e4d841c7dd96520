// From a code byte of a trace to the spikes that carry it: magnitude, sign, and the slope register it adds to.
//
// Slope registers are indexed by exponent field, not by shift: index 0 normal values; 1..4 salient values with
// exponent x = index - 1; 5, 6 the two digits; the `hi` rows of wide inputs use the index plus 7. Where weight rows
// have exponents of their own (attention's values), a slope stands for both fields: see mix_slope. Codes of a
// multiply-accumulate layer (mac_layer.h) have no salient values; above 4 bits they are digits of base 16, whose slopes
// are 0 and 1.
#pragma once

#include <array>
#include <cstdint>

#include "sim/base/trace.h"

namespace spikeloom {

constexpr int kSlopeBases = 7;
constexpr int kSlopes = 2 * kSlopeBases;
constexpr int kWideShift = 4;  // w = 16 * hi + lo

// The slope that a probability's spike adds a value vector to. Both have an exponent field: the spike's index, 0..4,
// and the value's shift, 0..7. Normal values (index 0) use the slopes 0..7, one per shift; salient ones, whose shift
// depends on E too, those from 8, one per sum of both fields.
constexpr int kMixSalientBase = 8;
constexpr int kMixSlopes = kMixSalientBase + 3 + 7 + 1;
constexpr int mix_slope(int spike_slope, int value_shift) {
  return spike_slope == 0 ? value_shift : kMixSalientBase + spike_slope - 1 + value_shift;
}
constexpr int mix_shift(int slope, int E) { return slope < kMixSalientBase ? slope : slope - kMixSalientBase + 1 + E; }
// Slope registers that any layer may need.
constexpr int kMostSlopes = kMixSlopes > kSlopes ? kMixSlopes : kSlopes;

// One magnitude that the spike code turns into spikes. magnitude 0 stays silent.
struct SpikeValue {
  int magnitude;
  bool negative;
  int slope;  // 0 .. kSlopeBases - 1
};

struct SpikeValues {
  int count = 0;
  std::array<SpikeValue, 2> value;
};

// How packed codes say which values are salient: a bit for every value, or the values' places in ascending order; or
// not at all, where none is.
enum class SideFormat { kMask, kIndexList, kNone };

constexpr const char* name_of(SideFormat format) {
  return format == SideFormat::kMask ? "mask" : format == SideFormat::kIndexList ? "index_list" : "none";
}

// How the codes of one input are laid out.
struct CodeFormat {
  ActivationCode code;
  SalientFormat salient;
  bool digits;
  bool row_shifts = false;  // weight rows have exponents of their own
  bool base16 = false;      // of a multiply-accumulate layer: digits of base 16
  bool recorded = false;    // a spike or none

  static CodeFormat of(const InputTrace& input) {
    return {input.code,           input.salient_format, input.digits, input.row_shift != nullptr,
            input.mac != nullptr, input.recorded()};
  }
  // Of a window that begins at an input: digits only if its codes have them.
  static CodeFormat of_window(const InputTrace& input, int first_input) {
    CodeFormat format = of(input);
    if (input.mac) format.digits = input.two_digits(first_input);
    return format;
  }

  // The spikes, or the factors, of one code byte; `digit_pair` where the input is wide and its values are digits.
  SpikeValues decode(uint8_t code_byte, bool is_salient, bool digit_pair) const;
  // Bits beyond the 4 of the main array that this value keeps in the side array.
  int side_bits(bool is_salient, bool digit_pair) const { return digits && digit_pair ? 3 : is_salient ? 1 : 0; }
  // The largest magnitude that a value can have: T of `ttfs` and `count`.
  int largest_magnitude() const;
  // The slope indices in use, so that hardware has no registers that no value reaches.
  int slope_bases() const {
    return recorded ? 1 : base16 ? 1 + digits : digits ? 7 : salient == SalientFormat::kFloating ? 5 : 2;
  }
  // Whether values have signs that travel.
  bool has_signs() const { return !recorded && salient != SalientFormat::kExtended; }
  // Slope registers of a lane: of spikes with each row exponent, or of `lo` and `hi` rows.
  int slopes(bool wide_rows) const { return row_shifts ? kMixSlopes : slope_bases() * (wide_rows ? 2 : 1); }
  // The shift j of a slope register for a row with exponents E and E7.
  int shift(int slope, int E, int E7) const;
  // The largest |a| of an input for exponents up to E and E7 (for unsigned codes: of the value before z).
  int64_t largest_value(bool digit_pair, int E, int E7) const;
};

// Bits beyond the first 4 of the code of input k.
inline int further_code_bits(const InputTrace& input, int k, bool is_salient) {
  if (input.recorded()) return 0;
  if (input.mac) return input.code_bits(k) > 4 ? input.code_bits(k) - 4 : 0;
  return CodeFormat::of(input).side_bits(is_salient, input.two_digits(k));
}

}  // namespace spikeloom
