#include "hw/vector_unit/vector_unit.h"

#include <algorithm>
#include <cassert>

#include "sim/base/bits.h"

namespace spikeloom {

VectorUnit::VectorUnit(const sc_core::sc_module_name& name, Clock& clock, const VectorUnitSpec& spec,
                       SramMacro global_buffer, EnergyLedger& ledger)
    : Block(name, clock),
      jobs_in("jobs_in"),
      done_out("done_out"),
      spec_(spec),
      global_word_bytes_(int(global_buffer.word_bytes)),
      window_cycles_(ledger.window_cycles()) {
  const auto listed = [&](EnergyEvent event, uint64_t VectorEvents::*count) {
    counters_.push_back({&ledger.counter(this->name(), event), count});
  };
  const auto sram = [&](EnergyEvent event, SramMacro macro, uint64_t VectorEvents::*count) {
    counters_.push_back({&ledger.sram_counter(this->name(), event, macro), count});
  };
  listed(EnergyEvent::kVectorAdd, &VectorEvents::adds);
  listed(EnergyEvent::kVectorMultiply, &VectorEvents::multiplies);
  listed(EnergyEvent::kVectorDoubleAdd, &VectorEvents::double_adds);
  listed(EnergyEvent::kVectorDoubleMultiply, &VectorEvents::double_multiplies);
  listed(EnergyEvent::kVectorShiftBit, &VectorEvents::shift_bits);
  listed(EnergyEvent::kVectorIntegerBit, &VectorEvents::integer_bits);
  listed(EnergyEvent::kVectorHistogramBit, &VectorEvents::histogram_bits);
  listed(EnergyEvent::kVectorRegisterBit, &VectorEvents::register_bits);
  sram(EnergyEvent::kVectorTableRead, spec.format().exponential_table, &VectorEvents::exponential_reads);
  sram(EnergyEvent::kVectorTableRead, spec.format().seed_table, &VectorEvents::seed_reads);
  sram(EnergyEvent::kVectorBufferRead, spec.buffer(), &VectorEvents::buffer_reads);
  sram(EnergyEvent::kVectorBufferWrite, spec.buffer(), &VectorEvents::buffer_writes);
  sram(EnergyEvent::kGlobalBufferRead, global_buffer, &VectorEvents::global_reads);
  sram(EnergyEvent::kGlobalBufferWrite, global_buffer, &VectorEvents::global_writes);
}

void VectorUnit::tick() {
  if (now() < lanes_free_) return;  // woken by a job that has to wait
  if (program_ && all_issued()) finish();
  if (!program_) start();
  if (program_ && !all_issued()) issue();
}

void VectorUnit::start() {
  if (!jobs_in->can_pop()) return;
  job_ = jobs_in->front();
  jobs_in->pop();
  program_ = &vector_program(job_.kind, job_.rule, job_.offset);
  assert(job_.elements == 0 || job_.vectors > 0);
  vectors_ = std::min(job_.vectors, job_.elements);
  admitted_ = 0;
  assert(program_->size() == 1 || vectors_ == 0 || vector_elements(0) <= spec_.longest_vector());
  written_ = now() + 1;
  wake_at(written_);  // that is all of a job without elements
}

// Vectors are as equal as they can be, the longer ones first.
int64_t VectorUnit::vector_elements(int64_t index) const {
  return job_.elements / vectors_ + (index < job_.elements % vectors_);
}

// As many as the vector buffer holds of the job's longest vector.
int64_t VectorUnit::most_in_flight() const {
  if (program_->size() == 1) return spec_.vectors_in_flight;
  const int64_t words = ceil_div(vector_elements(0), spec_.lanes);
  return std::min<int64_t>(spec_.vectors_in_flight, spec_.buffer().bytes / spec_.buffer().word_bytes / words);
}

bool VectorUnit::admit() {
  if (admitted_ == vectors_ || int64_t(in_flight_.size()) == most_in_flight()) return false;
  in_flight_.push_back({vector_elements(admitted_++), 0, now()});
  return true;
}

// The oldest vector whose next pass may begin; a new one if there is none.
void VectorUnit::issue() {
  for (size_t i = 0; i < in_flight_.size(); ++i)
    if (in_flight_[i].ready <= now()) return issue_pass(i);
  if (admit()) return issue_pass(in_flight_.size() - 1);
  activity_.enter(ActivityState::kStalledInput, now());
  Cycle next = Clock::kNever;
  for (const Vector& vector : in_flight_) next = std::min(next, vector.ready);
  wake_at(next);
}

void VectorUnit::issue_pass(size_t index) {
  Vector& vector = in_flight_[index];
  const VectorPass& pass = (*program_)[vector.next_pass];
  const PassCost cost = pass_cost(pass, spec_, global_word_bytes_, {vector.elements, job_.in_bits, job_.out_bits});
  activity_.enter(ActivityState::kBusy, now());
  charge(cost.elements, now(), cost.issue);
  lanes_free_ = now() + cost.issue;
  const Cycle results = lanes_free_ + cost.latency;
  charge(cost.vector, results, cost.end);
  wake_at(lanes_free_);
  vector.ready = results + cost.end;
  if (++vector.next_pass < program_->size()) return;
  written_ = std::max(written_, results);
  elements_ += vector.elements;
  in_flight_.erase(in_flight_.begin() + index);
}

// The job is done in the first cycle in which all its results can be read.
void VectorUnit::finish() {
  if (now() < written_) {
    activity_.enter(ActivityState::kStalledInput, now());
    wake_at(written_);
    return;
  }
  if (!done_out->can_push()) {
    activity_.enter(ActivityState::kStalledOutput, now());
    return;
  }
  done_out->push(job_.id);
  ++jobs_;
  program_ = nullptr;
  activity_.enter(ActivityState::kIdle, now());
}

// Spreads counts evenly over cycles, window of the ledger by window.
void VectorUnit::charge(const VectorEvents& events, Cycle first, Cycle cycles) {
  for (const Counted& counted : counters_) {
    const uint64_t count = events.*counted.count;
    assert(count == 0 || cycles > 0);
    uint64_t charged = 0;
    for (Cycle at = first; charged < count;) {
      const Cycle next = std::min(first + cycles, at - at % window_cycles_ + window_cycles_);
      const uint64_t up_to = count * (next - first) / cycles;
      if (up_to > charged) counted.counter->add(at, up_to - charged, uint32_t(job_.phase));
      charged = up_to;
      at = next;
    }
  }
}

std::string VectorUnit::waits_for() const { return program_ ? "the end of a job, or space for its done" : ""; }

}  // namespace spikeloom
