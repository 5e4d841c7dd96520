// A row is closed with the last column command that the queue holds for it.
#pragma once

#include "hw/dram/page/page_policy.h"

namespace spikeloom {

class ClosedPage : public PagePolicy {
 public:
  bool closes(bool wanted) const override { return !wanted; }
};

}  // namespace spikeloom
