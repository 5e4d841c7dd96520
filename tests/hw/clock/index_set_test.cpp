#include "hw/clock/index_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace spikeloom {
namespace {

// Members on both sides of every word and group, and at random; the set grows in between.
TEST(IndexSetUnit, DrainsWhatWasInsertedInItsOrder) {
  std::mt19937 random(1);
  IndexSet set;
  for (const size_t count : {1, 64, 65, 4096, 4097, 20000}) {
    set.grow(count);
    for (int round = 0; round < 20; ++round) {
      std::set<uint32_t> expected = {0, uint32_t(count - 1)};
      for (size_t i = random() % 200; i > 0; --i) expected.insert(uint32_t(random() % count));
      for (const uint32_t index : expected) set.insert(index);
      set.insert(0);  // a second time
      std::vector<uint32_t> drained;
      const size_t words = IndexSet::words(count), half = words / 2;
      set.drain(half, words, [&](uint32_t index) { drained.push_back(index); });
      const std::vector<uint32_t> upper = std::move(drained);
      drained.clear();
      set.drain(0, words, [&](uint32_t index) { drained.push_back(index); });  // what is left: the lower words
      for (const uint32_t index : drained) EXPECT_LT(index, half * IndexSet::kWord);
      drained.insert(drained.end(), upper.begin(), upper.end());
      EXPECT_EQ(drained, std::vector<uint32_t>(expected.begin(), expected.end()));
      set.drain(0, words, [](uint32_t index) { ADD_FAILURE() << index << " was left"; });
    }
  }
}

}  // namespace
}  // namespace spikeloom
