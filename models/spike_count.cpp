#include "models/spike_count.h"

#include "models/activation_code.h"

namespace spikeloom {

int spikes_of(const InputTrace& input, const SpikeCode& code, int m, int k) {
  const CodeFormat format = CodeFormat::of(input);
  const int T = code.steps(format.largest_magnitude());
  const SpikeValues values = format.decode(input.code_at(m, k), input.salient(m, k), input.two_digits(k));
  int spikes = 0;
  for (int i = 0; i < values.count; ++i)
    for (int step = 0; step < T; ++step) spikes += code.fires(values.value[i].magnitude, step, T);
  return spikes;
}

int factors_of(const InputTrace& input, int m, int k) {
  if (input.code_bytes == 2) return (input.code_at(m, k) & 0x7fff) != 0;
  const bool digits = input.two_digits(k), salient = !input.mac && input.salient(m, k);
  return CodeFormat::of_window(input, k).decode(input.code_at(m, k), salient, digits).count;
}

std::vector<double> mean_spikes(const InputTrace& input, const SpikeCode& code, bool multiplies, int rows) {
  std::vector<double> means(size_t(input.size), 0);
  for (int k = 0; k < input.size; ++k) {
    int seeing = 0;
    for (int m = 0; m < rows; ++m) {
      if (input.causal == Causal::kInputs && k % input.block_inputs() >= input.seen(m)) continue;
      means[size_t(k)] += multiplies ? factors_of(input, m, k) : spikes_of(input, code, m, k);
      ++seeing;
    }
    if (seeing > 0) means[size_t(k)] /= seeing;
  }
  return means;
}

}  // namespace spikeloom
