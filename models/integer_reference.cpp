#include "models/integer_reference.h"

#include <algorithm>
#include <cstdlib>

#include "models/activation_code.h"
#include "sim/base/bits.h"

namespace spikeloom {

namespace {

constexpr uint64_t kTooLarge = uint64_t{1} << 62;  // stands for any residue that no register can hold

// Slopes and membranes of one token, all N outputs.
class Token {
 public:
  Token(const LayerTrace& layer, const OperationTrace& operation, const SpikeCode& code, int m, ReferenceResult* result)
      : input_(layer.inputs[operation.input]),
        operation_(operation),
        code_(code),
        format_(CodeFormat::of(input_)),
        m_(m),
        result_(result),
        membrane_(operation.v0) {}

  const std::vector<int64_t>& integrate() {
    const int window = input_.size / input_.groups();
    for (int group = 0; group < input_.groups(); ++group) run_window(group, group * window, window);
    return membrane_;
  }

 private:
  void run_window(int group, int first, int count) {
    const int T = code_.steps(format_.largest_magnitude());
    for (auto& slope : slopes_) slope.clear();
    for (int step = 0; step < T; ++step) {
      for (int k = first; k < first + count; ++k) spike_input(k, step, T);
      mark(group, step);
    }
  }

  void spike_input(int k, int step, int T) {
    const SpikeValues values = format_.decode(input_.code_at(m_, k), input_.salient(m_, k), input_.is_wide(k));
    for (int i = 0; i < values.count; ++i) {
      const SpikeValue& value = values.value[i];
      if (!code_.fires(value.magnitude, step, T)) continue;
      ++result_->spikes;
      if (input_.is_wide(k)) {
        add_row(k, value.slope, value.negative, false);
        add_row(input_.size + input_.wide_rank[k], value.slope + kSlopeBases, value.negative, true);
      } else {
        add_row(k, value.slope, value.negative, true);
      }
    }
  }

  void add_row(int row, int slope, bool negative, bool signed_row) {
    std::vector<int64_t>& S = slopes_[slope];
    S.resize(operation_.outputs, 0);
    for (int n = 0; n < operation_.outputs; ++n) {
      const int nibble = operation_.nibble(row, n);
      const int weight = signed_row && nibble > 7 ? nibble - 16 : nibble;
      S[n] += negative ? -weight : weight;
    }
    result_->additions += operation_.outputs;
  }

  void mark(int group, int step) {
    const int g = static_cast<int>(input_.g[static_cast<size_t>(m_) * input_.groups() + group]);
    for (int j = 0; j < kSlopes; ++j) {
      if (slopes_[j].empty()) continue;
      const int shift = format_.shift(j, static_cast<int>(input_.E[m_]), static_cast<int>(input_.E7[m_])) + g +
                        code_.step_shift(step);
      for (int n = 0; n < operation_.outputs; ++n)
        membrane_[n] += slopes_[j][n] * (int64_t{1} << (shift + operation_.h_at(group, n)));
      result_->membrane_updates += operation_.outputs;
      if (!code_.keeps_slopes()) slopes_[j].clear();
    }
  }

  const InputTrace& input_;
  const OperationTrace& operation_;
  const SpikeCode& code_;
  CodeFormat format_;
  int m_;
  ReferenceResult* result_;
  std::vector<int64_t> membrane_;                     // [N]
  std::array<std::vector<int64_t>, kSlopes> slopes_;  // [slope][N]; empty while inactive
};

}  // namespace

ReferenceResult run_reference(const LayerTrace& layer, const OperationTrace& operation, const SpikeCode& code,
                              FiringPolicy firing) {
  ReferenceResult result;
  result.outputs.reserve(static_cast<size_t>(layer.tokens) * operation.outputs);
  for (int m = 0; m < layer.tokens; ++m) {
    Token token(layer, operation, code, m, &result);
    const std::vector<int64_t>& membrane = token.integrate();
    for (int n = 0; n < operation.outputs; ++n) {
      result.largest_membrane = std::max(result.largest_membrane, std::abs(membrane[n]));
      const int64_t R = residue(membrane[n], operation.theta[n], operation.F, layer.output_bits);
      int steps = 0;
      result.outputs.push_back(firing == FiringPolicy::kRadix
                                   ? fire_radix(R, operation.theta[n], layer.output_bits)
                                   : fire_unary(R, operation.theta[n], layer.output_bits, &steps));
    }
  }
  return result;
}

RegisterNeeds register_needs(const LayerTrace& layer, const OperationTrace& operation) {
  const InputTrace& input = layer.inputs[operation.input];
  const CodeFormat format = CodeFormat::of(input);
  const int64_t normal = format.largest_value(false, input.most_E, input.most_E7);
  const int64_t digit_pair = format.largest_value(true, input.most_E, input.most_E7);
  const int groups = input.groups(), window = input.size / groups;
  uint64_t slope = 0, membrane = 0, theta = 0, largest_residue = 0;
  for (int n = 0; n < operation.outputs; ++n) {
    uint64_t V = std::abs(operation.v0[n]);
    for (int group = 0; group < groups; ++group) {
      uint64_t rows = 0, wide_rows = 0, weighted = 0;
      for (int k = group * window; k < (group + 1) * window; ++k) {
        const int nibble = operation.nibble(k, n);
        const int narrow = nibble > 7 ? nibble - 16 : nibble;
        const int hi = input.is_wide(k) ? operation.nibble(input.size + input.wide_rank[k], n) : 0;
        const int signed_hi = hi > 7 ? hi - 16 : hi;
        rows += input.is_wide(k) ? nibble : std::abs(narrow);
        wide_rows += std::abs(signed_hi);
        weighted += input.is_wide(k) ? digit_pair * (nibble + 16 * std::abs(signed_hi)) : normal * std::abs(narrow);
      }
      slope = std::max({slope, rows, wide_rows});
      V += weighted << (input.most_g + operation.h_at(group, n));
    }
    membrane = std::max(membrane, V);
    theta = std::max<uint64_t>(theta, operation.theta[n]);
    const uint64_t scaled = V < kTooLarge >> operation.F ? V << operation.F : kTooLarge;
    const uint64_t R = scaled + (operation.theta[n] >> 1) + (operation.theta[n] << (layer.output_bits - 1));
    largest_residue = std::max(largest_residue, std::min(R, kTooLarge));
  }
  return {register_bits(slope), register_bits(membrane), ceil_log2(theta + 1), register_bits(largest_residue)};
}

}  // namespace spikeloom
