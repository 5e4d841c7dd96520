// A set of small numbers that is walked through in their order: a bit each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spikeloom {

class IndexSet {
 public:
  // Members are below `count` from now on.
  void grow(size_t count) { words_.resize((count + 63) / 64, 0); }
  void insert(uint32_t index) { words_[index / 64] |= uint64_t{1} << (index % 64); }
  // Takes all members out, in their order; `visit` must not insert any here.
  template <typename Visit>
  void drain(Visit visit) {
    for (size_t word = 0; word < words_.size(); ++word) {
      for (uint64_t members = words_[word]; members; members &= members - 1)
        visit(uint32_t(64 * word + size_t(__builtin_ctzll(members))));
      words_[word] = 0;
    }
  }

 private:
  std::vector<uint64_t> words_;  // bit i % 64 of word i / 64: i is a member
};

}  // namespace spikeloom
