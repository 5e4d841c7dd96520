#include "sim/base/code_rows.h"

#include "sim/base/safetensors.h"

namespace spikeloom {

namespace {

std::string place_of(int row, int heads) {
  if (heads == 0) return "token " + std::to_string(row);
  return "token " + std::to_string(row / heads) + ", head " + std::to_string(row % heads);
}

// No bits above those of the format, and no negative zero.
bool is_code(int byte, const CodeRules& rules, bool salient, bool digit_pair) {
  if (digit_pair) return byte < 128 && byte != 64;
  if (salient) return byte < 32 && !(rules.salient == SalientFormat::kShifted && byte == 16);
  return byte < 16 && !(rules.code == ActivationCode::kSigned && byte == 8);
}

}  // namespace

void check_codes(const SafetensorsFile& file, const std::string& name, const CodeRows& rows, int count,
                 const CodeRules& rules) {
  for (int row = 0; row < count; ++row)
    for (int k = rows.size; k % 8 != 0; ++k)
      if (rows.salient(row, k))
        file.fail("tensor '" + name + ".salient_mask': bit " + std::to_string(k % 8) + " of the last byte of " +
                  place_of(row, rules.heads) + " stands for no " + rules.value_name + " and must be 0");
  for (int row = 0; row < count; ++row)
    for (int k = 0; k < rows.size; ++k) {
      const bool salient = rows.salient(row, k), digit_pair = rules.digit_pair(k);
      if (!is_code(rows.code_at(row, k), rules, salient, digit_pair))
        file.fail("tensor '" + name + ".codes': code " + std::to_string(rows.code_at(row, k)) + " at " +
                  place_of(row, rules.heads) + ", " + rules.value_name + " " + std::to_string(k) + " is not a " +
                  (digit_pair ? "digits"
                   : salient  ? "salient"
                              : "normal") +
                  " code of '" + name_of(rules.code) + "'");
    }
}

}  // namespace spikeloom
