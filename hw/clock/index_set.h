// A set of small numbers that is walked through in their order, at a cost that depends on its members alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spikeloom {

class IndexSet {
 public:
  // Members are below `count` from now on.
  void grow(size_t count) {
    words_.resize((count + 63) / 64, 0);
    groups_.resize((words_.size() + 63) / 64, 0);
  }
  void insert(uint32_t index) {
    words_[index / 64] |= uint64_t{1} << (index % 64);
    groups_[index / 4096] |= uint64_t{1} << (index / 64 % 64);
  }
  // Takes all members out, in their order; `visit` must not insert any.
  template <typename Visit>
  void drain(Visit visit) {
    for (size_t group = 0; group < groups_.size(); ++group) {
      for (uint64_t left = groups_[group]; left; left &= left - 1) {
        const size_t word = 64 * group + size_t(__builtin_ctzll(left));
        for (uint64_t members = words_[word]; members; members &= members - 1)
          visit(uint32_t(64 * word + size_t(__builtin_ctzll(members))));
        words_[word] = 0;
      }
      groups_[group] = 0;
    }
  }

 private:
  std::vector<uint64_t> words_;   // bit i % 64 of word i / 64: i is a member
  std::vector<uint64_t> groups_;  // the same of words that are not zero
};

}  // namespace spikeloom
