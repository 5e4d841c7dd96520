#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "hw/clock/block.h"

namespace spikeloom {
namespace {

// Notes when it runs; asks for `next` more cycles from within.
class Alarm : public Block {
 public:
  std::vector<Cycle> ran;
  std::vector<sc_core::sc_time> times;
  std::vector<Cycle> next;  // after its i-th activation it asks for cycle now + next[i]

  Alarm(const char* name, Clock& clock) : Block(name, clock) {}

 private:
  void tick() override {
    ran.push_back(now());
    times.push_back(sc_core::sc_time_stamp());
    if (ran.size() <= next.size()) wake_at(now() + next[ran.size() - 1]);
  }
};

TEST(ClockTiming, BlockRunsInExactlyTheCyclesItAskedFor) {
  Clock clock("clock", 500);
  Alarm alarm("alarm", clock);
  const std::vector<Cycle> cycles = {1, 2, 62, 63, 64, 65, 127, 128, 129, 1000, 1000000000};
  for (const Cycle cycle : cycles) alarm.wake_at(cycle);
  sc_core::sc_start();
  EXPECT_EQ(alarm.ran, cycles);
}

// 64 cycles are what the wheel holds; what lies farther goes another way.
TEST(ClockTiming, FarWakesFromWithinComeExactly) {
  Clock clock("clock", 500);
  Alarm alarm("alarm", clock);
  alarm.next = {63, 64, 65, 1, 128, 100000, 1};
  std::vector<Cycle> expected = {7};
  for (const Cycle step : alarm.next) expected.push_back(expected.back() + step);
  alarm.wake_at(7);
  sc_core::sc_start();
  EXPECT_EQ(alarm.ran, expected);
}

TEST(ClockTiming, CycleNBeginsNPeriodsAfterTheStart) {
  Clock clock("clock", 500);  // 2 ns
  Alarm alarm("alarm", clock);
  alarm.wake_at(1);
  alarm.wake_at(1000);
  sc_core::sc_start();
  ASSERT_EQ(alarm.times.size(), 2u);
  EXPECT_EQ(alarm.times[0], sc_core::sc_time(2, sc_core::SC_NS));
  EXPECT_EQ(alarm.times[1], sc_core::sc_time(2000, sc_core::SC_NS));
}

TEST(ClockTiming, WithAQuantumCyclesAreTheSameAndSystemcsTimeIsThatOfTheQuantumsBegin) {
  Clock clock("clock", 500);  // 2 ns
  Alarm alarm("alarm", clock);
  const std::vector<Cycle> cycles = {1, 2, 10, 11, 12, 500};
  for (const Cycle cycle : cycles) alarm.wake_at(cycle);
  clock.set_quantum(10);
  sc_core::sc_start();
  EXPECT_EQ(alarm.ran, cycles);
  std::vector<double> begins;  // in cycles: quanta begin at 0, then at the first cycle at least 10 later
  for (const sc_core::sc_time& time : alarm.times) begins.push_back(time / sc_core::sc_time(2, sc_core::SC_NS));
  EXPECT_EQ(begins, (std::vector<double>{0, 0, 10, 10, 10, 500}));
}

// Stops the clock when it runs.
class Brake : public Block {
 public:
  Brake(const char* name, Clock& clock) : Block(name, clock), stopped_(clock) {}

 private:
  void tick() override { stopped_.stop(); }
  Clock& stopped_;
};

TEST(ClockUnit, AStoppedClockEndsTheCycleAndRunsNoOther) {
  Clock clock("clock", 500);
  Brake brake("brake", clock);
  Alarm alarm("alarm", clock);
  for (const Cycle cycle : {1, 2, 3}) alarm.wake_at(cycle);
  brake.wake_at(2);
  clock.set_quantum(Clock::kQuantum);
  sc_core::sc_start();
  EXPECT_EQ(alarm.ran, (std::vector<Cycle>{1, 2}));
}

TEST(ClockTiming, SamplerIsCalledAtTheEndOfTheCycleBeforeItsOwn) {
  Clock clock("clock", 500);
  Alarm alarm("alarm", clock);
  for (const Cycle cycle : {1, 5, 9, 100, 200}) alarm.wake_at(cycle);
  std::vector<std::vector<Cycle>> calls;  // now, next
  clock.set_sampler(4, [&](Cycle next) -> Cycle {
    EXPECT_EQ(alarm.ran.empty() ? 0 : alarm.ran.back(), clock.now());
    calls.push_back({clock.now(), next});
    return next == 5 ? 9 : next == 9 ? 50 : Clock::kNever;
  });
  sc_core::sc_start();
  EXPECT_EQ(calls, (std::vector<std::vector<Cycle>>{{1, 5}, {5, 9}, {9, 100}}));
}

TEST(ClockUnit, CyclesInWhichAllBlocksSleepAreNotSimulated) {
  Clock clock("clock", 500);
  Alarm first("first", clock), second("second", clock);
  first.wake_at(10);
  second.wake_at(10);
  second.wake_at(1000000);
  sc_core::sc_start();
  EXPECT_EQ(clock.active_cycles(), 2u);
  EXPECT_EQ(clock.now(), 1000000u);
}

TEST(ClockUnit, WakesOfTheSameCycleCoalesce) {
  Clock clock("clock", 500);
  Alarm alarm("alarm", clock);
  alarm.next = {95};  // from cycle 5: cycle 100 is far then
  for (int i = 0; i < 3; ++i) alarm.wake_at(5);
  class Nudge : public Block {  // in cycle 90 it asks for cycle 100, near by then, a second time
   public:
    Nudge(Clock& clock, Block& target) : Block("nudge", clock), target_(target) { wake_at(90); }

   private:
    void tick() override { target_.wake_at(100); }
    Block& target_;
  } nudge(clock, alarm);
  sc_core::sc_start();
  EXPECT_EQ(alarm.ran, (std::vector<Cycle>{5, 100}));
}

TEST(ClockTiming, BlocksOfBandsRunInExactlyTheCyclesTheyAskedFor) {
  Clock clock("clock", 500);
  std::vector<std::unique_ptr<Alarm>> alarms;
  std::vector<std::vector<Cycle>> expected;
  for (int i = 0; i < 200; ++i) {  // more than a word of a set; bands 3, 2, 1, 0, 3 ...
    alarms.push_back(std::make_unique<Alarm>(("alarm_" + std::to_string(i)).c_str(), clock));
    alarms[i]->set_band(uint32_t(3 - i % 4));
    alarms[i]->next = {1, 50, 63, 64, Cycle(i + 1), 11, 12, 13, 5000};
    expected.push_back({Cycle(1 + i % 3 * 70)});  // near and far
    for (const Cycle step : alarms[i]->next) expected[i].push_back(expected[i].back() + step);
    alarms[i]->wake_at(expected[i][0]);
  }
  clock.set_cycles_between_bands(3);
  clock.set_quantum(Clock::kQuantum);
  sc_core::sc_start();
  for (int i = 0; i < 200; ++i) EXPECT_EQ(alarms[i]->ran, expected[i]) << i;
  std::set<Cycle> cycles;
  for (const auto& of_alarm : expected) cycles.insert(of_alarm.begin(), of_alarm.end());
  EXPECT_EQ(clock.active_cycles(), cycles.size());
  EXPECT_EQ(clock.now(), *cycles.rbegin());
}

TEST(ClockTiming, ObserverIsCalledBeforeTheFirstCycleOfAPeriod) {
  Clock clock("clock", 500);
  Alarm first("first", clock), second("second", clock);
  second.set_band(1);
  for (const Cycle cycle : {1, 2, 1023, 1024, 1025, 5000, 6143, 6144}) first.wake_at(cycle), second.wake_at(cycle);
  std::vector<Cycle> calls;
  clock.set_observer([&] {
    calls.push_back(clock.now());
    EXPECT_EQ(first.ran, second.ran);  // all bands have come as far
    EXPECT_TRUE(first.ran.empty() || first.ran.back() < clock.now());
  });
  clock.set_quantum(Clock::kQuantum);
  sc_core::sc_start();
  EXPECT_EQ(calls, (std::vector<Cycle>{1, 1024, 5000, 6143, 6144}));
}

}  // namespace
}  // namespace spikeloom
