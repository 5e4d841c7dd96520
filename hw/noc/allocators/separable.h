// Separable allocators with round-robin arbiters (W. J. Dally and B. Towles, Principles and Practices of
// Interconnection Networks, 2004, section 19.3): one side decides first, the other among its winners.
#pragma once

#include "hw/noc/allocators/allocator.h"
#include "hw/noc/allocators/round_robin.h"

namespace spikeloom {

class SeparableInputFirst : public Allocator {
 public:
  SeparableInputFirst(int inputs, int outputs) : inputs_(inputs, outputs), outputs_(outputs, inputs) {}
  void allocate(std::vector<AllocatorRequest>& requests) override;

 private:
  RoundRobinArbiters inputs_, outputs_;
};

class SeparableOutputFirst : public Allocator {
 public:
  SeparableOutputFirst(int inputs, int outputs) : inputs_(inputs, outputs), outputs_(outputs, inputs) {}
  void allocate(std::vector<AllocatorRequest>& requests) override;

 private:
  RoundRobinArbiters inputs_, outputs_;
};

}  // namespace spikeloom
