// A row of round-robin arbiters: each serves the first choice at or after its pointer, the highest priority first.
#pragma once

#include <cstdint>
#include <vector>

namespace spikeloom {

class RoundRobinArbiters {
 public:
  RoundRobinArbiters(int arbiters, int choices) : arbiters_(static_cast<size_t>(arbiters)), choices_(choices) {}

  // Request `index` asks `arbiter` for `choice`; the best one offered since clear() is kept.
  void offer(int arbiter, int choice, int priority, int index) {
    Arbiter& at = arbiters_[arbiter];
    const int distance = choice - at.pointer + (choice < at.pointer ? choices_ : 0);
    const int rank = (priority << 16) - distance;
    if (at.best < 0)
      asked_.push_back(arbiter);
    else if (rank <= at.rank)
      return;
    at.best = index;
    at.rank = rank;
  }
  // The arbiters that were asked, and the request each would serve.
  const std::vector<int>& asked() const { return asked_; }
  int best(int arbiter) const { return arbiters_[arbiter].best; }
  // `choice` was served: the one after it is first next time.
  void advance(int arbiter, int choice) { arbiters_[arbiter].pointer = choice + 1 == choices_ ? 0 : choice + 1; }
  void clear() {
    for (const int arbiter : asked_) arbiters_[arbiter].best = -1;
    asked_.clear();
  }

 private:
  struct Arbiter {
    int pointer = 0, best = -1, rank = 0;
  };
  std::vector<Arbiter> arbiters_;
  std::vector<int> asked_;
  int choices_;
};

}  // namespace spikeloom
