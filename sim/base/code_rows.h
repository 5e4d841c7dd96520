// Activation codes as traces hold them: a byte per value, and a mask that says which values are salient. Values of
// binary16 have two bytes each, and no mask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace spikeloom {

class SafetensorsFile;

enum class ActivationCode { kSigned, kUnsigned };
enum class SalientFormat { kFloating, kShifted, kExtended };

constexpr const char* name_of(ActivationCode code) { return code == ActivationCode::kSigned ? "signed" : "unsigned"; }
constexpr const char* name_of(SalientFormat format) {
  return format == SalientFormat::kFloating ? "floating" : format == SalientFormat::kShifted ? "shifted" : "extended";
}

struct CodeRows {
  int size = 0;                           // values of a row
  int code_bytes = 1;                     // 1, or 2: the lower one first
  const uint8_t* codes = nullptr;         // [rows, size]
  const uint8_t* salient_mask = nullptr;  // [rows, ceil(size/8)], bit k%8 of byte k/8; null: no value is salient

  uint16_t code_at(int row, int k) const {
    const uint8_t* at = codes + (static_cast<size_t>(row) * size + k) * code_bytes;
    return static_cast<uint16_t>(code_bytes == 1 ? at[0] : at[0] | at[1] << 8);
  }
  bool salient(int row, int k) const {
    return salient_mask && (salient_mask[static_cast<size_t>(row) * ((size + 7) / 8) + k / 8] >> (k % 8) & 1);
  }
};

// What the bytes of some rows may be, and how messages name a place in them.
struct CodeRules {
  ActivationCode code;
  SalientFormat salient;
  std::function<bool(int)> digit_pair;  // whether value k of every row has a two-digit code
  const char* value_name;               // "input"
  int heads;                            // rows per token; 0: a row is a token
};

// Checks tensors `<name>.codes` and `<name>.salient_mask` of `count` rows: every byte is a code of its format, no mask
// bit stands beyond the values. Throws UserError naming tensor, token, head and value.
void check_codes(const SafetensorsFile& file, const std::string& name, const CodeRows& rows, int count,
                 const CodeRules& rules);

}  // namespace spikeloom
