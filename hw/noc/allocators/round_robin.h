// A row of round-robin arbiters: each serves the first choice behind the one that it served last, the highest priority
// first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace spikeloom {

class RoundRobinArbiters {
 public:
  // What is offered in one matching.
  class Offers {
   public:
    // There may be so many arbiters.
    void grow(int arbiters) { of_.resize(std::max(of_.size(), size_t(arbiters))); }

   private:
    friend class RoundRobinArbiters;
    struct Offer {
      int best = -1, rank = 0;
    };
    std::vector<Offer> of_;  // [arbiter]
    std::vector<int> asked_;
  };

  // `served`: what the arbiters served last. Both are kept by their owner.
  RoundRobinArbiters(uint16_t* served, int choices, Offers* offers)
      : served_(served), choices_(choices), offers_(*offers) {}

  // How many choices the arbiter would serve rather than this one.
  int distance(int arbiter, int choice) const {
    const int ahead = choice - served_[arbiter] - 1;
    return ahead < 0 ? ahead + choices_ : ahead;
  }
  // Request `index` asks `arbiter` for `choice`; the best one offered since clear() is kept.
  void offer(int arbiter, int choice, int priority, int index) {
    auto& at = offers_.of_[arbiter];
    const int rank = (priority << 16) - distance(arbiter, choice);
    if (at.best < 0)
      offers_.asked_.push_back(arbiter);
    else if (rank <= at.rank)
      return;
    at.best = index;
    at.rank = rank;
  }
  // The arbiters that were asked, and the request each would serve.
  const std::vector<int>& asked() const { return offers_.asked_; }
  int best(int arbiter) const { return offers_.of_[arbiter].best; }
  // `choice` was served: the one after it is first next time.
  void advance(int arbiter, int choice) { served_[arbiter] = uint16_t(choice); }
  void clear() {
    for (const int arbiter : offers_.asked_) offers_.of_[arbiter].best = -1;
    offers_.asked_.clear();
  }

 private:
  uint16_t* served_;  // [arbiter]: its last choice; the one behind it is first
  int choices_;
  Offers& offers_;
};

}  // namespace spikeloom
