// Patterns whose times follow from the banks alone.
#include "hw/sram/bank_ports.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace spikeloom {
namespace {

// Cycles that `accesses` of one word take, one after another, with a second port that tries first in every cycle.
Cycle cycles_of(BankPorts* banks, int accesses, uint64_t (*first)(int), uint64_t (*other)(Cycle)) {
  Cycle now = 0;
  for (int done = 0; done < accesses; ++now) {
    EXPECT_TRUE(banks->take(now, other(now), 1));
    done += banks->take(now, first(done), 1);
  }
  return now;
}

TEST(BankPortsTiming, WordsOfOtherBanksNeverWait) {
  BankPorts banks(2);
  EXPECT_EQ(cycles_of(
                &banks, 1000, [](int i) { return 2 * uint64_t(i); }, [](Cycle now) { return 2 * now + 1; }),
            1000u);
}

TEST(BankPortsTiming, WordsOfATakenBankWaitForever) {
  BankPorts banks(2);
  for (Cycle now = 0; now < 1000; ++now) {
    EXPECT_TRUE(banks.take(now, 4 * now, 1));
    EXPECT_FALSE(banks.take(now, 6, 1));
  }
}

// Eight words in B banks, all of them at once: the next access of a bank waits for the last of its ceil(8 / B) words.
TEST(BankPortsTiming, MoreWordsThanBanksTakeAsManyCyclesAsTheFullestBankHas) {
  for (int count = 1; count <= 10; ++count) {
    BankPorts banks(count);
    EXPECT_TRUE(banks.take(5, 3, 8));
    Cycle next = 6;
    while (!banks.take(next, 3, 1)) ++next;
    EXPECT_EQ(next, 5u + (8 + count - 1) / count) << count;
  }
}

// Two ports at random banks of B: the second one finds its bank free with probability 1 - 1/B, so that n accesses take
// n B / (B - 1) cycles on average, with a variance of n B / (B - 1)^2: four standard deviations are allowed.
TEST(BankPortsTiming, RandomWordsWaitAsOftenAsTheyMeet) {
  for (const int count : {2, 4, 8}) {
    BankPorts banks(count);
    std::mt19937_64 random(count);
    const int accesses = 20000;
    Cycle now = 0;
    for (int done = 0; done < accesses; ++now) {
      banks.take(now, random(), 1);
      done += banks.take(now, random(), 1);
    }
    const double expected = double(accesses) * count / (count - 1);
    const double deviation = std::sqrt(double(accesses) * count) / (count - 1);
    EXPECT_NEAR(double(now), expected, 4 * deviation) << count;
  }
}

}  // namespace
}  // namespace spikeloom
