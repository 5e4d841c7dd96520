// Registered FIFO: the only way between blocks.
//
// Contract: pushed in cycle c, visible from c + latency; popped in c, free in c + credit_latency (1 unless the place
// has to be reported over wires); bounded; a full FIFO refuses, and wakes its producer in the cycle in which there is
// space again. What either side sees in a cycle does not depend on which side ran first.
#pragma once

#include <cassert>
#include <memory>
#include <new>
#include <systemc>

#include "hw/clock/block.h"
#include "hw/clock/fifo_view.h"

namespace spikeloom {

template <typename T>
class FifoIn;
template <typename T>
class FifoOut;

// What a FIFO keeps of an entry: the entry.
template <typename T>
class StoredInPlace {
 public:
  void store(const T& value) { value_ = value; }
  T& operator*() { return value_; }
  const T& operator*() const { return value_; }
  void drop() {}

 private:
  T value_{};
};

// Or something smaller that stands for it, where entries are large and travel far.
template <typename T>
struct FifoStorage {
  using Type = StoredInPlace<T>;
};

template <typename T>
class alignas(64) RegisteredFifo : public FifoView {
 public:
  using Stored = typename FifoStorage<T>::Type;

  // latency >= 1 cycles from push to visibility; entries under way occupy capacity, and so do places whose credit is.
  RegisteredFifo(Clock& clock, size_t capacity, Cycle latency = 1, Cycle credit_latency = 1)
      : clock_(clock),
        last_place_(uint16_t(places_for(capacity) - 1)),
        room_(uint16_t(capacity)),
        latency_(uint16_t(latency)),
        credit_latency_(uint8_t(credit_latency)),
        capacity_(uint16_t(capacity)) {
    assert(capacity > 0 && latency > 0 && credit_latency > 0);
    assert(capacity == capacity_ && latency == latency_ && credit_latency == credit_latency_);
  }

  ~RegisteredFifo() override {
    for (size_t i = 0; i < size_; ++i) place(i).stored.drop();
  }
  RegisteredFifo(const RegisteredFifo&) = delete;
  RegisteredFifo& operator=(const RegisteredFifo&) = delete;

  // Producer: space for `count` entries in this cycle? If not, the producer is woken when there is more.
  bool can_push(size_t count = 1) {
    if (room_ >= count) return true;
    take_credits();
    if (room_ >= count) return true;
    if (credits_ > 0)
      clock_.wake(producer_, places_[credit_place()].cycle);
    else
      producer_waits_ = true;
    return false;
  }
  // Producer: it was refused, and no credit is under way: nothing changes before it is woken.
  bool producer_waits() const { return producer_waits_; }
  // The same, and a producer of many FIFOs keeps a bit of its own while it need not look at this one: sets it, if it
  // was refused and no credit is under way; its waking clears it.
  bool sleep(uint64_t* asleep, int bit) {
    if (!producer_waits_) return false;
    asleep_ = asleep;
    asleep_bit_ = uint8_t(bit);
    *asleep |= uint64_t{1} << bit;
    return true;
  }
  // Producer: needs can_push(). `delay`: further cycles until the entry is complete.
  void push(const T& value, Cycle delay = 0) { next_place(delay).stored.store(value); }
  // The same with the oldest entry of another FIFO, which its consumer thereby pops; without copying it.
  void take_from(RegisteredFifo& from, Cycle delay = 0) {
    assert(from.can_pop());
    next_place(delay).stored = from.stored_front();
    from.free_first();
  }
  // The same, but it stays there, too: both stand for one entry.
  void share_with(RegisteredFifo& from, Cycle delay = 0) {
    assert(from.can_pop());
    from.stored_front().share();
    next_place(delay).stored = from.stored_front();
  }

  // Consumer: an entry visible in this cycle?
  bool can_pop() const { return *front_visible_from_ <= clock_.now(); }
  const T& front() const { return *places_[first_].stored; }
  // The front entry, for who hands it on changed.
  T& front() { return *places_[first_].stored; }
  // What is kept of it.
  const Stored& stored_front() const { return places_[first_].stored; }
  void pop() {
    assert(can_pop());
    places_[first_].stored.drop();
    free_first();
  }
  // Nothing stored, visible or not.
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  // Observers: the i-th oldest entry (needs i < size()) and the cycle from which the consumer sees it; the newest.
  const T& entry(size_t i) const { return *place(i).stored; }
  Cycle visible_from(size_t i) const { return place(i).cycle; }
  const T& back() const { return entry(size_ - 1u); }
  T& back() { return *places_[wrap(size_t(first_) + size_ - 1)].stored; }

  void set_producer(Block* block) { producer_ = block->index(); }
  void set_consumer(Block* block) { consumer_ = block->index(); }
  // A consumer of many FIFOs keeps what it looks at in every cycle: from when each one's front entry is visible, kNever
  // while there is none, and in `bit` of `occupied` whether there is one.
  void keep_front_in(Cycle* visible_from, uint64_t* occupied, int bit) {
    *visible_from = *front_visible_from_;
    front_visible_from_ = visible_from;
    occupied_ = occupied;
    own_bit_ = uint8_t(bit);
    if (size_ > 0) *occupied_ |= uint64_t{1} << own_bit_;
  }
  // Asks for memory ahead of its use: this, and its first places.
  void fetch() const {
    __builtin_prefetch(this);
    for (int line = 0; line < 2; ++line) __builtin_prefetch(reinterpret_cast<const char*>(places_.get()) + 64 * line);
  }
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
  // Places are a ring, a power of two of them: those whose credit is under way, those that hold an entry, and free
  // ones, each oldest first.
  struct Place {
    Cycle cycle;  // from when the entry is visible; then, when its credit arrives
    Stored stored;
  };
  // Places begin with a cache line.
  static constexpr std::align_val_t kLine{64};
  struct FreePlaces {
    void operator()(Place* places) const {
      static_assert(std::is_trivially_destructible_v<Place>);
      ::operator delete[](places, kLine);
    }
  };
  Place& next_place(Cycle delay) {
    if (room_ == 0) take_credits();
    assert(room_ > 0);
    --room_;
    if (!places_)
      places_.reset(new (kLine) Place[last_place_ + size_t{1}]);  // late: most virtual channels are never used
    Place& place = places_[wrap(size_t(first_) + size_)];
    place.cycle = clock_.now() + latency_ + delay;
    if (size_++ == 0) {
      *front_visible_from_ = place.cycle;
      *occupied_ |= uint64_t{1} << own_bit_;
    }
    clock_.wake(consumer_, place.cycle);
    return place;
  }
  void free_first() {
    const Cycle credit = clock_.now() + credit_latency_;
    places_[first_].cycle = credit;
    ++credits_;
    ++pops_;
    first_ = wrap(first_ + 1u);
    if (--size_ > 0) {
      *front_visible_from_ = places_[first_].cycle;
    } else {
      *front_visible_from_ = Clock::kNever;
      *occupied_ &= ~(uint64_t{1} << own_bit_);
    }
    if (producer_waits_) {
      producer_waits_ = false;
      if (asleep_) *asleep_ &= ~(uint64_t{1} << asleep_bit_);
      clock_.wake(producer_, credit);
    }
  }
  const Place& place(size_t i) const { return places_[wrap(first_ + i)]; }
  Place& place(size_t i) { return places_[wrap(first_ + i)]; }
  static size_t places_for(size_t capacity) {
    size_t places = 1;
    while (places < capacity) places *= 2;
    return places;
  }
  uint16_t wrap(size_t at) const { return uint16_t(at & last_place_); }
  // Place of the oldest credit under way.
  size_t credit_place() const { return wrap(size_t(first_) - credits_); }
  // Forgets the credits that have arrived: their places are free.
  void take_credits() {
    const Cycle now = clock_.now();
    for (size_t at = credit_place(); credits_ > 0 && places_[at].cycle <= now; at = wrap(at + 1)) {
      --credits_;
      ++room_;
    }
  }

  // All that looking, pushing and popping touch beside a place is one cache line, as long as nobody is refused.
  // Producer and consumer as the clock knows them.
  Clock& clock_;
  std::unique_ptr<Place[], FreePlaces> places_;
  Cycle* front_visible_from_ = &own_front_;  // of the oldest entry
  uint64_t* occupied_ = &own_occupied_;      // own_bit_ of it: there is an entry
  uint16_t last_place_, size_ = 0;
  uint16_t first_ = 0;    // place of the oldest entry
  uint16_t credits_ = 0;  // under way
  uint16_t room_;         // free places
  uint16_t latency_;
  uint8_t credit_latency_;
  uint8_t own_bit_ = 0;
  bool producer_waits_ = false;
  uint8_t asleep_bit_ = 0;
  uint32_t pops_ = 0, consumer_ = 0;
  uint32_t producer_ = 0;
  uint64_t* asleep_ = nullptr;
  uint16_t capacity_;
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
