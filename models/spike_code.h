// Spike codes: at which steps a magnitude fires, and what a step mark does with the slopes.
// Contract: sum over the spikes of a magnitude p of what each adds to the membrane equals p, for 0 <= p <= largest.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace spikeloom {

class SpikeCode {
 public:
  virtual ~SpikeCode() = default;
  // T: the step marks of a window whose largest magnitude is `largest`.
  virtual int steps(int largest) const = 0;
  // Whether magnitude p (>= 1) has a spike at `step` in 0 .. T-1.
  virtual bool fires(int p, int step, int T) const = 0;
  // The further left shift of slopes at the mark of `step`.
  virtual int step_shift(int step) const = 0;
  // Whether slopes keep their value over a mark (true) or are cleared (false).
  virtual bool keeps_slopes() const = 0;
  // Whether a value that has fired fires again at every later step.
  virtual bool repeats() const { return false; }
};

// The code of recorded spikes; every other one makes spikes of values.
constexpr int kRateCode = 3;
// Names of the codes in the order that make_spike_code takes: ttfs, count, radix, rate.
const std::vector<std::string>& spike_code_names();
std::unique_ptr<SpikeCode> make_spike_code(int index);

}  // namespace spikeloom
