// A set of small numbers that is walked through in their order: a bit each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spikeloom {

class IndexSet {
 public:
  static constexpr size_t kWord = 64;  // numbers that share a word
  // Of the numbers below `count`.
  static constexpr size_t words(size_t count) { return (count + kWord - 1) / kWord; }
  // Members are below `count` from now on.
  void grow(size_t count) { words_.resize(words(count), 0); }
  void insert(uint32_t index) { words_[index / 64] |= uint64_t{1} << (index % 64); }
  // Members of a word.
  uint64_t word(size_t word) const { return words_[word]; }
  // Takes all members of the words first .. end - 1 out, in their order; `visit` must not insert any here.
  template <typename Visit>
  void drain(size_t first, size_t end, Visit visit) {
    for (size_t word = first; word < end; ++word) {
      while (end - word >= 8 && !any_of_eight(word)) word += 8;  // many members are rare
      if (word == end) return;
      for (uint64_t members = words_[word]; members; members &= members - 1)
        visit(uint32_t(64 * word + size_t(__builtin_ctzll(members))));
      words_[word] = 0;
    }
  }

 private:
  bool any_of_eight(size_t first) const {
    uint64_t any = 0;
    for (size_t word = first; word < first + 8; ++word) any |= words_[word];
    return any != 0;
  }
  std::vector<uint64_t> words_;  // bit i % 64 of word i / 64: i is a member
};

}  // namespace spikeloom
