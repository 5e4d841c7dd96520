// Registered FIFO: the only way between blocks.
//
// Contract: pushed in cycle c, visible from c + latency; popped in c, free in c + credit_latency (1 unless the place
// has to be reported over wires); bounded; a full FIFO refuses, and wakes its producer in the cycle in which there is
// space again. What either side sees in a cycle does not depend on which side ran first.
#pragma once

#include <array>
#include <cassert>
#include <memory>
#include <systemc>

#include "hw/clock/block.h"
#include "hw/clock/fifo_view.h"

namespace spikeloom {

template <typename T>
class FifoIn;
template <typename T>
class FifoOut;

template <typename T>
class alignas(64) RegisteredFifo : public FifoView {
 public:
  // latency >= 1 cycles from push to visibility; entries under way occupy capacity, and so do places whose credit is.
  RegisteredFifo(Clock& clock, size_t capacity, Cycle latency = 1, Cycle credit_latency = 1)
      : clock_(clock),
        capacity_(uint16_t(capacity)),
        latency_(uint16_t(latency)),
        credit_latency_(uint8_t(credit_latency)) {
    assert(capacity > 0 && latency > 0 && credit_latency > 0);
    if (capacity > kNear) credits_ = new uint16_t[capacity];
    assert(capacity == capacity_ && latency == latency_ && credit_latency == credit_latency_);
  }

  ~RegisteredFifo() override {
    if (credits_ != near_credits_.data()) delete[] credits_;
  }
  RegisteredFifo(const RegisteredFifo&) = delete;
  RegisteredFifo& operator=(const RegisteredFifo&) = delete;

  // Producer: space for `count` entries in this cycle? If not, the producer is woken when there is more.
  bool can_push(size_t count = 1) {
    if (size_ + credits_under_way_ + count <= capacity_) return true;
    take_credits();
    if (size_ + credits_under_way_ + count <= capacity_) return true;
    if (credits_under_way_ > 0)
      clock_.wake(producer_, oldest_credit());
    else
      producer_waits_ = true;
    return false;
  }
  // Producer: it was refused, and no credit is under way: nothing changes before it is woken.
  bool producer_waits() const { return producer_waits_; }
  // A producer of many FIFOs keeps a bit of its own while it need not look at this one: its waking clears the bit.
  // Null: there is none.
  void keep_asleep_in(uint64_t* asleep, int bit) {
    asleep_ = asleep;
    asleep_bit_ = uint8_t(bit);
  }
  // Producer: needs can_push(). `delay`: further cycles until the entry is complete. Returns the entry, for last
  // touches.
  T& push(const T& value, Cycle delay = 0) {
    T& entry = push_place(delay);
    entry = value;
    return entry;
  }
  // The same for an entry that the producer writes itself; the place holds what was last in it.
  T& push_place(Cycle delay = 0) {
    if (size_ + credits_under_way_ >= capacity_) take_credits();
    assert(size_ + credits_under_way_ < capacity_);
    if (!places_) make_places();
    Place& place = places_[free_];
    place.visible_from = clock_.now() + latency_ + delay;
    if (size_++ == 0) {
      head_ = free_;
      *front_visible_from_ = place.visible_from;
      *occupied_ |= uint64_t{1} << own_bit_;
    } else {
      places_[tail_].next = free_;
    }
    tail_ = free_;
    free_ = place.next;
    clock_.wake(consumer_, place.visible_from);
    return place.value;
  }

  // Consumer: an entry visible in this cycle?
  bool can_pop() const { return *front_visible_from_ <= clock_.now(); }
  const T& front() const { return places_[head_].value; }
  void pop() {
    assert(can_pop());
    take_credits();
    last_credit_ = clock_.now() + credit_latency_;
    credits_[wrap(first_credit_ + credits_under_way_)] = uint16_t(last_credit_);
    ++credits_under_way_;
    ++pops_;
    Place& place = places_[head_];
    const uint16_t next = place.next;
    place.next = free_;
    free_ = head_;
    head_ = next;
    if (--size_ > 0) {
      *front_visible_from_ = places_[head_].visible_from;
    } else {
      *front_visible_from_ = Clock::kNever;
      *occupied_ &= ~(uint64_t{1} << own_bit_);
    }
    if (producer_waits_) {
      producer_waits_ = false;
      if (asleep_) *asleep_ &= ~(uint64_t{1} << asleep_bit_);
      clock_.wake(producer_, last_credit_);
    }
  }
  // Nothing stored, visible or not.
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // Observers: the newest entry (needs size() > 0), the i-th oldest, and the cycle from which the consumer sees that
  // (needs i < size()).
  const T& back() const { return places_[tail_].value; }
  const T& entry(size_t i) const { return place(i).value; }
  Cycle visible_from(size_t i) const { return place(i).visible_from; }

  void set_producer(Block* block) { producer_ = block->index(); }
  void set_consumer(Block* block) { consumer_ = block->index(); }
  // A consumer of many FIFOs keeps what it looks at in every cycle: from when each one's front entry is visible, kNever
  // while there is none, and in `bit` of `occupied` whether there is one.
  void keep_front_in(Cycle* visible_from, uint64_t* occupied, int bit) {
    *visible_from = *front_visible_from_;
    front_visible_from_ = visible_from;
    occupied_ = occupied;
    own_bit_ = uint8_t(bit);
  }
  // Ask for memory ahead of its use: what looking, pushing and popping will touch beside an entry; once that is there,
  // the entry to be popped or the one to be pushed.
  void fetch() const {
    __builtin_prefetch(this);
    __builtin_prefetch(reinterpret_cast<const char*>(this) + 64);
  }
  void fetch_front() const { fetch_place(head_); }
  void fetch_back() const { fetch_place(free_); }
  void register_port(sc_core::sc_port_base& port, const char*) override {
    Block* owner = dynamic_cast<Block*>(port.get_parent_object());
    assert(owner);
    if (dynamic_cast<FifoIn<T>*>(&port))
      set_consumer(owner);
    else
      set_producer(owner);
  }
  FifoStatus status() const override { return {capacity_, size_, pops_, *front_visible_from_}; }

 private:
  // Entries are a list, and so are free places, of which the one that was left last is taken first: the same memory
  // again, as long as little is stored. A large entry begins its own cache line.
  struct alignas(sizeof(T) < 64 ? alignof(Cycle) : 64) Place {
    uint64_t visible_from : 48;  // a cycle
    uint64_t next : 16;
    T value{};
  };
  void make_places() {  // late: most virtual channels of a chip are never used
    places_ = std::make_unique<Place[]>(capacity_);
    for (size_t i = 0; i < capacity_; ++i) places_[i].next = uint16_t(i + 1);
  }
  const Place& place(size_t i) const {
    size_t at = head_;
    for (; i > 0; --i) at = places_[at].next;
    return places_[at];
  }
  void fetch_place(size_t at) const {
    if (!places_) return;
    __builtin_prefetch(&places_[at]);
    if (sizeof(Place) > 64) __builtin_prefetch(reinterpret_cast<const char*>(&places_[at]) + 64);
  }
  uint16_t wrap(size_t at) const { return uint16_t(at < capacity_ ? at : at - capacity_); }
  // Forgets the credits that have arrived: their places are free. Those under way were given in the credit_latency_
  // cycles up to the last pop, which forgot all that had arrived by then: 16 bits tell them apart.
  void take_credits() {
    if (last_credit_ <= clock_.now()) credits_under_way_ = 0;
    while (credits_under_way_ > 0 && oldest_credit() <= clock_.now()) {
      first_credit_ = wrap(first_credit_ + 1);
      --credits_under_way_;
    }
  }
  Cycle oldest_credit() const { return last_credit_ - uint16_t(uint16_t(last_credit_) - credits_[first_credit_]); }

  // All that pushing and looking touches is one cache line; what popping needs beside it is the next. Producer and
  // consumer as the clock knows them.
  Clock& clock_;
  std::unique_ptr<Place[]> places_;
  Cycle* front_visible_from_ = &own_front_;  // of the oldest entry
  uint64_t* occupied_ = &own_occupied_;      // own_bit_ of it: there is an entry
  uint16_t capacity_, size_ = 0, credits_under_way_ = 0;
  uint16_t head_ = 0, tail_ = 0, free_ = 0;  // places: of the oldest and the newest entry, and the next to be taken
  uint16_t latency_;
  uint8_t own_bit_ = 0;
  uint32_t pops_ = 0, consumer_ = 0;
  Cycle last_credit_ = 0;  // the youngest under way
  uint32_t producer_ = 0;
  uint16_t first_credit_ = 0;
  uint8_t credit_latency_;
  bool producer_waits_ = false;
  static constexpr size_t kNear = 12;
  std::array<uint16_t, kNear> near_credits_;
  uint16_t* credits_ =
      near_credits_.data();  // [place]: a ring of the cycles in which credits arrive; own memory if far
  uint64_t* asleep_ = nullptr;
  uint8_t asleep_bit_ = 0;
  Cycle own_front_ = Clock::kNever;
  uint64_t own_occupied_ = 0;
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
