// Ports of an SRAM in banks of one port each: word a lies in bank a mod banks.
//
// Timing   an access takes the bank of each of its words for a cycle; more words than banks take the banks for as many
//          cycles as the fullest bank has words. An access that finds one of its banks taken waits as a whole.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/energy_ledger.h"

namespace spikeloom {

class BankPorts {
 public:
  explicit BankPorts(int banks) : free_from_(banks, 0) {}

  // Takes the banks of `words` words from word `first` on in cycle `now`. False, and nothing taken, where one is taken.
  bool take(Cycle now, uint64_t first, int words) {
    const size_t banks = free_from_.size();
    for (size_t i = 0; i < banks && i < size_t(words); ++i)
      if (free_from_[(first + i) % banks] > now) return false;
    for (int i = 0; i < words; ++i) free_from_[(first + i) % banks] = now + 1 + i / int(banks);
    return true;
  }

 private:
  std::vector<Cycle> free_from_;  // by bank: the first cycle in which its port is free
};

}  // namespace spikeloom
