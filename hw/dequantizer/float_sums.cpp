#include "hw/dequantizer/float_sums.h"

#include <cfloat>
#include <cstddef>

#include "sim/base/binary16.h"

#if FLT_EVAL_METHOD != 0
#error "binary32 arithmetic must round after every operation"
#endif

namespace spikeloom {

float add_dequantized(float y, int64_t acc, float sx, float sw) {
  const float scale = sx * sw;
  const float product = static_cast<float>(acc) * scale;
  return y + product;
}

float dequantized_operand(int w, float sw) { return from_binary16(to_binary16(static_cast<float>(w) * sw)); }

void add_products(float x, const std::vector<float>& weights, float* y) {
  for (size_t n = 0; n < weights.size(); ++n) {
    const float product = x * weights[n];
    y[n] = y[n] + product;
  }
}

}  // namespace spikeloom
