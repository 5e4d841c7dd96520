#include "hw/mac_array/mac_array_spec.h"

#include "hw/mac_array/product_group.h"

namespace spikeloom {

const std::vector<std::string>& datapath_names() {
  static const std::vector<std::string> names = {"accumulate_and_fire", "multiply_accumulate", "multiply_dequantize",
                                                 "dequantize_multiply", "float_multiply"};
  return names;
}

const std::vector<std::string>& multiplier_names() {
  static const std::vector<std::string> names = {"parallel", "bit_serial"};
  return names;
}

const std::vector<std::string>& zero_gating_names() {
  static const std::vector<std::string> names = {"none", "gate", "skip"};
  return names;
}

const std::vector<std::string>& accumulators_names() {
  static const std::vector<std::string> names = {"shared", "per_exponent"};
  return names;
}

std::string MacArraySpec::text() const {
  return (tree_width == 1 ? "lanes" : "trees of " + std::to_string(tree_width)) + ", " +
         multiplier_names()[int(multiplier)] + ", zero_gating " + zero_gating_names()[int(zero_gating)] +
         ", accumulators " + accumulators_names()[int(accumulators)];
}

MacArraySpec MacArraySpec::read(ConfigNode& section, int lanes) {
  MacArraySpec spec;
  spec.tree_width = int(section.integer("tree_width", 1, 64));
  if (lanes % spec.tree_width != 0)
    section.fail_at("tree_width",
                    "must divide tile.lanes (" + std::to_string(lanes) + "): trees share the multipliers");
  spec.multiplier = Multiplier(section.choice("multiplier", multiplier_names()));
  spec.zero_gating = ZeroGating(section.choice("zero_gating", zero_gating_names()));
  spec.accumulators = Accumulators(section.choice("accumulators", accumulators_names()));
  spec.accumulator_bits = int(section.integer("accumulator_bits", 8, 31));
  return spec;
}

MacInventory inventory(const MacArraySpec& spec, int lanes, int shared_bits) {
  constexpr int kWeightBits = 4, kCodeBits = 4;
  const bool serial = spec.multiplier == Multiplier::kBitSerial, shared = spec.accumulators == Accumulators::kShared;
  const uint64_t trees = uint64_t(lanes / spec.tree_width);
  const int product_bits = kWeightBits + (serial ? 0 : kCodeBits);
  MacInventory made;
  made.adder_bits = serial ? 0 : uint64_t(lanes) * kWeightBits * kCodeBits;
  made.adder_bits += trees * tree_adder_bits(spec.tree_width, product_bits, ~uint64_t{0} >> (64 - spec.tree_width));
  made.adder_bits += trees * (shared ? shared_bits : spec.accumulator_bits);
  made.sum_bits = shared ? 0 : spec.accumulator_bits;
  return made;
}

namespace {

// Fractions are multiplied in full; an adder aligns, adds and normalizes 32 bits; a converter takes an absolute value,
// counts zeros, normalizes and rounds.
constexpr uint64_t kHalfMultiplier = 11 * 11, kRealMultiplier = 24 * 24, kRealAdder = 3 * 32;
uint64_t converter_bits(int bits) { return uint64_t(4) * bits; }

}  // namespace

uint64_t float_adder_bits(int lanes, bool converts) {
  return uint64_t(lanes) * (kHalfMultiplier + kRealAdder + (converts ? converter_bits(2 * 4) + kRealMultiplier : 0));
}

uint64_t dequantizer_adder_bits(int lanes, int sum_bits) {
  return uint64_t(lanes) * (converter_bits(sum_bits) + 2 * kRealMultiplier + kRealAdder);
}

}  // namespace spikeloom
