// The arithmetic of traces/README.md, "Multiply-accumulate traces": every product and sum rounded to binary32, nothing
// fused (the source is compiled with -ffp-contract=off).
#pragma once

#include <cstdint>
#include <vector>

namespace spikeloom {

// fl(y + fl(fl(acc) * fl(sx * sw)))
float add_dequantized(float y, int64_t acc, float sx, float sw);

// The binary16 nearest to fl(w * sw), as binary32.
float dequantized_operand(int w, float sw);

// y[n] = fl(y[n] + x * weights[n]); the products of binary16 values are exact.
void add_products(float x, const std::vector<float>& weights, float* y);

}  // namespace spikeloom
