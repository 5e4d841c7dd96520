// A multiply-accumulate trace as a layer that mapping, memories and network work with: codes and packed weight rows in
// the place of spike codes, windows that keep to groups of inputs, and the outputs that a chip is compared with.
//
// Codes   symmetric ones of up to 4 bits as signed codes, asymmetric ones as unsigned codes with a zero point per row
//         and group. Above 4 bits: 4 bits of the magnitude, then the sign of symmetric ones, then the rest of the
//         magnitude; a = +-(16 d1 + d0). No code is salient. binary16: its 16 bits.
// Weights of up to 4 bits as rows, which memories pack where all of a layer are -1, 0 or 1; of up to 8 bits as `lo` and
//         `hi` rows of wide inputs, w = 16 hi + lo. binary16: four rows for each input, the lowest 4 bits first.
// Outputs are binary16, saturating; OperationTrace::sums has the y that they are rounded from.
#pragma once

#include <memory>

#include "models/register_needs.h"
#include "sim/base/trace.h"

namespace spikeloom {

// What is dequantized: the sum of a group, as the trace defines it; or every operand, before it is multiplied.
enum class Dequantized { kSums, kOperands };

// Opens a multiply-accumulate trace. Throws UserError. Binary16 has nothing to dequantize: `of` is of no account there.
LayerTrace open_mac_layer(const std::string& activations_file, Dequantized of);
// The same of an open one.
LayerTrace make_mac_layer(std::shared_ptr<const MacTrace> trace, Dequantized of);

// Bits of a scale as memories and flits hold it (DEVIATIONS 46).
constexpr int kScaleBits = 16;

// Whether rows of activations come with scales.
inline bool has_row_scales(const InputTrace& input) { return input.mac && !input.mac->groups.empty(); }
// Bits of the scale and the zero point of one row in one group.
int row_scale_bits(const InputTrace& input, int group);
// Bits of the sum of an output's weights over a group, which zero points need; 0 without them.
int column_sum_bits(const InputTrace& input, int group);
int64_t column_sum(const InputTrace& input, const OperationTrace& operation, int group, int n);
// Bits of the parameters of one output: for every group its scale, and its column sum.
int mac_parameter_bits(const InputTrace& input);
// Two's complement bits of an accumulator that holds the sums of any of an operation's groups, with and without zero
// points, in any order of the inputs. 0 for binary16.
int accumulator_needs(const InputTrace& input, const OperationTrace& operation);
// The same for products of codes of one exponent and weights, whose sum needs the slopes of `needs`.
int product_sum_bits(const InputTrace& input, const RegisterNeeds& needs);

}  // namespace spikeloom
