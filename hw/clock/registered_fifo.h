// Registered FIFO: the only way between blocks.
//
// Contract: pushed in cycle c, visible from c + latency; popped in c, free in c + 1; bounded; a full FIFO refuses, and
// wakes its producer in the cycle in which there is space again. What either side sees in a cycle does not depend on
// which side ran first.
#pragma once

#include <cassert>
#include <systemc>
#include <vector>

#include "hw/clock/block.h"

namespace spikeloom {

template <typename T>
class FifoIn;
template <typename T>
class FifoOut;

template <typename T>
class RegisteredFifo : public sc_core::sc_interface {
 public:
  // latency >= 1 cycles from push to visibility; entries under way occupy capacity.
  RegisteredFifo(Clock& clock, size_t capacity, Cycle latency = 1)
      : clock_(clock), latency_(latency), capacity_(capacity) {
    assert(capacity > 0 && latency > 0);
  }

  // Producer: space for `count` entries in this cycle? If not, the producer is woken when there is more.
  bool can_push(size_t count = 1) {
    if (size_ + hidden_pops() + count <= capacity_) return true;
    if (hidden_pops() > 0)
      producer_->wake_at(clock_.now() + 1);
    else
      producer_waits_ = true;
    return false;
  }
  // Producer: needs can_push(). `delay`: further cycles until the entry is complete.
  void push(const T& value, Cycle delay = 0) {
    assert(size_ + hidden_pops() < capacity_);
    if (entries_.empty()) entries_.resize(capacity_);  // most virtual channels of a chip are never used
    const size_t at = head_ + size_;
    Entry& entry = entries_[at < capacity_ ? at : at - capacity_];
    entry.value = value;
    entry.visible_from = clock_.now() + latency_ + delay;
    ++size_;
    if (occupancy_) *occupancy_ |= occupancy_bit_;
    consumer_->wake_at(entry.visible_from);
  }

  // Consumer: an entry visible in this cycle?
  bool can_pop() const { return size_ > 0 && entries_[head_].visible_from <= clock_.now(); }
  const T& front() const { return entries_[head_].value; }
  void pop() {
    assert(can_pop());
    if (last_pop_ != clock_.now()) pops_ = 0;
    last_pop_ = clock_.now();
    ++pops_;
    if (++head_ == capacity_) head_ = 0;
    if (--size_ == 0 && occupancy_) *occupancy_ &= ~occupancy_bit_;
    if (producer_waits_) {
      producer_waits_ = false;
      producer_->wake_at(clock_.now() + 1);
    }
  }
  // Nothing stored, visible or not.
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // Observers: the i-th oldest entry, and the cycle from which the consumer sees it. Needs i < size().
  const T& entry(size_t i) const { return entries_[(head_ + i) % capacity_].value; }
  Cycle visible_from(size_t i) const { return entries_[(head_ + i) % capacity_].visible_from; }

  void set_producer(Block* block) { producer_ = block; }
  void set_consumer(Block* block) { consumer_ = block; }
  // Keeps `bit` of the consumer's mask set while the FIFO holds anything.
  void set_occupancy(uint64_t* mask, uint64_t bit) {
    occupancy_ = mask;
    occupancy_bit_ = bit;
  }
  void register_port(sc_core::sc_port_base& port, const char*) override {
    Block* owner = dynamic_cast<Block*>(port.get_parent_object());
    assert(owner);
    if (dynamic_cast<FifoIn<T>*>(&port))
      consumer_ = owner;
    else
      producer_ = owner;
  }

 private:
  struct Entry {
    T value;
    Cycle visible_from;
  };
  // Pops of this very cycle: their space is free from the next cycle on.
  size_t hidden_pops() const { return last_pop_ == clock_.now() ? pops_ : 0; }

  Clock& clock_;
  Cycle latency_;
  size_t capacity_;
  std::vector<Entry> entries_;
  size_t head_ = 0, size_ = 0, pops_ = 0;
  Cycle last_pop_ = ~Cycle{0};
  Block* producer_ = nullptr;
  Block* consumer_ = nullptr;
  bool producer_waits_ = false;
  uint64_t* occupancy_ = nullptr;
  uint64_t occupancy_bit_ = 0;
};

// The consuming and the producing end, as SystemC ports: an unbound one is an elaboration error.
template <typename T>
class FifoIn : public sc_core::sc_port<RegisteredFifo<T>> {
 public:
  explicit FifoIn(const char* name) : sc_core::sc_port<RegisteredFifo<T>>(name) {}
};

template <typename T>
class FifoOut : public sc_core::sc_port<RegisteredFifo<T>> {
 public:
  explicit FifoOut(const char* name) : sc_core::sc_port<RegisteredFifo<T>>(name) {}
};

}  // namespace spikeloom
