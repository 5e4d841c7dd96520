// A row of round-robin arbiters: each serves the first choice behind the one that it served last, the highest priority
// first.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

namespace spikeloom {

class RoundRobinArbiters {
 public:
  // `served`: what the arbiters served last, kept by their owner.
  RoundRobinArbiters(int arbiters, int choices, uint16_t* served)
      : served_(served), choices_(choices), offers_(std::make_unique<Offers>()) {
    std::fill_n(served_, arbiters, uint16_t(choices - 1));
    offers_->of.resize(size_t(arbiters));
  }

  // How many choices the arbiter would serve rather than this one.
  int distance(int arbiter, int choice) const {
    const int ahead = choice - served_[arbiter] - 1;
    return ahead < 0 ? ahead + choices_ : ahead;
  }
  // Request `index` asks `arbiter` for `choice`; the best one offered since clear() is kept.
  void offer(int arbiter, int choice, int priority, int index) {
    Offer& at = offers_->of[arbiter];
    const int rank = (priority << 16) - distance(arbiter, choice);
    if (at.best < 0)
      offers_->asked.push_back(arbiter);
    else if (rank <= at.rank)
      return;
    at.best = index;
    at.rank = rank;
  }
  // The arbiters that were asked, and the request each would serve.
  const std::vector<int>& asked() const { return offers_->asked; }
  int best(int arbiter) const { return offers_->of[arbiter].best; }
  // `choice` was served: the one after it is first next time.
  void advance(int arbiter, int choice) { served_[arbiter] = uint16_t(choice); }
  void clear() {
    for (const int arbiter : offers_->asked) offers_->of[arbiter].best = -1;
    offers_->asked.clear();
  }

 private:
  struct Offer {
    int best = -1, rank = 0;
  };
  struct Offers {
    std::vector<Offer> of;  // [arbiter]
    std::vector<int> asked;
  };
  uint16_t* served_;  // [arbiter]: its last choice; the one behind it is first
  int choices_;
  std::unique_ptr<Offers> offers_;  // apart, so that what is always needed of an allocator is one cache line
};

}  // namespace spikeloom
