#include "models/activation_code.h"

#include <algorithm>

namespace spikeloom {

namespace {

void push(SpikeValues* values, int magnitude, bool negative, int slope) {
  if (magnitude > 0) values->value[values->count++] = {magnitude, negative, slope};
}

}  // namespace

SpikeValues CodeFormat::decode(uint8_t byte, bool is_salient, bool digit_pair) const {
  SpikeValues values;
  if (recorded) {
    push(&values, byte, false, 0);
  } else if (base16 && digit_pair) {  // bits 3..0 d0, then the sign of signed codes, then d1
    const bool is_signed = code == ActivationCode::kSigned, negative = is_signed && byte >> 4 & 1;
    push(&values, byte & 15, negative, 0);
    push(&values, is_signed ? byte >> 5 : byte >> 4, negative, 1);
  } else if (digits && digit_pair) {  // bit 6 sign, bits 5..3 d1, bits 2..0 d0
    push(&values, byte & 7, byte >> 6 & 1, 5);
    push(&values, byte >> 3 & 7, byte >> 6 & 1, 6);
  } else if (is_salient && salient == SalientFormat::kFloating) {  // bit 4 sign, bits 3..2 x, bits 1..0 f
    push(&values, 4 + (byte & 3), byte >> 4 & 1, 1 + (byte >> 2 & 3));
  } else if (is_salient && salient == SalientFormat::kShifted) {  // bit 4 sign, bits 3..0 q
    push(&values, byte & 15, byte >> 4 & 1, 1);
  } else if (is_salient) {  // extended: q in 0..31
    push(&values, byte & 31, false, 0);
  } else if (code == ActivationCode::kSigned) {  // bit 3 sign, bits 2..0 magnitude
    push(&values, byte & 7, byte >> 3 & 1, 0);
  } else {  // q in 0..15; `extended` shifts the normal codes to 8..23
    push(&values, (byte & 15) + (salient == SalientFormat::kExtended ? 8 : 0), false, 0);
  }
  return values;
}

int CodeFormat::largest_magnitude() const {
  if (recorded) return 1;
  if (salient == SalientFormat::kExtended) return 31;
  if (base16 && digits) return 15;
  if (salient == SalientFormat::kShifted || code == ActivationCode::kUnsigned) return 15;
  return 7;
}

int CodeFormat::shift(int slope, int E, int E7) const {
  if (row_shifts) return mix_shift(slope, E);
  const int base = slope % kSlopeBases;
  const int wide = slope >= kSlopeBases ? kWideShift : 0;
  if (base16) return wide + 4 * base;
  if (base == 0) return wide;
  if (base >= 5) return wide + E7 + (base == 6 ? 3 : 0);
  return wide + E + (salient == SalientFormat::kFloating ? base : 0);
}

int64_t CodeFormat::largest_value(bool digit_pair, int E, int E7) const {
  if (recorded) return 1;
  if (digits && digit_pair) return int64_t{63} << E7;
  const int64_t normal = code == ActivationCode::kSigned ? 7 : 15;
  if (salient == SalientFormat::kExtended) return 31;
  if (salient == SalientFormat::kShifted) return std::max<int64_t>(normal, int64_t{15} << E);
  return std::max<int64_t>(normal, int64_t{7} << (4 + E));
}

}  // namespace spikeloom
