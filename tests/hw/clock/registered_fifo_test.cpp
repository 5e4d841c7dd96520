#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <random>

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

// Blocks run in the order in which they were built: here the producer first in one line, the consumer first in the
// other, cycle by cycle.
TEST(RegisteredFifoUnit, NeitherSideCanTellWhichRanFirst) {
  Clock clock("clock", 500);
  Line producer_first("producer_first", clock, 2, 1);
  struct {
    RegisteredFifo<int> fifo;
    FifoSink<int> sink;
    FifoSource<int> source;
  } consumer_first{{clock, 2, 1}, {"sink", clock}, {"source", clock}};
  consumer_first.source.out(consumer_first.fifo);
  consumer_first.sink.in(consumer_first.fifo);
  ASSERT_LT(producer_first.source.index(), producer_first.sink.index());
  ASSERT_LT(consumer_first.sink.index(), consumer_first.source.index());
  const auto stalls = [](Cycle c) { return c * 2654435761u % 7 < 3; };
  const auto prepare = [&](FifoSource<int>* source, FifoSink<int>* sink) {
    sink->stall_when(stalls);
    for (Cycle c = 1; c < 60; ++c) {
      source->wake_at(c);
      sink->wake_at(c);
    }
    for (int i = 0; i < 40; ++i) source->add(1 + i / 3 * 3, i);
  };
  prepare(&producer_first.source, &producer_first.sink);
  prepare(&consumer_first.source, &consumer_first.sink);
  sc_core::sc_start();
  EXPECT_EQ(producer_first.source.pushed, consumer_first.source.pushed);
  EXPECT_EQ(producer_first.sink.cycles, consumer_first.sink.cycles);
  EXPECT_EQ(producer_first.sink.values, consumer_first.sink.values);
  EXPECT_EQ(producer_first.sink.count(), 40u);
}

// Pushes and pops at random, several in a cycle, and compares what it may with a list of all that happened.
class CreditModel : public Block {
 public:
  CreditModel(const char* name, Clock& clock, size_t capacity, Cycle credit_latency)
      : Block(name, clock),
        fifo_(clock, capacity, 1, credit_latency),
        capacity_(capacity),
        credit_latency_(credit_latency),
        random_(unsigned(capacity * 100 + credit_latency)) {
    fifo_.set_producer(this);
    fifo_.set_consumer(this);
    wake_at(1);
  }

 private:
  bool has_space() const {
    const auto under_way =
        std::count_if(popped_.begin(), popped_.end(), [this](Cycle cycle) { return cycle + credit_latency_ > now(); });
    return held_ + size_t(under_way) < capacity_;
  }
  void tick() override {
    if (random_() % 100 == 0) busy_ = int(random_() % 4);
    if (int(random_() % 4) <= busy_)
      for (size_t i = random_() % (capacity_ + 1); i > 0 && fifo_.can_pop(); --i, --held_) {
        fifo_.pop();
        popped_.push_back(now());
      }
    for (size_t i = random_() % 4; i > 0; --i) {
      ASSERT_EQ(fifo_.can_push(), has_space()) << capacity_ << " places, cycle " << now();
      if (!has_space()) break;
      fifo_.push(0);
      ++held_;
    }
    // Now and then a pause in which all credits arrive, longer than 16 bits of cycles.
    if (++ticks_ < 3000) wake_at(now() + (random_() % 1000 == 0 ? 70000 : 1));
  }
  RegisteredFifo<int> fifo_;
  size_t capacity_, held_ = 0;
  Cycle credit_latency_;
  std::mt19937 random_;
  std::vector<Cycle> popped_;
  int busy_ = 3, ticks_ = 0;
};

TEST(RegisteredFifoTiming, CreditsArriveAfterExactlyTheirLatency) {
  Clock clock("clock", 500);
  std::deque<CreditModel> models;
  for (const size_t capacity : {1, 3, 8, 16, 17, 40})
    for (const Cycle latency : {1, 3, 81, 255})
      models.emplace_back(("model_" + std::to_string(models.size())).c_str(), clock, capacity, latency);
  sc_core::sc_start();
}

}  // namespace
}  // namespace spikeloom
