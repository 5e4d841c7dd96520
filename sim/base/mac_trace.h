// One layer of a method that dequantizes, as traces/README.md describes it: what a multiply-accumulate chip computes.
// M tokens, K inputs, N outputs, W groups of inputs that share scales.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/binary16.h"
#include "sim/base/trace_origin.h"
#include "sim/base/vector_unit_trace.h"

namespace spikeloom {

enum class MacArithmetic { kInteger, kBinary16 };
// Names of the arithmetics, in the order of the enum.
const std::vector<std::string>& mac_arithmetic_names();

struct MacGroup {
  int size = 0, activation_bits = 0, weight_bits = 0;
};

// The activations that one or more operations share. Integers stand in the order of the groups.
struct MacInput {
  std::string name;
  int size = 0;  // K
  bool symmetric = true;
  std::vector<MacGroup> groups;      // W; none for binary16
  std::vector<int64_t> order;        // [K] the model's input at each place; none for binary16
  const int8_t* codes = nullptr;     // [M, K] q; null for binary16
  std::vector<int64_t> zero_points;  // [M, W]; all zero if symmetric
  std::vector<float> scales;         // [M, W] sx
  const uint8_t* values = nullptr;   // [M, K] binary16; null for integers

  float scale(int m, int group) const { return scales[m * groups.size() + group]; }
  int zero_point(int m, int group) const { return static_cast<int>(zero_points[m * groups.size() + group]); }
  float value(int m, int k) const { return binary16_at(values + 2 * (static_cast<size_t>(m) * size + k)); }
};

struct MacOperation {
  std::string name;
  int input = 0;  // index into MacTrace::inputs
  int outputs = 0;
  const int8_t* weights = nullptr;        // [K, N] w; null for binary16
  std::vector<float> scales;              // [W, N] sw
  const uint8_t* real_weights = nullptr;  // [K, N] binary16; null for integers
  std::vector<float> expected;            // [M, N]

  float scale(int group, int n) const { return scales[static_cast<size_t>(group) * outputs + n]; }
  float real_weight(int k, int n) const {
    return binary16_at(real_weights + 2 * (static_cast<size_t>(k) * outputs + n));
  }
};

class MacTrace : public TraceOrigin {
 public:
  // Opens an activations file and the weights file that it names. Throws UserError for anything out of order.
  static MacTrace open(const std::string& activations_file);
  // Whether `format` of a description is one of a multiply-accumulate trace.
  static bool is_format(const std::string& format) { return format.rfind("spikeloom-mac-", 0) == 0; }
  // Whether a file calls itself one. Throws UserError if it is no trace at all.
  static bool recognizes(const std::string& file) { return is_format(trace_format(file)); }

  MacArithmetic arithmetic = MacArithmetic::kInteger;
  std::vector<MacInput> inputs;
  std::vector<MacOperation> operations;  // in execution order
  std::vector<VectorWork> vector_unit;   // in execution order

 private:
  void read_weights();
};

}  // namespace spikeloom
