// First ready, first come first served (S. Rixner et al., ISCA 2000): whichever burst can go first goes, the oldest of
// equals. When the oldest has been passed as often as the queue is deep, it goes next.
#pragma once

#include "hw/dram/schedulers/scheduler.h"

namespace spikeloom {

class FirstReady : public Scheduler {
 public:
  explicit FirstReady(int queue_depth) : most_(queue_depth) {}
  bool oldest_only(int passed) const override { return passed >= most_; }

 private:
  int most_;
};

}  // namespace spikeloom
