// What multiplies codes with weights in a tile of a multiply-accumulate chip; section tile.mac_array.
#pragma once

#include <string>
#include <vector>

#include "sim/base/config.h"

namespace spikeloom {

// What adds up codes and weights in a tile. accumulate_and_fire and multiply_accumulate: integers, requantized by
// thresholds. multiply_dequantize: integers, whose sums of groups become binary32. dequantize_multiply: integers that
// become binary16 before they are multiplied. float_multiply: binary16.
enum class TileDatapath {
  kAccumulateAndFire,
  kMultiplyAccumulate,
  kMultiplyDequantize,
  kDequantizeMultiply,
  kFloatMultiply
};
// parallel: all bits of a code at once. bit_serial: one bit of a code's magnitude a cycle.
enum class Multiplier { kParallel, kBitSerial };
// Of codes that are 0. none: they are multiplied like others. gate: they take their cycle, but neither a row read nor
// a multiplication. skip: they take no cycle either.
enum class ZeroGating { kNone, kGate, kSkip };
// shared: one accumulator for each output and token, behind a shifter. per_exponent: one for each exponent in use,
// added up when the window ends.
enum class Accumulators { kShared, kPerExponent };

struct MacArraySpec {
  int tree_width = 1;  // products that a tree sums; 1: outer-product lanes
  Multiplier multiplier = Multiplier::kParallel;
  ZeroGating zero_gating = ZeroGating::kSkip;
  Accumulators accumulators = Accumulators::kShared;
  int accumulator_bits = 0;  // of one per exponent; shared ones are as wide as membranes

  // "trees of 16, bit_serial, zero_gating skip, accumulators shared"
  std::string text() const;
  // `lanes`: multipliers of a tile. Throws UserError.
  static MacArraySpec read(ConfigNode& section, int lanes);
};

// What a tile's array consists of, as leakage needs it.
struct MacInventory {
  uint64_t adder_bits = 0;  // multipliers (a full adder for each pair of bits), trees and accumulators' adders
  uint64_t sum_bits = 0;    // registers of each lane, token and exponent beside the membranes
};
// shared_bits: of a shared accumulator.
MacInventory inventory(const MacArraySpec& spec, int lanes, int shared_bits);

// Adder bits of the lanes of a float array; `converts`: each dequantizes its weight.
uint64_t float_adder_bits(int lanes, bool converts);
// Adder bits of a dequantizer.
uint64_t dequantizer_adder_bits(int lanes, int sum_bits);

const std::vector<std::string>& datapath_names();
const std::vector<std::string>& multiplier_names();
const std::vector<std::string>& zero_gating_names();
const std::vector<std::string>& accumulators_names();

}  // namespace spikeloom
