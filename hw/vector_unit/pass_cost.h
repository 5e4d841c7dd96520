// Cycles and events of one pass over one vector.
#pragma once

#include "hw/vector_unit/vector_program.h"
#include "hw/vector_unit/vector_unit_spec.h"

namespace spikeloom {

struct VectorShape {
  int64_t elements = 0;
  int in_bits = 0, out_bits = 0;  // as in VectorJob
};

// How often the events of energy_events.h happen.
struct VectorEvents {
  uint64_t adds = 0, multiplies = 0, double_adds = 0, double_multiplies = 0;
  uint64_t exponential_reads = 0, seed_reads = 0;
  uint64_t shift_bits = 0, integer_bits = 0, histogram_bits = 0, register_bits = 0;
  uint64_t buffer_reads = 0, buffer_writes = 0;  // words of the vector buffer
  uint64_t global_reads = 0, global_writes = 0;  // words of the global buffer
};

struct PassCost {
  Cycle issue = 0;                // cycles in which elements enter the lanes
  Cycle latency = 0;              // from the cycle after the last one entered until its result can be read
  Cycle end = 0;                  // from then until what the pass finds of the whole vector is known
  VectorEvents elements, vector;  // of the elements, over `issue`; of the vector, over `end`
};

// Issue takes as long as the busiest of: lanes (an element each, once for every operation that a lane's one adder,
// multiplier or binary64 adder has to do for it), table ports, words read from and written to the global buffer (one of
// either kind a cycle, of `global_word_bytes`).
PassCost pass_cost(const VectorPass& pass, const VectorUnitSpec& spec, int global_word_bytes, const VectorShape& shape);

// An estimate for a job: cycles in which all passes over all its vectors issue, operands and results of binary32,
// coding with the longest rule.
double issue_cycles(VectorKind kind, const VectorUnitSpec& spec, int global_word_bytes, int64_t vectors,
                    int64_t elements);

}  // namespace spikeloom
