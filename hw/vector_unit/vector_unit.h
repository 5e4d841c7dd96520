// Vector unit of a memory node: what lies between the linear operations, from global buffer to global buffer.
//
//     jobs_in --> [ passes over vectors: global buffer, vector buffer --> lanes --> either ] --> done_out
//
// Timing   one pass of one vector enters the lanes at a time, for PassCost::issue cycles; the vector's next pass begins
//          latency + end cycles later. Meanwhile the oldest other vector that is ready goes, up to vectors_in_flight.
//          In the first cycle in which all of a job's results can be read its done is pushed and the next job begins;
//          a full done_out holds up the next job.
// Energy   Vector* events per operation, GlobalBufferRead and -Write per word; README.md lists them by kind.
// Config   VectorUnitSpec, section memory_node.vector_unit.
// Differs  values come from the trace; DEVIATIONS 36 to 39.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/vector_unit/pass_cost.h"
#include "sim/base/activity.h"

namespace spikeloom {

// One entry of the trace's vector-unit list, or a memory node's share of it: whole vectors.
struct VectorJob {
  VectorKind kind = VectorKind::kRmsNorm;
  int64_t elements = 0, vectors = 0;
  int in_bits = 16, out_bits = 16;              // per element and operand, as stored in the global buffer
  SalientRule rule = SalientRule::kRoundedMad;  // encode
  bool offset = false;                          // quantize: subtracts a constant per dimension first
  int phase = 0;                                // that its energy belongs to
  int id = 0;
};

class VectorUnit : public Block {
 public:
  FifoIn<VectorJob> jobs_in;
  FifoOut<int> done_out;  // id of a job whose results all lie in the global buffer

  // `global_buffer`: the macro that it reads and writes.
  VectorUnit(const sc_core::sc_module_name& name, Clock& clock, const VectorUnitSpec& spec, SramMacro global_buffer,
             EnergyLedger& ledger);

  std::string waits_for() const override;
  // Busy: a pass enters the lanes. Stalled for input: all vectors in flight wait for a reduction, or results are on
  // their way to the buffer.
  const Activity& activity() const { return activity_; }
  Activity& activity() { return activity_; }
  uint64_t jobs() const { return jobs_; }
  uint64_t elements() const { return elements_; }

 private:
  // A vector between its passes.
  struct Vector {
    int64_t elements;
    size_t next_pass;
    Cycle ready;
  };
  void tick() override;
  void start();
  void issue();
  void issue_pass(size_t index);
  void finish();
  bool admit();
  bool all_issued() const { return admitted_ == vectors_ && in_flight_.empty(); }
  int64_t vector_elements(int64_t index) const;
  int64_t most_in_flight() const;
  void charge(const VectorEvents& events, Cycle first, Cycle cycles);

  struct Counted {
    EnergyCounter* counter;
    uint64_t VectorEvents::*count;
  };
  VectorUnitSpec spec_;
  int global_word_bytes_;
  Cycle window_cycles_;
  std::vector<Counted> counters_;
  VectorJob job_;
  const VectorProgram* program_ = nullptr;  // of the job under way; null between jobs
  int64_t vectors_ = 0, admitted_ = 0;      // of the job; of these, begun
  std::deque<Vector> in_flight_;            // oldest first
  Cycle lanes_free_ = 0;                    // from when a pass may enter
  Cycle written_ = 0;                       // from when all results of finished vectors can be read
  Activity activity_;
  uint64_t jobs_ = 0, elements_ = 0;
};

}  // namespace spikeloom
