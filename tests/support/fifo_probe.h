// Mock producers and consumers: blocks that push given values at given cycles and note the cycle of every push and pop.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "hw/clock/registered_fifo.h"

namespace spikeloom {

// Pushes its values in order, value i not before its cycle, at most one a cycle.
template <typename T>
class FifoSource : public Block {
 public:
  FifoOut<T> out;
  std::vector<Cycle> pushed;  // cycle of each push
  uint64_t activations = 0;

  FifoSource(const sc_core::sc_module_name& name, Clock& clock) : Block(name, clock), out("out") {}

  // Cycles do not descend; the first is 1 or later.
  void add(Cycle cycle, const T& value) {
    if (plan_.empty()) wake_at(cycle);
    plan_.emplace_back(cycle, value);
  }
  void add_all(Cycle first, const std::vector<T>& values) {
    for (const T& value : values) add(first, value);
  }

 private:
  void tick() override {
    ++activations;
    if (pushed.size() == plan_.size() || now() < plan_[pushed.size()].first || !out->can_push()) return;
    out->push(plan_[pushed.size()].second);
    pushed.push_back(now());
    if (pushed.size() < plan_.size()) wake_at(std::max(now() + 1, plan_[pushed.size()].first));
  }
  std::vector<std::pair<Cycle, T>> plan_;
};

// Pops what it can, up to `most` a cycle, but for the cycles in which `stalls` says no.
template <typename T>
class FifoSink : public Block {
 public:
  FifoIn<T> in;
  std::vector<T> values;
  std::vector<Cycle> cycles;  // cycle of each pop

  FifoSink(const sc_core::sc_module_name& name, Clock& clock, int most = 1)
      : Block(name, clock), in("in"), most_(most) {}

  void stall_when(std::function<bool(Cycle)> stalls) { stalls_ = std::move(stalls); }
  // No pop in begin .. end-1.
  void stall(Cycle begin, Cycle end) {
    stalls_ = [begin, end](Cycle cycle) { return cycle >= begin && cycle < end; };
  }
  size_t count() const { return values.size(); }
  // How many values had come by the end of `cycle`.
  size_t count_by(Cycle cycle) const {
    size_t count = 0;
    while (count < cycles.size() && cycles[count] <= cycle) ++count;
    return count;
  }

 private:
  void tick() override {
    if (!in->can_pop()) return;
    wake_at(now() + 1);
    if (stalls_ && stalls_(now())) return;
    for (int i = 0; i < most_ && in->can_pop(); ++i) {
      values.push_back(in->front());
      cycles.push_back(now());
      in->pop();
    }
  }
  int most_;
  std::function<bool(Cycle)> stalls_;
};

// The sum of one event over all counters whose block name ends in `block` ("" for all).
inline uint64_t counted(EnergyLedger& ledger, EnergyEvent event, const std::string& block = "") {
  ledger.settle();
  uint64_t sum = 0;
  for (const auto& counter : ledger.counters()) {
    const std::string& name = counter->block();
    if (counter->event() != event || name.size() < block.size()) continue;
    if (name.compare(name.size() - block.size(), block.size(), block) == 0) sum += counter->total();
  }
  return sum;
}

}  // namespace spikeloom
