// Column commands in the order in which the bursts came.
#pragma once

#include "hw/dram/schedulers/scheduler.h"

namespace spikeloom {

class InOrder : public Scheduler {
 public:
  bool oldest_only(int) const override { return true; }
};

}  // namespace spikeloom
