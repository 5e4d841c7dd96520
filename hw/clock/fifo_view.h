// What a FIFO of any type holds, for whoever only looks.
#pragma once

#include <systemc>

#include "sim/base/energy_ledger.h"

namespace spikeloom {

struct FifoStatus {
  size_t capacity = 0, size = 0;  // entries, those under way included
  uint32_t pops = 0;              // so far, around the end of 32 bits
  Cycle visible_from = 0;         // of the front entry; meaningless without one
};

// Entries popped between two looks.
inline size_t pops_between(const FifoStatus& before, const FifoStatus& after) { return after.pops - before.pops; }

class FifoView : public sc_core::sc_interface {
 public:
  virtual FifoStatus status() const = 0;
};

}  // namespace spikeloom
