#include "models/rate_reference.h"

namespace spikeloom {

std::vector<int64_t> run_rate_reference(const RateTrace& trace, const RateOperation& operation) {
  const RateInput& input = trace.inputs[operation.input];
  const int N = operation.outputs;
  std::vector<int64_t> outputs;
  for (int m = 0; m < trace.tokens; ++m) {
    std::vector<int64_t> state(N, 0);
    for (int step = 0; step < trace.steps; ++step) {
      std::vector<int64_t> sums(N, 0);
      for (int k = 0; k < input.size; ++k) {
        if (!trace.spike(input.spikes, input.size, m, step, k)) continue;
        for (int n = 0; n < N; ++n) sums[n] += operation.weight(k, n);
      }
      for (int n = 0; n < N; ++n) {
        if (!operation.fires) {
          outputs.push_back(state[n] += sums[n]);
          continue;
        }
        state[n] += sums[n] * (int64_t{1} << operation.F) + operation.bias[n];
        const bool fires = state[n] >= operation.theta[n];
        if (fires) state[n] -= operation.theta[n];
        outputs.push_back(fires);
      }
    }
  }
  return outputs;
}

std::vector<int64_t> rate_expected(const RateTrace& trace, const RateOperation& operation) {
  if (!operation.fires) return operation.sums;
  std::vector<int64_t> spikes;
  for (int m = 0; m < trace.tokens; ++m)
    for (int step = 0; step < trace.steps; ++step)
      for (int n = 0; n < operation.outputs; ++n)
        spikes.push_back(trace.spike(operation.spikes, operation.outputs, m, step, n));
  return spikes;
}

}  // namespace spikeloom
