// One encoder layer of a spiking language model as traces/README.md describes it: recorded spikes of every time step.
// M tokens, T steps, K inputs, N outputs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/trace_origin.h"
#include "sim/base/vector_unit_trace.h"
#include "sim/base/weight_packing.h"

namespace spikeloom {

struct RateInput {
  std::string name;
  int size = 0;                     // K
  const uint8_t* spikes = nullptr;  // [M, T, ceil(K / 8)], bit k % 8 of byte k / 8
};

struct RateOperation {
  std::string name;
  int input = 0;  // index into RateTrace::inputs
  int outputs = 0;
  std::vector<int8_t> weights;  // [K, N]
  bool fires = false;           // integrates and fires; otherwise its running sums are the outputs
  int F = 0;
  std::vector<int64_t> theta, bias;  // [N] of what fires
  const uint8_t* spikes = nullptr;   // expected, [M, T, ceil(N / 8)], of what fires
  std::vector<int64_t> sums;         // expected, [M, T, N], of what does not

  int weight(int k, int n) const { return weights[static_cast<size_t>(k) * outputs + n]; }
};

class RateTrace : public TraceOrigin {
 public:
  // Opens an activations file and the weights file that it names. Throws UserError for anything out of order.
  static RateTrace open(const std::string& activations_file);
  // Whether `format` of a description is one of recorded spikes.
  static bool is_format(const std::string& format) { return format.rfind("spikeloom-rate-", 0) == 0; }
  // Whether a file calls itself one. Throws UserError if it is no trace at all.
  static bool recognizes(const std::string& file) { return is_format(trace_format(file)); }

  // Bit `index` of token m at `step` in a tensor of spikes with so many bits a row.
  bool spike(const uint8_t* spikes, int bits, int m, int step, int index) const {
    const size_t row = static_cast<size_t>(m) * steps + step;
    return spikes[row * ((bits + 7) / 8) + index / 8] >> (index % 8) & 1;
  }

  int steps = 0;  // T
  WeightKind weight_kind = WeightKind::kTernary;
  std::vector<RateInput> inputs;
  std::vector<RateOperation> operations;  // in execution order
  std::vector<VectorWork> vector_unit;    // of one step, in execution order
  RateInput watched;                      // what the encoder gives, whose rates settle; size 0: not in the file

 private:
  void read_weights();
};

}  // namespace spikeloom
