// One layer as traces/README.md describes it: packed weights and thresholds, activation codes, expected outputs.
// Everything is checked when the trace is opened; after that, data is read in place.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/safetensors.h"

namespace spikeloom {

enum class ActivationCode { kSigned, kUnsigned };
enum class SalientFormat { kFloating, kShifted, kExtended };

constexpr const char* name_of(ActivationCode code) { return code == ActivationCode::kSigned ? "signed" : "unsigned"; }
constexpr const char* name_of(SalientFormat format) {
  return format == SalientFormat::kFloating ? "floating" : format == SalientFormat::kShifted ? "shifted" : "extended";
}

// The activations that one or more operations share. M tokens, K inputs.
struct InputTrace {
  std::string name;
  int size = 0;                // K
  int group = 0;               // inputs per window that have shifts of their own; 0: the whole input
  std::vector<int> wide;       // input indices with 8-bit weights, ascending
  std::vector<int> wide_rank;  // [K] index into `wide`, -1 for others
  ActivationCode code = ActivationCode::kSigned;
  SalientFormat salient_format = SalientFormat::kFloating;
  bool digits = false;
  int z = 0;
  double u = 0, salient_k = 0, salient_share = 0;
  int most_E = 0, most_E7 = 0, most_g = 0;
  const uint8_t* codes = nullptr;         // [M, K], one code per byte
  const uint8_t* salient_mask = nullptr;  // [M, ceil(K/8)], bit k%8 of byte k/8
  std::vector<int64_t> e, E, E7;          // [M]; E7 all zero without digits
  std::vector<int64_t> g;                 // [M, windows]; all zero without group shifts

  int groups() const { return group == 0 ? 1 : size / group; }
  bool is_wide(int k) const { return wide_rank[k] >= 0; }
  uint8_t code_at(int m, int k) const { return codes[static_cast<size_t>(m) * size + k]; }
  bool salient(int m, int k) const {
    return salient_mask[static_cast<size_t>(m) * ((size + 7) / 8) + k / 8] >> (k % 8) & 1;
  }
};

// One linear operation y = W x of N outputs.
struct OperationTrace {
  std::string name;
  int input = 0;  // index into LayerTrace::inputs
  int outputs = 0;
  int F = 0, gamma = 0;
  const uint8_t* weights = nullptr;  // [K + wide, row_bytes]: low nibble output 2i, high nibble output 2i+1
  int row_bytes = 0;
  const uint8_t* h = nullptr;      // [groups, N] or null
  std::vector<int64_t> theta, v0;  // [N]
  std::vector<int64_t> expected;   // [M, N]

  // Low (unsigned = false: signed) nibble of row `row`, output n.
  int nibble(int row, int n) const { return weights[static_cast<size_t>(row) * row_bytes + n / 2] >> (n % 2 * 4) & 15; }
  int h_at(int group, int n) const { return h ? h[static_cast<size_t>(group) * outputs + n] : 0; }
};

class LayerTrace {
 public:
  // Opens an activations file and the weights file that it names. Throws UserError for anything out of order.
  static LayerTrace open(const std::string& activations_file);

  // Keeps only these operations (in trace order) and the first `tokens` tokens. Throws UserError for unknown names.
  void select(const std::vector<std::string>& names, int tokens);

  bool synthetic = false;
  std::string file, weights_file, sha256, weights_sha256, model, text_source, text_excerpt;
  int layer = 0, tokens = 0, output_bits = 0;
  std::vector<std::pair<std::string, std::string>> assumptions;
  std::vector<InputTrace> inputs;
  std::vector<OperationTrace> operations;  // in execution order

 private:
  std::shared_ptr<SafetensorsFile> activations_data_, weights_data_;
};

}  // namespace spikeloom
