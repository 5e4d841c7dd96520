#include "models/settling.h"

#include <cmath>
#include <cstdlib>

namespace spikeloom {

Settling::Settling(size_t neurons, int block, double limit)
    : counts_(neurons, 0), block_(block), limit_(std::llround(limit * 65536)) {}

bool Settling::add_block(const std::vector<int>& spikes) {
  const int64_t before = steps_, after = steps_ += block_;
  int64_t changes = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    changes += std::abs(spikes[i] * before - counts_[i] * block_);
    counts_[i] += spikes[i];
  }
  if (before == 0) return false;
  const int64_t whole = before * after * int64_t(counts_.size());
  change_ = double(changes) / double(whole);
  return (long double)(changes)*65536 <= (long double)(limit_)*whole;  // exact up to 2^64
}

}  // namespace spikeloom
