#include "hw/vector_unit/vector_unit.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/fifo_probe.h"

namespace spikeloom {
namespace {

// 4 lanes; an addition takes 3 cycles, a multiplication 4, in binary64 5 and 6, a table 2, from two ports. Vector
// buffer: 64 words of 4 elements, so counters of 9 bits (0 .. 256). Global buffer: words of 128 bits.
VectorUnitSpec small_unit() {
  VectorUnitSpec spec;
  spec.lanes = 4;
  spec.add_cycles = 3;
  spec.multiply_cycles = 4;
  spec.double_add_cycles = 5;
  spec.double_multiply_cycles = 6;
  spec.table_ports = 2;
  spec.table_cycles = 2;
  spec.buffer_bytes = 1024;
  spec.vectors_in_flight = 2;
  return spec;
}

struct UnitProbe {
  explicit UnitProbe(const VectorUnitSpec& spec = small_unit(), size_t places = 4, Cycle window = 1)
      : ledger(window), done(clock, places), unit("unit", clock, spec, {4096, 16}, ledger) {
    source.out(jobs);
    unit.jobs_in(jobs);
    unit.done_out(done);
    sink.in(done);
  }
  // Sends jobs in cycle 10: they are seen in 11.
  void run(const std::vector<VectorJob>& all) {
    source.add_all(10, all);
    sc_core::sc_start();
  }
  // Cycles from the start of the first job to the done of job i: pushed one cycle before the sink sees it.
  Cycle done_after(size_t i) const { return sink.cycles.at(i) - 1 - 11; }
  uint64_t count(EnergyEvent event) { return counted(ledger, event); }

  Clock clock{"clock", 500};
  EnergyLedger ledger;
  RegisteredFifo<VectorJob> jobs{clock, 4};
  RegisteredFifo<int> done;
  FifoSource<VectorJob> source{"source", clock};
  VectorUnit unit;
  FifoSink<int> sink{"sink", clock};
};

VectorJob job(VectorKind kind, int64_t elements, int64_t vectors, int in_bits, int out_bits) {
  VectorJob job;
  job.kind = kind;
  job.elements = elements;
  job.vectors = vectors;
  job.in_bits = in_bits;
  job.out_bits = out_bits;
  return job;
}
VectorJob encode(SalientRule rule) {
  VectorJob made = job(VectorKind::kEncode, 8, 1, 32, 6);
  made.rule = rule;
  return made;
}

Cycle cycles_of(const VectorJob& made) {
  UnitProbe probe;
  probe.run({made});
  return probe.done_after(0);
}

// One vector of 8 elements. A pass: issue, then 1 to read + the chain + 1 to write if it does, then what ends the
// vector. Sums end after (1 + log2(5) rounded up + log2(4)) * 5 = 30 cycles, extremes after log2(4) = 2, histograms
// after 2 + 4.

// Squares: 2 + (1 + 4 + 1), sum 30, over D 6 + 2 * (6 + 5) = 28, epsilon 5, root 2 + 3 * (3 * 6 + 5) = 71.
// Weights: 2 multiplications each on 2 words of lanes 4, 1 + 2 * 4 + 1.
TEST(VectorUnitTiming, RmsNorm) {
  EXPECT_EQ(cycles_of(job(VectorKind::kRmsNorm, 8, 1, 32, 32)), 2 + 6 + 30 + 28 + 5 + 71 + 4 + 10u);
}

// Largest: 2 + (1 + conversion 3 + 1 + 1) + 2. Exponentials: two multiplications or additions each, 4 (and 8 look-ups
// at two ports, 4), 1 + subtraction 3 + (4 + shifts 2 + table 2 + 4 + 3 + exponent 1) + 1, sum 30, reciprocal 2 + 3 *
// (6 + 5 + 6) = 53. Scaled: 2 + (1 + 4 + 1).
TEST(VectorUnitTiming, Softmax) {
  EXPECT_EQ(cycles_of(job(VectorKind::kSoftmax, 8, 1, 16, 32)), (2 + 6 + 2) + (4 + 21 + 30 + 53) + (2 + 6u));
}

// 2 + 8 + 2 multiplications each, on 2 words of lanes: 24. Conversion 3, exponential 16, 1 + e^-x 3, quotient: seed 2,
// 2 * (4 + 3 + 4), 4, remainder 4 + 5, 4 + 3, remainder 4 + 5, against half a unit and by one 2; then 4 + 4.
TEST(VectorUnitTiming, GatedSilu) {
  const Cycle quotient = 2 + 22 + 4 + 9 + 7 + 9 + 2;
  EXPECT_EQ(cycles_of(job(VectorKind::kGatedSilu, 8, 1, 16, 32)), 24 + (1 + 3 + 16 + 3 + quotient + 8 + 1u));
}

// Two multiplications each: 4; 1 + 3 + 4 + 3 + 1.
TEST(VectorUnitTiming, Rotary) { EXPECT_EQ(cycles_of(job(VectorKind::kRotary, 8, 1, 16, 32)), 4 + 12u); }

// 8 * (16 + 32) bits are 3 words; 1 + 3 + 3 + 1.
TEST(VectorUnitTiming, ResidualAdd) { EXPECT_EQ(cycles_of(job(VectorKind::kResidualAdd, 8, 1, 16, 32)), 3 + 8u); }

// Largest: 2 + (1 + 3 + 1 + 1) + 2, ratio 4, logarithm 2, bounds 1. Codes: 2 (one word of codes, one of exponents), 1 +
// 4
// + exponent 1 + (shift, round, bounds) 3 + 1.
TEST(VectorUnitTiming, Quantize) {
  EXPECT_EQ(cycles_of(job(VectorKind::kQuantize, 8, 1, 16, 4)), (2 + 6 + 2 + 7) + (2 + 10u));
}

// Keys after the rotary embedding: binary32 and no conversion, offsets beside them, 8 * 64 bits, 4 words; 1 + 3 + 1
// + 1.
TEST(VectorUnitTiming, QuantizeWithOffset) {
  VectorJob keys = job(VectorKind::kQuantize, 8, 1, 32, 4);
  keys.offset = true;
  EXPECT_EQ(cycles_of(keys), (4 + 6 + 2 + 7) + (2 + 10u));
}

// Two digits of the key: 2 + (1 + 2 + 1 + 1) + 6 with the load; 2 + (1 + 2 + 1 + 1) + 6. Middle: 2 + (1 + 2 + 1 + 1) +
// 2, mean 3 + 1, logarithm 2, limit 1. Salient: 2 + (1 + 4 + 3 + 1) + 2, exponents 2. Codes: 2 + (1 + 4 + 1 + 3 + 1).
TEST(VectorUnitTiming, EncodeByRoundedMad) {
  EXPECT_EQ(cycles_of(encode(SalientRule::kRoundedMad)),
            (2 + 5 + 6) + (2 + 5 + 6) + (2 + 5 + 2 + 7) + (2 + 9 + 2 + 2) + (2 + 10u));
}

// Median: 8 digits of 2 + (1 + 1 [+ 1]) + 6, the load writes and does not compare; middle 2 + 3 + 2, mean 4.
// Deviations: the same with a subtraction 3 before, limit 4 more. Range: 2 + (1 + 4 + 1) + 2, 3, quotient 44, 4,
// logarithm 2, bounds
// 1. Salient: two additions each, 4, 1 + 7 + 1, 2, exponent 2. Codes: 4 + (1 + 7 + 4 + 1).
TEST(VectorUnitTiming, EncodeByMad) {
  const Cycle median = 8 * (2 + 3 + 6) + (2 + 3 + 2 + 4);
  const Cycle deviation = (2 + 5 + 6) + 7 * (2 + 6 + 6) + (2 + 6 + 2 + 8);
  EXPECT_EQ(cycles_of(encode(SalientRule::kMad)), median + deviation + (2 + 6 + 2 + 65) + (4 + 9 + 2 + 2) + (4 + 13));
}

// Largest: 2 + (1 + 1 + 1) + 2 + 2. Salient: 2 + (1 + 1 + 3 + 1) + 2 + 2. Codes: 2 + (1 + 1 + 4 + 1).
TEST(VectorUnitTiming, EncodeByLargest) {
  EXPECT_EQ(cycles_of(encode(SalientRule::kLargest)), (2 + 3 + 4) + (2 + 6 + 4) + (2 + 7u));
}

// 32 elements are 8 turns of 4 lanes, but 32 * (16 + 32) bits are 12 words of the global buffer.
TEST(VectorUnitTiming, TheGlobalBuffersWordsLimitAPass) {
  EXPECT_EQ(cycles_of(job(VectorKind::kResidualAdd, 32, 1, 16, 32)), 12 + 8u);
}

// 8 look-ups of one port take 8 cycles where two multiplications for each of 8 elements take 4.
TEST(VectorUnitTiming, TablePortsLimitAPass) {
  VectorUnitSpec spec = small_unit();
  spec.table_ports = 1;
  UnitProbe probe(spec);
  probe.run({job(VectorKind::kSoftmax, 8, 1, 16, 32)});
  EXPECT_EQ(probe.done_after(0), (2 + 6 + 2) + (8 + 21 + 30 + 53) + (2 + 6u));
}

Cycle three_quantized(int in_flight, int64_t elements = 24, int buffer_bytes = 1024) {
  VectorUnitSpec spec = small_unit();
  spec.vectors_in_flight = in_flight;
  spec.buffer_bytes = buffer_bytes;
  UnitProbe probe(spec);
  probe.run({job(VectorKind::kQuantize, elements, 3, 16, 4)});
  return probe.done_after(0);
}

// Two passes of 2 cycles; the second may begin 15 cycles after the first ended, and its results lie there 10 after it.
// One at a time: passes at 0, 17; 19, 36; 38, 55.
TEST(VectorUnitTiming, OneVectorInFlightWaitsForEveryReduction) { EXPECT_EQ(three_quantized(1), 55 + 2 + 10u); }
// First passes at 0 and 2; second at 17 and 19; the third vector at 21 and 38.
TEST(VectorUnitTiming, TwoVectorsInFlightShareTheLanes) { EXPECT_EQ(three_quantized(2), 38 + 2 + 10u); }
// At 0, 2, 4; at 17, 19, 21.
TEST(VectorUnitTiming, ThreeVectorsInFlightHideTheReduction) { EXPECT_EQ(three_quantized(3), 21 + 2 + 10u); }

// 16 words of 4 elements hold one vector of 64: like one in flight. Passes of 16 cycles at 0, 31; 47, 78; 94, 125.
TEST(VectorUnitTiming, TheVectorBufferLimitsVectorsInFlight) {
  EXPECT_EQ(three_quantized(3, 192, 256), 125 + 16 + 10u);
}

// 10 elements in 4 vectors: 3, 3, 2, 2, a cycle each, in words of their own: one of codes and residuals (3 * 48 bits)
// takes two reads, one of 2 * 48 one. Results lie there 8 cycles after the last pass.
TEST(VectorUnitTiming, VectorsAreAsEqualAsTheyCanBe) {
  EXPECT_EQ(cycles_of(job(VectorKind::kResidualAdd, 10, 4, 16, 32)), 2 + 2 + 1 + 1 + 8u);
}

// The next job may read what this one wrote: it begins in the cycle of its done.
TEST(VectorUnitTiming, AJobBeginsWhenTheOneBeforeHasWritten) {
  UnitProbe probe;
  probe.run({job(VectorKind::kRotary, 8, 1, 16, 32), job(VectorKind::kResidualAdd, 8, 1, 16, 32)});
  EXPECT_EQ(probe.done_after(0), 16u);
  EXPECT_EQ(probe.done_after(1), 16u + 11);
}

TEST(VectorUnitTiming, AJobWithoutElementsIsDoneInTheNextCycle) {
  UnitProbe probe;
  probe.run({job(VectorKind::kSoftmax, 0, 0, 16, 32), job(VectorKind::kResidualAdd, 8, 1, 16, 32)});
  EXPECT_EQ(probe.done_after(0), 1u);
  EXPECT_EQ(probe.done_after(1), 1u + 11);
}

// The sink takes nothing before 200. One done lies in the FIFO; the second (after 16 and 16) waits, and so does the job
// behind it, which begins when there is a place: popped in 200, free in 201.
TEST(VectorUnitTiming, AFullOutputHoldsUpTheNextJob) {
  UnitProbe probe(small_unit(), 1);
  probe.sink.stall(0, 200);
  std::vector<VectorJob> all(3, job(VectorKind::kRotary, 8, 1, 16, 32));
  for (int i = 0; i < 3; ++i) all[i].id = 7 + i;
  probe.run(all);
  EXPECT_EQ(probe.sink.values, (std::vector<int>{7, 8, 9}));
  EXPECT_EQ(probe.sink.cycles, (std::vector<Cycle>{200, 202, 201 + 16 + 1}));
  EXPECT_EQ(probe.unit.activity().cycles(ActivityState::kStalledOutput), 201u - (11 + 16 + 16));
  EXPECT_EQ(probe.unit.waits_for(), "");
}

// Busy in the cycles in which passes enter, 3 * (2 + 2) above, stalled in the rest of 50, idle before and after.
TEST(VectorUnitUnit, CyclesAreBusyStalledOrIdle) {
  UnitProbe probe;
  probe.run({job(VectorKind::kQuantize, 24, 3, 16, 4)});
  Activity& activity = probe.unit.activity();
  activity.close(1000);
  EXPECT_EQ(activity.cycles(ActivityState::kBusy), 12u);
  EXPECT_EQ(activity.cycles(ActivityState::kStalledInput), 50u - 12);
  EXPECT_EQ(activity.cycles(ActivityState::kIdle), 1000u - 50);
  EXPECT_EQ(probe.unit.jobs(), 1u);
  EXPECT_EQ(probe.unit.elements(), 24u);
}

// Jobs of every kind, in any numbers: each is done once, in order, and every element leaves.
TEST(VectorUnitUnit, EveryJobIsDoneOnceInOrder) {
  UnitProbe probe(small_unit(), 1);
  probe.sink.stall_when([](Cycle cycle) { return cycle % 97 < 40; });
  std::vector<VectorJob> all;
  int64_t elements = 0;
  for (int i = 0; i < 70; ++i) {
    VectorJob made = job(VectorKind(i % 7), (i * 37) % 200, 1 + i % 9, i % 2 ? 16 : 32, 6);
    made.rule = SalientRule(i % 3);
    made.offset = i % 4 == 0;
    made.id = i;
    elements += made.elements;
    all.push_back(made);
  }
  probe.run(all);
  ASSERT_EQ(probe.sink.count(), 70u);
  for (int i = 0; i < 70; ++i) EXPECT_EQ(probe.sink.values[i], i);
  EXPECT_EQ(int64_t(probe.unit.elements()), elements);
  EXPECT_EQ(probe.unit.jobs(), 70u);
}

using Counts = std::map<EnergyEvent, uint64_t>;

// Compares every event that the unit counts; those not listed are 0.
void expect_counts(const VectorJob& made, Counts expected) {
  UnitProbe probe;
  probe.run({made});
  for (const EnergyEventInfo& event : kEnergyEvents)
    EXPECT_EQ(probe.count(event.event), expected[event.event]) << event.name;
}

// Two words of lanes are written and read, 8 * 32 bits, two words of the global buffer, read twice and written once.
// Sums: 8 additions, 7 to join 8 partial sums; then 2 + 1 + 3 additions and 3 + 9 multiplications of binary64.
// Registers: 32 bits over 6 and 10 cycles for 8 elements, 64 over 28 + 5 + 71.
TEST(VectorUnitEnergy, RmsNorm) {
  expect_counts(job(VectorKind::kRmsNorm, 8, 1, 32, 32), {{EnergyEvent::kVectorMultiply, 8 + 2 * 8},
                                                          {EnergyEvent::kVectorDoubleAdd, 8 + 7 + 6},
                                                          {EnergyEvent::kVectorDoubleMultiply, 12},
                                                          {EnergyEvent::kVectorTableRead, 1},
                                                          {EnergyEvent::kVectorRegisterBit, 8 * 32 * 16 + 64 * 104},
                                                          {EnergyEvent::kVectorBufferWrite, 2},
                                                          {EnergyEvent::kVectorBufferRead, 2},
                                                          {EnergyEvent::kGlobalBufferRead, 2 + 2},
                                                          {EnergyEvent::kGlobalBufferWrite, 2}});
}

// Integer bits of each element: conversion 16 + 8, largest 32; limit of the exponential 32, exponent 8; of the vector:
// 3 comparisons that join 4 lanes. Shifts: conversion, two in the exponential. Reciprocal: 3 additions, 6
// multiplications.
TEST(VectorUnitEnergy, Softmax) {
  expect_counts(job(VectorKind::kSoftmax, 8, 1, 16, 32),
                {{EnergyEvent::kVectorAdd, 8 * 2},
                 {EnergyEvent::kVectorMultiply, 8 * (2 + 1)},
                 {EnergyEvent::kVectorDoubleAdd, 8 + 7 + 3},
                 {EnergyEvent::kVectorDoubleMultiply, 6},
                 {EnergyEvent::kVectorTableRead, 8 + 1},
                 {EnergyEvent::kVectorShiftBit, 8 * 3 * 32},
                 {EnergyEvent::kVectorIntegerBit, 8 * (24 + 32 + 40) + 3 * 32},
                 {EnergyEvent::kVectorRegisterBit, 8 * 32 * (6 + 21 + 6) + 64 * 53},
                 {EnergyEvent::kVectorBufferWrite, 2 + 2},
                 {EnergyEvent::kVectorBufferRead, 2 + 2},
                 {EnergyEvent::kGlobalBufferRead, 1},
                 {EnergyEvent::kGlobalBufferWrite, 2}});
}

// Two operands are converted. Multiplications: exponential 2, quotient 8, products 2; additions: 1, 1 + e^-x, 3. The
// quotient has two remainders, and 3 * 32 integer bits for its last unit.
TEST(VectorUnitEnergy, GatedSilu) {
  expect_counts(job(VectorKind::kGatedSilu, 8, 1, 16, 32), {{EnergyEvent::kVectorAdd, 8 * 5},
                                                            {EnergyEvent::kVectorMultiply, 8 * 12},
                                                            {EnergyEvent::kVectorDoubleAdd, 8 * 2},
                                                            {EnergyEvent::kVectorTableRead, 8 * 2},
                                                            {EnergyEvent::kVectorShiftBit, 8 * 4 * 32},
                                                            {EnergyEvent::kVectorIntegerBit, 8 * (2 * 24 + 40 + 96)},
                                                            {EnergyEvent::kVectorRegisterBit, 8 * 32 * 87},
                                                            {EnergyEvent::kGlobalBufferRead, 2},
                                                            {EnergyEvent::kGlobalBufferWrite, 2}});
}

// Integer bits of each element: keys 31 (three times), digit 4, bucket 8 and 2 comparisons, then the salient limit, 24
// to round, 2 comparisons; then the limit, exponent 8, 24 to round either way. Of the vector: two searches of 16
// counters of 9 bits, two joints of 2 extremes over 4 lanes, 8 + 31 + 8, 2 * 31. Shifts: to see what fits; of either
// code.
TEST(VectorUnitEnergy, EncodeByRoundedMad) {
  const uint64_t element = 31 + (31 + 4) + (31 + 8 + 64) + (32 + 24 + 64) + (32 + 8 + 2 * 24);
  const uint64_t vector = 2 * 16 * 9 + 2 * 3 * 2 * 32 + 47 + 62;
  expect_counts(encode(SalientRule::kRoundedMad),
                {{EnergyEvent::kVectorAdd, 1},
                 {EnergyEvent::kVectorMultiply, 8 * 2},
                 {EnergyEvent::kVectorShiftBit, 8 * 3 * 32},
                 {EnergyEvent::kVectorIntegerBit, 8 * element + vector},
                 {EnergyEvent::kVectorHistogramBit, 2 * 8 * 9},
                 {EnergyEvent::kVectorRegisterBit, 8 * 32 * (5 + 5 + 5 + 9 + 10) + 2 * 16 * 9 + 64 * (7 + 2)},
                 {EnergyEvent::kVectorBufferWrite, 2},
                 {EnergyEvent::kVectorBufferRead, 4 * 2},
                 {EnergyEvent::kGlobalBufferRead, 2},
                 {EnergyEvent::kGlobalBufferWrite, 1 + 1}});
}

// 21 passes: subtractions of the median in 8 + 1 + 3 of them, onto the grid in 2; of the vector two means and a range;
// limit, quotient (8 multiplications, 3 additions, two of binary64), unit.
TEST(VectorUnitEnergy, EncodeByMadReadsTheVectorTwentyTimes) {
  UnitProbe probe;
  probe.run({encode(SalientRule::kMad)});
  EXPECT_EQ(probe.count(EnergyEvent::kVectorBufferRead), 20 * 2u);
  EXPECT_EQ(probe.count(EnergyEvent::kVectorBufferWrite), 2u);
  EXPECT_EQ(probe.count(EnergyEvent::kVectorHistogramBit), 16 * 8 * 9u);
  EXPECT_EQ(probe.count(EnergyEvent::kVectorAdd), 8 * (12 + 2) + 3 + 3u);
  EXPECT_EQ(probe.count(EnergyEvent::kVectorMultiply), 8 * 2 + 1 + 8 + 1u);
  EXPECT_EQ(probe.count(EnergyEvent::kVectorDoubleAdd), 2u);
  EXPECT_EQ(probe.count(EnergyEvent::kGlobalBufferRead), 2u);
}

// 100 vectors of 8 cost a hundred times one, whatever is in flight.
TEST(VectorUnitEnergy, VectorsCostTheSameSideBySide) {
  expect_counts(job(VectorKind::kResidualAdd, 800, 100, 16, 32), {{EnergyEvent::kVectorAdd, 800},
                                                                  {EnergyEvent::kVectorShiftBit, 800 * 32},
                                                                  {EnergyEvent::kVectorIntegerBit, 800 * 24},
                                                                  {EnergyEvent::kVectorRegisterBit, 800 * 32 * 8},
                                                                  {EnergyEvent::kGlobalBufferRead, 100 * 3},
                                                                  {EnergyEvent::kGlobalBufferWrite, 100 * 2}});
}

// 8 additions over 3 cycles from cycle 11 on: 2, 3, 3; and all of it in the job's phase.
TEST(VectorUnitEnergy, CountsSpreadOverThePassInTheJobsPhase) {
  UnitProbe probe;
  VectorJob made = job(VectorKind::kResidualAdd, 8, 1, 16, 32);
  made.phase = 5;
  probe.run({made});
  probe.ledger.close();
  std::vector<std::pair<Cycle, uint64_t>> additions;
  for (const EnergyRecord& record : probe.ledger.records()) {
    EXPECT_EQ(record.phase, 5u);
    if (probe.ledger.counters()[record.counter]->event() == EnergyEvent::kVectorAdd)
      additions.emplace_back(record.window_begin, record.count);
  }
  EXPECT_EQ(additions, (std::vector<std::pair<Cycle, uint64_t>>{{11, 2}, {12, 3}, {13, 3}}));
}

}  // namespace
}  // namespace spikeloom
