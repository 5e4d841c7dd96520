#include "hw/vector_unit/pass_cost.h"

#include <algorithm>

#include "sim/base/bits.h"

namespace spikeloom {

namespace {

// The datapath of an element, conversion of the operands that are codes included (side by side).
Datapath element_path(const VectorPass& pass, const VectorUnitSpec& spec, int in_bits) {
  if (pass.inputs == 0 || pass.integers || in_bits >= spec.format().element_bits) return pass.element;
  Datapath conversions = convert_code();
  for (int i = 1; i < pass.inputs; ++i) conversions = conversions | convert_code();
  return conversions + pass.element;
}

Cycle chain_cycles(const Datapath& path, const VectorUnitSpec& spec) {
  return Cycle(path.chain_adds) * spec.add_cycles + Cycle(path.chain_multiplies) * spec.multiply_cycles +
         Cycle(path.chain_double_adds) * spec.double_add_cycles +
         Cycle(path.chain_double_multiplies) * spec.double_multiply_cycles +
         Cycle(path.chain_reads) * spec.table_cycles + path.chain_stages;
}

VectorEvents events_of(const Datapath& path, uint64_t times, const VectorUnitSpec& spec) {
  VectorEvents events;
  events.adds = times * path.adds;
  events.multiplies = times * path.multiplies;
  events.double_adds = times * path.double_adds;
  events.double_multiplies = times * path.double_multiplies;
  events.exponential_reads = times * path.exponential_reads;
  events.seed_reads = times * path.seed_reads;
  events.shift_bits = times * path.shift_bits;
  events.integer_bits = times * path.integer_bits;
  events.histogram_bits = times * path.counted * spec.counter_bits();
  return events;
}

uint64_t words(uint64_t bits, int word_bytes) { return ceil_div(bits, 8 * uint64_t(word_bytes)); }

// Joins what the lanes hold: partial sums (as many a lane as its adder has stages) or extremes in a tree over all
// lanes; the counters of a histogram by prefix sums. Returns its cycles.
Cycle reduce(const VectorPass& pass, const VectorUnitSpec& spec, uint64_t elements, VectorEvents* events) {
  const uint64_t lanes = spec.lanes, stages = spec.double_add_cycles;
  const Cycle tree = ceil_log2(lanes);
  switch (pass.reduction) {
    case Reduction::kSum:
      events->double_adds += std::min(elements, lanes * stages) - 1;
      return (1 + ceil_log2(stages) + tree) * stages;  // the last element's own addition first
    case Reduction::kExtremes:
      events->integer_bits += (std::min(elements, lanes) - 1) * pass.extremes * spec.format().element_bits;
      return tree;
    case Reduction::kHistogram: {
      const uint64_t counters = (uint64_t{1} << kDigitBits) * spec.counter_bits();
      events->integer_bits += counters;
      events->register_bits += counters;  // cleared
      return tree + kDigitBits;           // how many lanes count the same digit; prefix sums of all digits
    }
    case Reduction::kNone:
      break;
  }
  return 0;
}

}  // namespace

PassCost pass_cost(const VectorPass& pass, const VectorUnitSpec& spec, int global_word_bytes,
                   const VectorShape& shape) {
  const uint64_t n = shape.elements, lanes = spec.lanes, element_bits = spec.format().element_bits;
  const Datapath path = element_path(pass, spec, shape.in_bits);
  const uint64_t summed = pass.reduction == Reduction::kSum;
  PassCost cost;
  VectorEvents& events = cost.elements;
  events = events_of(path, n, spec);
  events.double_adds += n * summed;
  const uint64_t buffer_words = ceil_div(n, lanes);
  events.buffer_reads = pass.reads_vector * buffer_words;
  events.buffer_writes = pass.writes_vector * buffer_words;
  events.global_reads = words(n * (pass.inputs * shape.in_bits + pass.reals * element_bits), global_word_bytes);
  events.global_writes = pass.writes_output * words(n * shape.out_bits, global_word_bytes) + pass.writes_exponents;
  const uint64_t turns = std::max({1, path.adds, path.multiplies, path.double_adds + int(summed)});
  const uint64_t reads = std::max(path.exponential_reads, path.seed_reads);
  cost.issue = std::max(
      {buffer_words * turns, ceil_div(n * reads, spec.table_ports), events.global_reads, events.global_writes});
  const bool writes = pass.writes_vector || pass.writes_output;
  cost.latency = 1 + chain_cycles(path, spec) + writes;  // the operand's read; the result's write
  events.register_bits = n * element_bits * cost.latency;
  cost.vector = events_of(pass.end, 1, spec);
  const Cycle joined = reduce(pass, spec, n, &cost.vector), ended = chain_cycles(pass.end, spec);
  cost.end = joined + ended;
  cost.vector.register_bits += ended * spec.format().sum_bits;
  return cost;
}

double issue_cycles(VectorKind kind, const VectorUnitSpec& spec, int global_word_bytes, int64_t vectors,
                    int64_t elements) {
  if (vectors == 0) return 0;
  const VectorShape shape{int64_t(ceil_div(uint64_t(elements), uint64_t(vectors))), 32, 32};
  Cycle cycles = 0;
  for (const VectorPass& pass : vector_program(kind, SalientRule::kRoundedMad, false))
    cycles += pass_cost(pass, spec, global_word_bytes, shape).issue;
  return double(vectors) * double(cycles);
}

}  // namespace spikeloom
