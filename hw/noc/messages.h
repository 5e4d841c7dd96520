// How messages become flits: the chip's classes of messages, and packets.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "hw/noc/flit.h"
#include "sim/base/bits.h"

namespace spikeloom {

// The chip's classes of messages, each with virtual channels of its own: one per spike source, then one each for
// weights, outputs, partial membranes and control.
struct MessageClasses {
  int sources = 1;

  int count() const { return sources + 4; }
  int spikes(int source) const { return source; }
  int weights() const { return sources; }
  int outputs() const { return sources + 1; }
  int partials() const { return sources + 2; }
  int control() const { return sources + 3; }
  // "spikes_0" ... "control"
  std::string name(int message_class) const {
    static const char* const others[] = {"weights", "outputs", "partials", "control"};
    return message_class < sources ? "spikes_" + std::to_string(message_class) : others[message_class - sources];
  }
};

// Bits of a flit as wires see it.
struct FlitFormat {
  int link_bits = 128;
  int nodes = 1;  // tiles and memory nodes: a multicast's destination set is one bit each
  int vcs = 1;

  // Type (and whether more packets follow), tag and destination set, in the head flit's payload; what is left of it
  // carries exponents.
  int header_bits() const { return 8 + 48 + nodes; }
  // Payload plus head and tail flags and the number of the virtual channel, which every flit carries on wires beside.
  int wire_bits() const { return link_bits + 2 + ceil_log2(vcs); }
  // Flits that carry this many payload bits, head flit apart.
  int body_flits(uint64_t payload_bits) const { return static_cast<int>(ceil_div(payload_bits, link_bits)); }
};

// Copies `bits` bits from position `at` on to where there are zeros.
inline void copy_bits(const uint64_t* words, uint64_t at, int bits, uint64_t* to) {
  if (at % 64 == 0 && bits % 64 == 0) {
    std::memcpy(to, words + at / 64, size_t(bits) / 8);
    return;
  }
  for (int b = 0; b < bits; b += 64)
    put_bits(to, b, std::min(64, bits - b), get_bits(words, at + b, std::min(64, bits - b)));
}

// Cuts a message's payload into packets of at most packet_flits flits, head flit included, a flit at a time.
// `head` gives type, tag, destination, class and flow; its payload bits ride in the first packet's head.
class PacketCutter {
 public:
  // Has nothing to cut.
  PacketCutter() = default;
  // Keeps a pointer to the payload.
  PacketCutter(const Flit& head, const uint64_t* payload, uint64_t payload_bits, const FlitFormat& format,
               int packet_flits)
      : head_(head),
        payload_(payload),
        bits_(payload_bits),
        link_bits_(format.link_bits),
        packet_flits_(packet_flits),
        done_(false) {}

  bool done() const { return done_; }
  // Unless done: whether the next flit begins a packet.
  bool at_head() const { return in_packet_ == 0; }
  Flit next() {
    Flit flit;
    if (at_head()) {
      flit = head_;
      flit.head = true;
      if (at_ > 0) flit.bits = {};
    } else {
      flit.message_class = head_.message_class;
      flit.flow = head_.flow;
      flit.ordered = head_.ordered;
      flit.type = head_.type;
      flit.phase = head_.phase;
      copy_bits(payload_, at_, int(std::min(uint64_t(link_bits_), bits_ - at_)), flit.bits.data());
      at_ += uint64_t(link_bits_);
    }
    if (++in_packet_ == packet_flits_ || at_ >= bits_) {
      in_packet_ = 0;
      done_ = at_ >= bits_;
      flit.tail = true;
      flit.last_packet = done_;
    }
    return flit;
  }

 private:
  Flit head_;
  const uint64_t* payload_ = nullptr;
  uint64_t bits_ = 0, at_ = 0;  // in all, and cut so far
  int link_bits_ = 0, packet_flits_ = 0;
  int in_packet_ = 0;  // flits of the packet under way
  bool done_ = true;
};

// All flits of a message.
inline std::vector<Flit> make_packets(const Flit& head, const std::vector<uint64_t>& payload, uint64_t payload_bits,
                                      const FlitFormat& format, int packet_flits) {
  std::vector<Flit> flits;
  for (PacketCutter cutter(head, payload.data(), payload_bits, format, packet_flits); !cutter.done();)
    flits.push_back(cutter.next());
  return flits;
}

// Puts the payload of a message's flits together again.
class PayloadCollector {
 public:
  // Appends a body flit's payload; head flits carry none.
  void add(const Flit& flit, int link_bits) {
    if (flit.head) return;
    words_.resize((received_ + link_bits + 191) / 64, 0);  // one word to spare for reads across the end
    for (int b = 0; b < link_bits; b += 64) put_bits(words_.data(), received_ + b, 64, flit.bits[b / 64]);
    received_ += link_bits;
  }
  const uint64_t* bits() const { return words_.data(); }
  uint64_t received() const { return received_; }
  bool empty() const { return received_ == 0; }
  void clear() {
    words_.clear();
    received_ = 0;
  }

 private:
  std::vector<uint64_t> words_;
  uint64_t received_ = 0;
};

// A message of one flit: all it says is its tag.
inline Flit make_control_flit(MessageType type, uint64_t tag, int destination, int message_class, int phase) {
  Flit flit;
  flit.type = type;
  flit.tag = tag;
  flit.destination = uint32_t(destination);
  flit.message_class = uint8_t(message_class);
  flit.phase = uint16_t(phase);
  flit.head = flit.tail = flit.last_packet = true;
  return flit;
}

}  // namespace spikeloom
