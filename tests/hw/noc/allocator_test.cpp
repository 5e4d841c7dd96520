// Allocators: matchings by hand, fairness, and what every matching must keep, on random requests.
#include "hw/noc/allocators/allocator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace spikeloom {
namespace {

enum Kind { kIslip, kInputFirst, kOutputFirst };

AllocatorRequest ask(int input, int output, int priority = 0) {
  return {uint16_t(input), uint16_t(output), uint16_t(input), uint8_t(priority), false, false};
}
std::set<std::pair<int, int>> granted(const std::vector<AllocatorRequest>& requests) {
  std::set<std::pair<int, int>> all;
  for (const auto& request : requests)
    if (request.granted) all.insert({request.input, request.output});
  return all;
}
using Pairs = std::set<std::pair<int, int>>;

// McKeown, section III: outputs grant input 0 each; it accepts output 0. Pointers of output 0 and input 0 move to 1;
// output 1's stays, as its grant was not accepted. In the second cycle output 0 grants input 1, output 1 input 0.
TEST(IslipUnit, OnlyAcceptedGrantsMovePointers) {
  const auto islip = make_allocator(kIslip, 2, 2, 1);
  std::vector<AllocatorRequest> all = {ask(0, 0), ask(0, 1), ask(1, 0), ask(1, 1)};
  auto first = all, second = all;
  islip->allocate(first);
  EXPECT_EQ(granted(first), (Pairs{{0, 0}}));
  islip->allocate(second);
  EXPECT_EQ(granted(second), (Pairs{{0, 1}, {1, 0}}));
}

// A second iteration serves what the first left: input 1 and output 1.
TEST(IslipUnit, FurtherIterationsFillTheMatching) {
  const auto islip = make_allocator(kIslip, 2, 2, 2);
  std::vector<AllocatorRequest> all = {ask(0, 0), ask(0, 1), ask(1, 0), ask(1, 1)};
  islip->allocate(all);
  EXPECT_EQ(granted(all), (Pairs{{0, 0}, {1, 1}}));
}

// Full load on every pair desynchronizes the pointers: from the second cycle on the matching is full (100 %).
TEST(IslipUnit, FullLoadReachesFullThroughput) {
  const int n = 5;
  const auto islip = make_allocator(kIslip, n, n, 1);
  std::map<std::pair<int, int>, int> served;
  for (int cycle = 0; cycle < 200; ++cycle) {
    std::vector<AllocatorRequest> all;
    for (int i = 0; i < n; ++i)
      for (int o = 0; o < n; ++o) all.push_back(ask(i, o));
    islip->allocate(all);
    const Pairs pairs = granted(all);
    if (cycle >= n) {
      EXPECT_EQ(pairs.size(), size_t(n)) << cycle;
    }
    for (const auto& pair : pairs) ++served[pair];
  }
  for (const auto& [pair, count] : served) EXPECT_NEAR(count, 200 / n, 2);
}

// Both inputs choose output 0 first; only one is served, and the other's choice is lost for this cycle.
TEST(SeparableUnit, InputFirstLosesWhatTwoInputsChooseAlike) {
  const auto allocator = make_allocator(kInputFirst, 2, 2, 1);
  std::vector<AllocatorRequest> all = {ask(0, 0), ask(0, 1), ask(1, 0), ask(1, 1)};
  allocator->allocate(all);
  EXPECT_EQ(granted(all), (Pairs{{0, 0}}));
}

TEST(SeparableUnit, TheHigherPriorityIsServedFirst) {
  for (const Kind kind : {kInputFirst, kOutputFirst}) {
    const auto allocator = make_allocator(kind, 3, 2, 1);
    std::vector<AllocatorRequest> all = {ask(0, 0), ask(1, 0), ask(2, 0, 1)};
    allocator->allocate(all);
    EXPECT_EQ(granted(all), (Pairs{{2, 0}}));
  }
}

TEST(AllocatorUnit, WhoAsksAloneIsServed) {
  for (const Kind kind : {kIslip, kInputFirst, kOutputFirst}) {
    const auto allocator = make_allocator(kind, 4, 4, 1);
    for (int i = 0; i < 4; ++i) {
      std::vector<AllocatorRequest> all = {ask(i, 3 - i)};
      allocator->allocate(all);
      EXPECT_TRUE(all[0].granted);
    }
  }
}

// The branches of a multicast flit, and only those, are served together.
TEST(AllocatorUnit, BranchesOfOneFlitAreServedTogether) {
  for (const Kind kind : {kIslip, kInputFirst, kOutputFirst}) {
    const auto allocator = make_allocator(kind, 2, 3, 1);
    std::vector<AllocatorRequest> all = {ask(0, 0), ask(0, 1), ask(0, 2)};
    for (auto& request : all) request.all = true;
    all[2].label = 7;  // another channel of the same input
    allocator->allocate(all);
    EXPECT_TRUE(all[0].granted && all[1].granted && !all[2].granted) << kind;
  }
}

// On random requests: no input and no output twice, only what was asked for, and nobody is left out for ever.
TEST(AllocatorUnit, RandomMatchingsAreMatchingsAndServeEverybody) {
  std::mt19937 random(3);
  for (const Kind kind : {kIslip, kInputFirst, kOutputFirst})
    for (int iterations = 1; iterations <= 3; ++iterations) {
      const int inputs = 6, outputs = 4;
      const auto allocator = make_allocator(kind, inputs, outputs, iterations);
      std::map<std::pair<int, int>, int> waited;
      for (int cycle = 0; cycle < 3000; ++cycle) {
        std::vector<AllocatorRequest> all;
        for (int i = 0; i < inputs; ++i)
          for (int o = 0; o < outputs; ++o)
            if (waited.count({i, o}) || random() % 3 == 0) {
              all.push_back(ask(i, o));
              ++waited[{i, o}];
            }
        std::shuffle(all.begin(), all.end(), random);
        allocator->allocate(all);
        std::set<int> used_inputs, used_outputs;
        for (const auto& [input, output] : granted(all)) {
          EXPECT_TRUE(used_inputs.insert(input).second);
          EXPECT_TRUE(used_outputs.insert(output).second);
          waited.erase({input, output});
        }
        if (!all.empty()) {
          EXPECT_FALSE(used_inputs.empty());
        }
        for (const auto& [pair, cycles] : waited) ASSERT_LT(cycles, 10 * inputs * outputs) << kind;
      }
    }
}

}  // namespace
}  // namespace spikeloom
