#include "models/attention_reference.h"

#include <array>
#include <cstdlib>

#include "models/slope_registers.h"

namespace spikeloom {

namespace {

CodeFormat query_format(const AttentionTrace& attention) {
  return {ActivationCode::kSigned, SalientFormat::kFloating, attention.queries.digits};
}
constexpr CodeFormat kProbabilityFormat{ActivationCode::kUnsigned, SalientFormat::kFloating, false};

// One window of `inputs` values on `lanes` lanes, whose final membranes it returns.
//   values(k)        the spike values of input k
//   weight(k, n)     what row k holds for lane n
//   slope(k, j)      the slope that a spike of input k with slope index j adds to
//   shift(slope)     of a slope at a mark
template <typename Values, typename Weight, typename Slope, typename Shift>
std::vector<int64_t> run_window(int inputs, int lanes, int slopes, int T, const SpikeCode& code, Values values,
                                Weight weight, Slope slope, Shift shift, ReferenceResult* result) {
  SlopeRegisters registers(slopes, std::vector<int64_t>(lanes, 0));
  std::vector<SpikeValues> decoded;
  for (int k = 0; k < inputs; ++k) decoded.push_back(values(k));
  for (int step = 0; step < T; ++step) {
    for (int k = 0; k < inputs; ++k)
      for (int i = 0; i < decoded[k].count; ++i) {
        const SpikeValue& value = decoded[k].value[i];
        if (!code.fires(value.magnitude, step, T)) continue;
        registers.add(slope(k, value.slope), value.negative, [&](int n) { return weight(k, n); });
        ++result->spikes;
        result->additions += lanes;
      }
    const int further = code.step_shift(step);
    const int active =
        registers.mark([&](int j) { return shift(j) + further; }, [](int) { return 0; }, code.keeps_slopes());
    result->membrane_updates += uint64_t(active) * lanes;
  }
  return registers.membranes();
}

void fire_all(const std::vector<int64_t>& membranes, const AttentionOperation& operation, int head, FiringPolicy firing,
              ReferenceResult* result) {
  for (const int64_t membrane : membranes)
    result->fire(membrane, operation.theta[head], operation.F, operation.output_bits, firing);
}

}  // namespace

ReferenceResult run_scores(const AttentionTrace& attention, int tokens, const SpikeCode& code, FiringPolicy firing) {
  const HeadCodes& queries = attention.queries;
  const CodeFormat format = query_format(attention);
  const int T = code.steps(format.largest_magnitude()), d = attention.head_dim;
  ReferenceResult result;
  for (int m = 0; m < tokens; ++m)
    for (int head = 0; head < attention.heads; ++head) {
      const int kv_head = attention.kv_head(head), row = m * attention.heads + head;
      const int E = static_cast<int>(queries.E[row]), E7 = static_cast<int>(queries.E7[row]);
      const auto membranes = run_window(
          d, attention.seen(m), kSlopeBases, T, code,
          [&](int i) {
            const int k = head * d + i;
            return format.decode(queries.code_at(m, k), queries.salient(m, k), true);
          },
          [&](int i, int n) { return attention.key(n, kv_head, i); }, [](int, int j) { return j; },
          [&](int slope) { return format.shift(slope, E, E7); }, &result);
      fire_all(membranes, attention.scores, head, firing, &result);
      result.outputs.resize(static_cast<size_t>(row + 1) * attention.context, 0);
    }
  return result;
}

ReferenceResult run_mix(const AttentionTrace& attention, int tokens, const SpikeCode& code, FiringPolicy firing) {
  const HeadCodes& probabilities = attention.probabilities;
  const int T = code.steps(kProbabilityFormat.largest_magnitude());
  ReferenceResult result;
  for (int row = 0; row < tokens * attention.heads; ++row) {
    const int head = row % attention.heads, kv_head = attention.kv_head(head);
    const int E = static_cast<int>(probabilities.E[row]);
    const auto membranes = run_window(
        attention.seen(row / attention.heads), attention.head_dim, kMixSlopes, T, code,
        [&](int n) {
          return kProbabilityFormat.decode(probabilities.code_at(row, n), probabilities.salient(row, n), false);
        },
        [&](int n, int i) { return attention.value(n, kv_head, i); },
        [&](int n, int j) { return mix_slope(j, attention.shift(n, kv_head)); },
        [&](int slope) { return mix_shift(slope, E); }, &result);
    fire_all(membranes, attention.mix, head, firing, &result);
  }
  return result;
}

RegisterNeeds scores_needs(const AttentionTrace& attention) {
  const HeadCodes& queries = attention.queries;
  const int64_t largest = query_format(attention).largest_value(queries.digits, queries.most_E, queries.most_E7);
  RegisterBounds bounds;
  for (int head = 0; head < attention.heads; ++head)
    for (int n = 0; n < attention.context; ++n) {
      uint64_t sum = 0;
      for (int i = 0; i < attention.head_dim; ++i) sum += std::abs(attention.key(n, attention.kv_head(head), i));
      bounds.slope(sum);
      bounds.neuron(sum * largest, attention.scores.theta[head], attention.scores.F, attention.scores.output_bits);
    }
  return bounds.bits();
}

RegisterNeeds mix_needs(const AttentionTrace& attention) {
  const int64_t largest = kProbabilityFormat.largest_value(false, attention.probabilities.most_E, 0);
  RegisterBounds bounds;
  for (int head = 0; head < attention.heads; ++head)
    for (int i = 0; i < attention.head_dim; ++i) {
      const int kv_head = attention.kv_head(head);
      std::array<uint64_t, kMixSlopes> slopes{};  // a position has one spike, in any of five slopes
      uint64_t sum = 0;
      for (int n = 0; n < attention.context; ++n) {
        const uint64_t size = std::abs(attention.value(n, kv_head, i));
        const int shift = attention.shift(n, kv_head);
        for (int index = 0; index < kProbabilityFormat.slope_bases(); ++index) slopes[mix_slope(index, shift)] += size;
        sum += size << shift;
      }
      for (const uint64_t slope : slopes) bounds.slope(slope);
      bounds.neuron(sum * largest, attention.mix.theta[head], attention.mix.F, attention.mix.output_bits);
    }
  return bounds.bits();
}

}  // namespace spikeloom
