// What a FIFO of any type holds, for whoever only looks.
#pragma once

#include <systemc>

#include "sim/base/energy_ledger.h"

namespace spikeloom {

struct FifoStatus {
  size_t capacity = 0, size = 0;  // entries, those under way included
  size_t head = 0;                // place of the front entry in the ring; each pop moves it on by one
  Cycle visible_from = 0;         // of the front entry; meaningless without one
};

// Entries popped in a cycle, from the status before and after it. A FIFO that was full takes nothing while it is
// emptied.
inline size_t pops_between(const FifoStatus& before, const FifoStatus& after) {
  if (before.size == after.capacity && after.size == 0) return after.capacity;  // once around the ring
  return (after.head + after.capacity - before.head) % after.capacity;
}

class FifoView : public sc_core::sc_interface {
 public:
  virtual FifoStatus status() const = 0;
};

}  // namespace spikeloom
