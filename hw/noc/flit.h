// A flit, and where flits lie on the host: a FIFO keeps a handle of 8 bytes, so that a flit that goes from router to
// router is not copied, and most routers need not look at it at all.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "hw/clock/registered_fifo.h"

namespace spikeloom {

constexpr int kMostLinkBits = 512, kLinkStepBits = 64;  // whole words of payload

// The numbers travel: hw/rtl has them too.
enum class MessageType : uint8_t {
  kCodes,
  kSpikes,
  kParameters,
  kWeights,
  kOutputs,
  kPartials,
  kRelease,
  kBarrier,
  kActivations,
  kGrant
};

struct Flit {
  uint64_t tag = 0;          // head flits: what the message is about (48 bits)
  Cycle born = 0;            // when its packet entered the network; not on the wires
  uint32_t destination = 0;  // head flits: node or multicast set
  uint32_t packet = 0;       // which packet of a traffic recording it belongs to, counted from 1; 0: none
  uint16_t phase = 0;        // whose energy it is; not on the wires, nor is the packet
  MessageType type = MessageType::kSpikes;
  uint8_t message_class = 0;  // whose virtual channels it may use: set by the sender, as the next two
  uint8_t flow = 0;           // an ordered flow keeps to one of them; on a torus it also breaks ties of direction
  bool ordered = true;        // packets of this flow must not pass each other
  bool head = false;
  bool tail = false;
  bool last_packet = false;                         // head and tail flits: no further packet of this message follows
  std::array<uint64_t, kMostLinkBits / 64> bits{};  // payload, link_bits of them used
};

// Flits by number, each with how many handles stand for it. The number that was given back last is given out first.
class FlitPool {
 public:
  uint32_t take() {
    if (free_.empty()) grow();
    const uint32_t index = free_.back();
    free_.pop_back();
    at(index).handles = 1;
    return index;
  }
  void share(uint32_t index) { ++at(index).handles; }
  void give_back(uint32_t index) {
    if (--at(index).handles == 0) free_.push_back(index);
  }
  Flit& operator[](uint32_t index) { return at(index).flit; }

 private:
  static constexpr uint32_t kChunk = 1024;
  struct alignas(64) Place {
    Flit flit;
    uint32_t handles = 0;
  };
  Place& at(uint32_t index) { return chunks_[index / kChunk][index % kChunk]; }
  void grow() {
    const uint32_t first = uint32_t(chunks_.size()) * kChunk;
    chunks_.push_back(std::make_unique<Place[]>(kChunk));
    for (uint32_t i = kChunk; i > 0; --i) free_.push_back(first + i - 1);
  }

  std::vector<std::unique_ptr<Place[]>> chunks_;
  std::vector<uint32_t> free_;
};

// One for all networks of the process.
inline FlitPool flit_pool;

// A flit's number in the pool, with what every router asks of it.
class FlitHandle {
 public:
  void store(const Flit& flit) {
    index_ = flit_pool.take();
    flit_pool[index_] = flit;
    phase_ = flit.phase;
    tail_ = flit.tail;
  }
  void share() const { flit_pool.share(index_); }
  void drop() { flit_pool.give_back(index_); }
  Flit& operator*() const { return flit_pool[index_]; }
  uint16_t phase() const { return phase_; }
  bool tail() const { return tail_; }

 private:
  uint32_t index_ = 0;
  uint16_t phase_ = 0;
  bool tail_ = false;
};

template <>
struct FifoStorage<Flit> {
  using Type = FlitHandle;
};

}  // namespace spikeloom
