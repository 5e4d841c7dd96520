#include "models/mac_reference.h"

#include <cfloat>

#if FLT_EVAL_METHOD != 0
#error "binary32 arithmetic must round after every operation"
#endif

namespace spikeloom {

namespace {

// y[n] += fl(acc[n]) * fl(sx * sw[n]) of token m and one group, whose inputs begin at `first`.
void add_group(const MacInput& input, const MacOperation& operation, int m, size_t group, int first,
               std::vector<int64_t>* acc, float* y) {
  const size_t N = operation.outputs, at = m * input.groups.size() + group;
  acc->assign(N, 0);
  for (int k = first; k < first + input.groups[group].size; ++k) {
    const int64_t a = input.codes[static_cast<size_t>(m) * input.size + k] - input.zero_points[at];
    const int8_t* weights = operation.weights + k * N;
    for (size_t n = 0; n < N; ++n) (*acc)[n] += a * weights[n];
  }
  for (size_t n = 0; n < N; ++n) {
    const float scale = input.scales[at] * operation.scales[group * N + n];
    const float product = static_cast<float>((*acc)[n]) * scale;
    y[n] = y[n] + product;
  }
}

std::vector<float> run_integer(const MacInput& input, const MacOperation& operation, int tokens) {
  std::vector<float> y(static_cast<size_t>(tokens) * operation.outputs, 0.0f);
  std::vector<int64_t> acc;
  for (int m = 0; m < tokens; ++m) {
    int first = 0;
    for (size_t group = 0; group < input.groups.size(); ++group) {
      add_group(input, operation, m, group, first, &acc, &y[static_cast<size_t>(m) * operation.outputs]);
      first += input.groups[group].size;
    }
  }
  return y;
}

// y[n] += x * weights[n]
void add_products(float x, const std::vector<float>& weights, float* y) {
  for (size_t n = 0; n < weights.size(); ++n) {
    const float product = x * weights[n];
    y[n] = y[n] + product;
  }
}

std::vector<float> run_binary16(const MacInput& input, const MacOperation& operation, int tokens) {
  const size_t N = operation.outputs;
  std::vector<float> y(tokens * N, 0.0f), weights(N);
  for (int k = 0; k < input.size; ++k) {
    for (size_t n = 0; n < N; ++n) weights[n] = operation.real_weight(k, static_cast<int>(n));
    for (int m = 0; m < tokens; ++m) add_products(input.value(m, k), weights, &y[m * N]);
  }
  return y;
}

float rounded_to_half(float value) { return from_binary16(to_binary16(value)); }

}  // namespace

std::vector<float> run_operand_reference(const MacTrace& trace, const MacOperation& operation) {
  const MacInput& input = trace.inputs[operation.input];
  const size_t N = operation.outputs;
  std::vector<float> y(trace.tokens * N, 0.0f), weights(N);
  int k = 0;
  for (size_t group = 0; group < input.groups.size(); ++group)
    for (const int end = k + input.groups[group].size; k < end; ++k) {
      for (size_t n = 0; n < N; ++n)
        weights[n] = rounded_to_half(float(operation.weights[k * N + n]) * operation.scales[group * N + n]);
      for (int m = 0; m < trace.tokens; ++m) {
        const size_t at = m * input.groups.size() + group;
        const int a = input.codes[static_cast<size_t>(m) * input.size + k] - static_cast<int>(input.zero_points[at]);
        add_products(rounded_to_half(float(a) * input.scales[at]), weights, &y[m * N]);
      }
    }
  return y;
}

std::vector<float> run_mac_reference(const MacTrace& trace, const MacOperation& operation) {
  const MacInput& input = trace.inputs[operation.input];
  return trace.arithmetic == MacArithmetic::kInteger ? run_integer(input, operation, trace.tokens)
                                                     : run_binary16(input, operation, trace.tokens);
}

}  // namespace spikeloom
