#include <gtest/gtest.h>

#include <memory>

#include "tests/support/fifo_probe.h"

namespace spikeloom {
namespace {

// A producer, a FIFO and a consumer.
struct Line {
  Line(const std::string& name, Clock& clock, size_t capacity, Cycle latency)
      : fifo(clock, capacity, latency),
        source((name + "_source").c_str(), clock),
        sink((name + "_sink").c_str(), clock) {
    source.out(fifo);
    sink.in(fifo);
  }
  RegisteredFifo<int> fifo;
  FifoSource<int> source;
  FifoSink<int> sink;
};

// Asks each cycle of a range whether the FIFO takes or gives; changes nothing.
class Watch : public Block {
 public:
  std::vector<Cycle> seen;
  Watch(const char* name, Clock& clock, Cycle first, Cycle last, std::function<bool()> ask)
      : Block(name, clock), ask_(std::move(ask)) {
    for (Cycle c = first; c <= last; ++c) wake_at(c);
  }

 private:
  void tick() override {
    if (ask_()) seen.push_back(now());
  }
  std::function<bool()> ask_;
};

std::vector<Cycle> range(Cycle first, Cycle last) {
  std::vector<Cycle> cycles;
  for (Cycle c = first; c <= last; ++c) cycles.push_back(c);
  return cycles;
}

// What the status before and after a cycle says about its pops and pushes is what happened.
void expect_status_to_tell(size_t capacity, int pops_at_once, Cycle stalled_until) {
  Clock clock("clock", 500);
  RegisteredFifo<int> fifo(clock, capacity);
  FifoSource<int> source("source", clock);
  FifoSink<int> sink("sink", clock, pops_at_once);
  source.out(fifo);
  sink.in(fifo);
  source.add_all(1, {1, 2, 3, 4, 5, 6, 7, 8});
  sink.stall(1, stalled_until);
  Watch every_cycle("every_cycle", clock, 1, 60, [] { return false; });
  FifoStatus before = fifo.status();
  std::vector<Cycle> pushed, popped;
  clock.set_sampler(0, [&](Cycle) -> Cycle {
    const FifoStatus after = fifo.status();
    const size_t pops = pops_between(before, after);
    popped.insert(popped.end(), pops, clock.now());
    pushed.insert(pushed.end(), after.size + pops - before.size, clock.now());
    before = after;
    return 0;
  });
  sc_core::sc_start();
  EXPECT_EQ(pushed, source.pushed);
  EXPECT_EQ(popped, sink.cycles);
  EXPECT_EQ(popped.size(), 8u);
}

TEST(RegisteredFifoUnit, StatusTellsPushesAndPopsOfOnePlace) { expect_status_to_tell(1, 1, 1); }
TEST(RegisteredFifoUnit, StatusTellsPushesAndPopsWhileBothSidesRun) { expect_status_to_tell(4, 2, 1); }
TEST(RegisteredFifoUnit, StatusTellsThatAFullFifoIsEmptiedAtOnce) { expect_status_to_tell(3, 3, 9); }

TEST(RegisteredFifoTiming, EntryIsVisibleAfterExactlyTheLatency) {
  Clock clock("clock", 500);
  Line one("one", clock, 4, 1), seven("seven", clock, 4, 7);
  one.source.add(10, 0);
  seven.source.add(10, 0);
  one.sink.stall(0, 31);  // so that the entry stays to be seen
  seven.sink.stall(0, 31);
  Watch sees_one("sees_one", clock, 1, 30, [&] { return one.fifo.can_pop(); });
  Watch sees_seven("sees_seven", clock, 1, 30, [&] { return seven.fifo.can_pop(); });
  sc_core::sc_start();
  EXPECT_EQ(sees_one.seen, range(11, 30));
  EXPECT_EQ(sees_seven.seen, range(17, 30));
}

TEST(RegisteredFifoTiming, DelayPostponesVisibility) {
  Clock clock("clock", 500);
  RegisteredFifo<int> fifo(clock, 4, 2);
  class Late : public Block {
   public:
    FifoOut<int> out;
    Late(const sc_core::sc_module_name& name, Clock& clock) : Block(name, clock), out("out") { wake_at(10); }

   private:
    void tick() override { out->push(1, 5); }
  } late("late", clock);
  late.out(fifo);
  FifoSink<int> sink("sink", clock);
  sink.in(fifo);
  sc_core::sc_start();
  EXPECT_EQ(sink.cycles, (std::vector<Cycle>{10 + 2 + 5}));
}

TEST(RegisteredFifoTiming, FreedPlaceIsThereInTheNextCycle) {
  Clock clock("clock", 500);
  Line line("line", clock, 1, 1);
  line.source.add_all(10, {1, 2});  // 1 fills the FIFO from cycle 10 on
  line.sink.stall(0, 20);           // and leaves it in cycle 20
  Watch takes("takes", clock, 11, 20, [&] { return line.fifo.can_push(); });
  sc_core::sc_start();
  EXPECT_TRUE(takes.seen.empty());
  EXPECT_EQ(line.source.pushed, (std::vector<Cycle>{10, 21}));
}

TEST(RegisteredFifoUnit, FullRefusesAndWakesItsProducerOnlyWhenThereIsSpace) {
  Clock clock("clock", 500);
  Line line("line", clock, 2, 1);
  line.source.add_all(1, {1, 2, 3});
  line.sink.stall(0, 50);
  sc_core::sc_start();
  EXPECT_EQ(line.source.pushed, (std::vector<Cycle>{1, 2, 51}));
  EXPECT_EQ(line.source.activations, 4u);  // cycles 1, 2, 3 (refused), 51
  EXPECT_EQ(line.sink.values, (std::vector<int>{1, 2, 3}));
}

// Pushed in c, visible in c + L, popped then, free in c + L + 1: a place serves once in L + 1 cycles.
TEST(RegisteredFifoTiming, CapacityPlacesPassOncePerRoundTrip) {
  Clock clock("clock", 500);
  const Cycle L = 4;
  Line line("line", clock, 3, L);
  line.source.add_all(1, std::vector<int>(12, 0));
  sc_core::sc_start();
  for (Cycle i = 0; i < 12; ++i) EXPECT_EQ(line.source.pushed[i], 1 + i / 3 * (L + 1) + i % 3) << i;
}

// Processes run in the order in which they were woken: here the producer first in one line, the consumer first in the
// other, cycle by cycle.
TEST(RegisteredFifoUnit, NeitherSideCanTellWhichRanFirst) {
  Clock clock("clock", 500);
  Line producer_first("producer_first", clock, 2, 1), consumer_first("consumer_first", clock, 2, 1);
  const auto stalls = [](Cycle c) { return c * 2654435761u % 7 < 3; };
  for (Line* line : {&producer_first, &consumer_first}) line->sink.stall_when(stalls);
  for (Cycle c = 1; c < 60; ++c) {
    producer_first.source.wake_at(c);
    producer_first.sink.wake_at(c);
    consumer_first.sink.wake_at(c);
    consumer_first.source.wake_at(c);
  }
  for (Line* line : {&producer_first, &consumer_first})
    for (int i = 0; i < 40; ++i) line->source.add(1 + i / 3 * 3, i);
  sc_core::sc_start();
  EXPECT_EQ(producer_first.source.pushed, consumer_first.source.pushed);
  EXPECT_EQ(producer_first.sink.cycles, consumer_first.sink.cycles);
  EXPECT_EQ(producer_first.sink.values, consumer_first.sink.values);
  EXPECT_EQ(producer_first.sink.count(), 40u);
}

}  // namespace
}  // namespace spikeloom
