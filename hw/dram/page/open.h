// Rows stay open until another row of the bank is wanted, or a refresh.
#pragma once

#include "hw/dram/page/page_policy.h"

namespace spikeloom {

class OpenPage : public PagePolicy {
 public:
  bool closes(bool) const override { return false; }
};

}  // namespace spikeloom
