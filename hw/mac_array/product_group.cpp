#include "hw/mac_array/product_group.h"

namespace spikeloom {

void ProductGroup::add(int place, int slope, int magnitude) {
  if (!(slopes_ & 1u << slope)) {
    slopes_ |= 1u << slope;
    bits_[slope].fill(0);
  }
  for (int bit = 0; bit < kMostBits; ++bit) bits_[slope][bit] |= uint64_t(magnitude >> bit & 1) << place;
}

void ProductGroup::list_cycles(const MacArraySpec& spec, int magnitude_bits, std::vector<ProductCycle>* cycles) const {
  cycles->clear();
  const bool skips = spec.zero_gating == ZeroGating::kSkip;
  const bool serial = spec.multiplier == Multiplier::kBitSerial;
  for (uint32_t left = slopes_; left; left &= left - 1) {
    const int slope = __builtin_ctz(left);
    uint64_t all = 0;
    for (int bit = 0; bit < magnitude_bits; ++bit) {
      const uint64_t working = bits_[slope][bit];
      all |= working;
      if (serial && (working || !skips)) cycles->push_back({working, uint8_t(slope)});
    }
    if (!serial) cycles->push_back({all, uint8_t(slope)});
  }
  // Codes that are all 0 take their cycles unless they are skipped.
  if (slopes_ == 0 && !skips) cycles->resize(serial ? magnitude_bits : 1);
}

uint64_t tree_adder_bits(int width, int input_bits, uint64_t working) {
  uint64_t bits = 0;
  for (int level = 1; width > 1; ++level) {
    uint64_t above = 0;
    const int adders = (width + 1) / 2;
    for (int i = 0; i < adders; ++i) above |= uint64_t((working >> 2 * i & 3) != 0) << i;
    const int passed_on = width % 2;  // the last of an odd number meets no other
    const uint64_t adding = passed_on ? above & ~(uint64_t{1} << (adders - 1)) : above;
    bits += uint64_t(__builtin_popcountll(adding)) * (input_bits + level);
    working = above;
    width = adders;
  }
  return bits;
}

}  // namespace spikeloom
