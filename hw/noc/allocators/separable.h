// Separable allocators with round-robin arbiters (W. J. Dally and B. Towles, Principles and Practices of
// Interconnection Networks, 2004, section 19.3): one side decides first, the other among its winners.
#pragma once

#include "hw/noc/allocators/allocator.h"

namespace spikeloom {

class SeparableInputFirst : public Allocator {
 public:
  using Allocator::Allocator;

 private:
  void match(AllocatorRequest* requests, size_t count) override;
};

class SeparableOutputFirst : public Allocator {
 public:
  using Allocator::Allocator;

 private:
  void match(AllocatorRequest* requests, size_t count) override;
};

}  // namespace spikeloom
