// The bursts that wait in a DRAM channel, by age and by bank; at most `depth` of them.
#pragma once

#include <boost/intrusive/list.hpp>
#include <cassert>
#include <vector>

#include "hw/dram/mapping/address_mapping.h"

namespace spikeloom {

struct DramBurst {
  using Hook = boost::intrusive::list_member_hook<boost::intrusive::link_mode<boost::intrusive::normal_link>>;
  Hook age_hook, bank_hook;
  DramAddress at;
  uint64_t id = 0;
  uint64_t number = 0;                // bursts are numbered as they come
  const DramBurst* behind = nullptr;  // the youngest older one of the same address, if one of both is a write
  uint64_t left_before = 0;           // bursts that have left when it becomes the oldest, had none passed it
  uint16_t phase = 0;
  bool write = false, activated = false, precharged = false;
};

class BurstQueue {
  template <DramBurst::Hook DramBurst::*hook>
  using List = boost::intrusive::list<DramBurst, boost::intrusive::member_hook<DramBurst, DramBurst::Hook, hook>,
                                      boost::intrusive::constant_time_size<false>>;

 public:
  using ByAge = List<&DramBurst::age_hook>;
  using OfBank = List<&DramBurst::bank_hook>;

  BurstQueue(int depth, int banks) : bursts_(size_t(depth)), of_bank_(size_t(banks)) {
    for (DramBurst& burst : bursts_) free_.push_back(burst);
  }

  bool empty() const { return by_age_.empty(); }
  bool full() const { return free_.empty(); }
  const ByAge& by_age() const { return by_age_; }  // oldest first
  OfBank& of_bank(int bank) { return of_bank_[size_t(bank)]; }
  // Whether there is a write; without one, no burst waits behind another.
  bool has_writes() const { return writes_ > 0; }
  // How many younger bursts have left before the oldest.
  int passed() const { return int(left_ - by_age_.front().left_before); }

  // Needs !full().
  DramBurst& add(const DramAddress& at, uint64_t id, bool write, uint16_t phase) {
    assert(!full());
    DramBurst& burst = free_.front();
    free_.pop_front();
    burst.at = at;
    burst.id = id;
    burst.number = ++last_number_;
    burst.left_before = left_ + uint64_t(waiting_++);
    burst.phase = phase;
    burst.write = write;
    burst.activated = burst.precharged = false;
    burst.behind = nullptr;
    writes_ += write;
    if (writes_ > 0)
      for (const DramBurst& older : of_bank(at.bank))
        if (older.at == at && (older.write || write)) burst.behind = &older;
    by_age_.push_back(burst);
    of_bank(at.bank).push_back(burst);
    return burst;
  }
  void remove(DramBurst& burst) {
    OfBank& bank = of_bank(burst.at.bank);
    bank.erase(bank.iterator_to(burst));
    by_age_.erase(by_age_.iterator_to(burst));
    free_.push_front(burst);
    if (writes_ > 0)
      for (DramBurst& other : bank)
        if (other.behind == &burst) other.behind = nullptr;
    writes_ -= burst.write;
    --waiting_;
    ++left_;
  }

 private:
  std::vector<DramBurst> bursts_;
  ByAge by_age_, free_;
  std::vector<OfBank> of_bank_;
  int waiting_ = 0, writes_ = 0;
  uint64_t last_number_ = 0, left_ = 0;
};

}  // namespace spikeloom
