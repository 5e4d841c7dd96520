// Column commands in the order in which the bursts came.
#pragma once

#include "hw/dram/schedulers/scheduler.h"

namespace spikeloom {

class InOrder : public Scheduler {
 public:
  int may_go(int, int) const override { return 1; }
};

}  // namespace spikeloom
