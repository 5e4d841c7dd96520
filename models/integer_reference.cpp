#include "models/integer_reference.h"

#include <algorithm>
#include <cstdlib>

#include "models/activation_code.h"
#include "models/slope_registers.h"

namespace spikeloom {

namespace {

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
        registers_(kSlopes, operation.v0) {}

  const std::vector<int64_t>& integrate() {
    const int window = input_.size / input_.groups();
    for (int group = 0; group < input_.groups(); ++group) run_window(group, group * window, window);
    return registers_.membranes();
  }

 private:
  void run_window(int group, int first, int count) {
    const int T = code_.steps(format_.largest_magnitude());
    registers_.start_window();
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
    registers_.add(slope, negative, [&](int n) {
      const int nibble = operation_.nibble(row, n);
      return signed_row && nibble > 7 ? nibble - 16 : nibble;
    });
    result_->additions += operation_.outputs;
  }

  void mark(int group, int step) {
    const int E = static_cast<int>(input_.E[m_]), E7 = static_cast<int>(input_.E7[m_]);
    const int further =
        static_cast<int>(input_.g[static_cast<size_t>(m_) * input_.groups() + group]) + code_.step_shift(step);
    const int active = registers_.mark([&](int j) { return format_.shift(j, E, E7) + further; },
                                       [&](int n) { return operation_.h_at(group, n); }, code_.keeps_slopes());
    result_->membrane_updates += uint64_t(active) * operation_.outputs;
  }

  const InputTrace& input_;
  const OperationTrace& operation_;
  const SpikeCode& code_;
  CodeFormat format_;
  int m_;
  ReferenceResult* result_;
  SlopeRegisters registers_;
};

}  // namespace

void ReferenceResult::fire(int64_t membrane, int64_t theta, int F, int output_bits, FiringPolicy policy) {
  largest_membrane = std::max(largest_membrane, std::abs(membrane));
  const int64_t R = residue(membrane, theta, F, output_bits);
  int steps = 0;
  outputs.push_back(policy == FiringPolicy::kRadix ? fire_radix(R, theta, output_bits)
                                                   : fire_unary(R, theta, output_bits, &steps));
}

ReferenceResult run_reference(const LayerTrace& layer, const OperationTrace& operation, const SpikeCode& code,
                              FiringPolicy firing) {
  ReferenceResult result;
  result.outputs.reserve(static_cast<size_t>(layer.tokens) * operation.outputs);
  for (int m = 0; m < layer.tokens; ++m) {
    Token token(layer, operation, code, m, &result);
    const std::vector<int64_t>& membrane = token.integrate();
    for (int n = 0; n < operation.outputs; ++n)
      result.fire(membrane[n], operation.theta[n], operation.F, operation.output_bits, firing);
  }
  return result;
}

namespace {

// Sums of |w| over rows of packed weights, for every output.
class MagnitudeSums {
 public:
  explicit MagnitudeSums(const OperationTrace& operation)
      : operation_(operation),
        few_low_(operation.row_bytes),
        few_high_(operation.row_bytes),
        low_(operation.row_bytes),
        high_(operation.row_bytes) {}

  // Plain loops over bytes, which the compiler vectorizes. A nibble x above 7 stands for x - 16.
  void add(int row, bool is_unsigned) {
    const uint8_t* bytes = operation_.weights + size_t(row) * operation_.row_bytes;
    const int most = is_unsigned ? 255 : 16;
    for (size_t i = 0; i < low_.size(); ++i) {
      const uint8_t low = bytes[i] & 15, high = bytes[i] >> 4;
      few_low_[i] = uint8_t(few_low_[i] + std::min(low, uint8_t(most - low)));
      few_high_[i] = uint8_t(few_high_[i] + std::min(high, uint8_t(most - high)));
    }
    if (++few_ == kFew) add_few();
  }
  // Call when all rows have been added.
  void finish() { add_few(); }
  uint64_t operator[](int n) const { return n % 2 ? high_[n / 2] : low_[n / 2]; }

 private:
  static constexpr int kFew = 255 / 15;  // rows whose sum a byte holds
  void add_few() {
    for (size_t i = 0; i < low_.size(); ++i) {
      low_[i] += few_low_[i];
      high_[i] += few_high_[i];
      few_low_[i] = few_high_[i] = 0;
    }
    few_ = 0;
  }

  const OperationTrace& operation_;
  int few_ = 0;
  std::vector<uint8_t> few_low_, few_high_;  // of the latest rows, of outputs 2i and 2i + 1
  std::vector<uint32_t> low_, high_;
};

}  // namespace

RegisterNeeds register_needs(const LayerTrace& layer, const OperationTrace& operation) {
  const InputTrace& input = layer.inputs[operation.input];
  const CodeFormat format = CodeFormat::of(input);
  const uint64_t normal = format.largest_value(false, input.most_E, input.most_E7);
  const uint64_t digit_pair = format.largest_value(true, input.most_E, input.most_E7);
  const int groups = input.groups(), window = input.size / groups;
  std::vector<uint64_t> V(operation.outputs);
  for (int n = 0; n < operation.outputs; ++n) V[n] = std::abs(operation.v0[n]);
  RegisterBounds bounds;
  for (int group = 0; group < groups; ++group) {
    MagnitudeSums narrow(operation), lo(operation), hi(operation);
    for (int k = group * window; k < (group + 1) * window; ++k) {
      (input.is_wide(k) ? lo : narrow).add(k, input.is_wide(k));
      if (input.is_wide(k)) hi.add(input.size + input.wide_rank[k], false);
    }
    for (MagnitudeSums* sums : {&narrow, &lo, &hi}) sums->finish();
    for (int n = 0; n < operation.outputs; ++n) {
      bounds.slope(std::max(narrow[n] + lo[n], hi[n]));
      const uint64_t weighted = normal * narrow[n] + digit_pair * (lo[n] + (hi[n] << kWideShift));
      V[n] += weighted << (input.most_g + operation.h_at(group, n));
    }
  }
  for (int n = 0; n < operation.outputs; ++n)
    bounds.neuron(V[n], operation.theta[n], operation.F, operation.output_bits);
  return bounds.bits();
}

}  // namespace spikeloom
