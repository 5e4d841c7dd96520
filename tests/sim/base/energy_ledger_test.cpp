#include "sim/base/energy_ledger.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/property.h"

namespace spikeloom {
namespace {

constexpr EnergyEvent kEvent = EnergyEvent::kSlopeAddBit;

using Windows = std::map<Cycle, uint64_t>;

Windows windows_of(const EnergyLedger& ledger, uint32_t counter, uint32_t phase = 0) {
  Windows counts;
  for (const EnergyRecord& record : ledger.records())
    if (record.counter == counter && record.phase == phase) counts[record.window_begin] += record.count;
  return counts;
}

TEST(EnergyLedgerUnit, CountsFallIntoTheWindowOfTheirCycle) {
  EnergyLedger ledger(10);
  EnergyCounter& counter = ledger.counter("block", kEvent);
  counter.add(0, 1);
  counter.add(9, 2);
  counter.add(10, 4);
  counter.add(35, 8);
  ledger.close();
  EXPECT_EQ(windows_of(ledger, 0), (Windows{{0, 3}, {10, 4}, {30, 8}}));
  EXPECT_EQ(counter.total(), 15u);
}

TEST(EnergyLedgerUnit, TotalIncludesTheWindowThatIsStillOpen) {
  EnergyLedger ledger(10);
  EnergyCounter& counter = ledger.counter("block", kEvent);
  counter.add(3, 5);
  EXPECT_EQ(counter.total(), 5u);
  EXPECT_TRUE(ledger.records().empty());
}

TEST(EnergyLedgerUnit, SpansAreSplitAtWindowBorders) {
  EnergyLedger ledger(10);
  EnergyCounter& counter = ledger.counter("block", kEvent);
  counter.add_span(7, 15, 2);  // cycles 7..21: 3, 10 and 2 of them
  ledger.close();
  EXPECT_EQ(windows_of(ledger, 0), (Windows{{0, 6}, {10, 20}, {20, 4}}));
  EXPECT_EQ(counter.total(), 30u);
}

TEST(EnergyLedgerUnit, EmptySpansCountNothing) {
  EnergyLedger ledger(10);
  ledger.counter("block", kEvent).add_span(7, 0, 2);
  ledger.close();
  EXPECT_TRUE(ledger.records().empty());
}

TEST(EnergyLedgerUnit, PhasesCutAWindowInTwoRecords) {
  EnergyLedger ledger(100);
  EnergyCounter& counter = ledger.counter("block", kEvent);
  counter.add(1, 3);
  ledger.begin_phase(1);
  counter.add(2, 4);
  ledger.close();
  EXPECT_EQ(windows_of(ledger, 0, 0), (Windows{{0, 3}}));
  EXPECT_EQ(windows_of(ledger, 0, 1), (Windows{{0, 4}}));
}

TEST(EnergyLedgerUnit, CountersKeepWhatTheirPriceNeeds) {
  EnergyLedger ledger(1);
  const EnergyCounter& link = ledger.counter("link", EnergyEvent::kLinkBitMm, 2.5);
  const EnergyCounter& sram = ledger.sram_counter("sram", EnergyEvent::kWeightRowRead, {8192, 24});
  EXPECT_EQ(link.scale(), 2.5);
  EXPECT_EQ(link.block(), "link");
  EXPECT_EQ(sram.macro().bytes, 8192u);
  EXPECT_EQ(sram.macro().word_bytes, 24u);
  EXPECT_EQ(sram.scale(), 1);
  EXPECT_EQ(ledger.counters().size(), 2u);
}

RC_GTEST_PROP(EnergyLedgerUnit, RecordsAddUpToTotalsForEveryWindowLength, ()) {
  EnergyLedger ledger(any_in<Cycle>(1, 40));
  EnergyCounter* counters[2] = {&ledger.counter("a", kEvent), &ledger.counter("b", kEvent)};
  uint64_t expected[2] = {0, 0}, recorded[2] = {0, 0};
  Cycle now = 0;
  for (int step = 0, steps = any_in(0, 60); step < steps; ++step) {
    const int which = any_in(0, 2);
    const auto cycles = any_in<Cycle>(0, 90), count = any_in<Cycle>(0, 5);
    counters[which]->add_span(now, cycles, count);
    counters[which]->add(now + cycles, count);
    expected[which] += (cycles + 1) * count;
    now += cycles + any_in<Cycle>(0, 30);
    if (any_in(0, 10) == 0) ledger.begin_phase(step);
  }
  ledger.close();
  for (const EnergyRecord& record : ledger.records()) {
    recorded[record.counter] += record.count;
    RC_ASSERT(record.window_begin % ledger.window_cycles() == 0u);
    RC_ASSERT(record.count > 0u);
  }
  for (int i = 0; i < 2; ++i) {
    RC_ASSERT(counters[i]->total() == expected[i]);
    RC_ASSERT(recorded[i] == expected[i]);
  }
}

TEST(EnergyEventsUnit, EveryEventHasANameOfItsOwnAndSaysWhatItCounts) {
  std::map<std::string, int> names;
  for (const EnergyEventInfo& event : kEnergyEvents) {
    EXPECT_EQ(++names[event.name], 1) << event.name;
    EXPECT_EQ(std::string(event.counted).substr(0, 4), "per ") << event.name;
  }
}

}  // namespace
}  // namespace spikeloom
