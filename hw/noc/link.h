// Link: wires between two routers, or a router and a node, with the receiver's input buffers, one per virtual channel.
//
//     sender --> [ wires | buffer of each virtual channel ] --> receiver
//
// Timing   a flit sent in cycle c can be taken in c + latency_cycles; a buffer place taken in c is a credit that the
//          sender can use in c + credit_cycles.
// Energy   LinkBitMm and RouterBufferWriteBit per wire bit of each flit sent, and what the sender adds.
// Config   LinkSpec, worked out by NetworkSpec.
// Differs  one flit per cycle is the sender's rule to keep (router and network interface grant one).
#pragma once

#include <string>

#include "hw/clock/fixed_array.h"
#include "hw/clock/registered_fifo.h"
#include "hw/noc/messages.h"
#include "sim/base/energy_ledger.h"

namespace spikeloom {

// Is told of every flit that a link takes, in which virtual channel, and may mark it.
class LinkListener {
 public:
  virtual void takes(Flit& flit, int vc) = 0;

 protected:
  ~LinkListener() = default;
};

struct LinkSpec {
  int buffer_flits = 4;    // per virtual channel
  int latency_cycles = 1;  // from the cycle in which the sender grants it to the one in which the receiver sees it
  int credit_cycles = 1;
  double length_mm = 1;               // 0 for the short wires between a router and its own tile
  bool to_node = false;               // ends at a node, not at a router
  bool wait_for_tail_credit = false;  // a virtual channel takes its next packet when all its credits are back
};

class alignas(64) Link : public sc_core::sc_interface {
 public:
  Link(Clock& clock, const std::string& name, const std::string& receiver, const LinkSpec& spec,
       const FlitFormat& format, EnergyLedger& ledger)
      : clock_(clock),
        channels_(size_t(format.vcs), clock, spec.buffer_flits, spec.latency_cycles, spec.credit_cycles),
        free_(uint32_t(low_mask(format.vcs))),
        to_node_(spec.to_node),
        head_needs_(uint16_t(spec.wait_for_tail_credit ? spec.buffer_flits : 1)),
        flit_energy_(ledger,
                     {{&ledger.counter(name, EnergyEvent::kLinkBitMm, spec.length_mm), uint64_t(format.wire_bits())},
                      {&ledger.counter(receiver, EnergyEvent::kRouterBufferWriteBit), uint64_t(format.wire_bits())}}),
        name_(name) {}

  bool can_send(int vc) { return channels_[vc].can_push(); }
  // Whether virtual channel `vc`, which no packet holds, can take one, and send its head, in this cycle. If not, the
  // sender is woken when more credits are back.
  bool can_begin(int vc) { return channels_[vc].can_push(head_needs_); }
  // The flit travels in virtual channel `vc`.
  void send(const Flit& flit, int vc) {
    channels_[vc].push(flit);
    if (flit.born == 0) channels_[vc].back().born = clock_.now();
    took(channels_[vc], flit.phase);
  }
  // The same for the front flit of a buffer, which leaves it; or stays there for further branches of a multicast.
  void send_front(RegisteredFifo<Flit>& buffer, int vc) { send_front(buffer, channels_[vc]); }
  // `delay`: cycles that it waits before the wires.
  void send_front(RegisteredFifo<Flit>& buffer, RegisteredFifo<Flit>& channel, Cycle delay = 0) {
    const uint32_t phase = buffer.stored_front().phase();
    channel.take_from(buffer, delay);
    took(channel, phase);
  }
  void send_branch(RegisteredFifo<Flit>& buffer, int vc, Cycle delay = 0) {
    channels_[vc].share_with(buffer, delay);
    took(channels_[vc], buffer.stored_front().phase());
  }
  // The sender's share in a flit's energy, to be counted with the link's.
  void charge_sender(const std::vector<EnergyBundle::Part>& parts) { flit_energy_.add_parts(parts); }
  bool to_node() const { return to_node_; }
  // Bit vc: no packet holds virtual channel `vc`; the sender's to keep.
  uint32_t& free() { return free_; }
  int vcs() const { return static_cast<int>(channels_.size()); }
  RegisteredFifo<Flit>& channel(int vc) { return channels_[vc]; }
  void set_producer(Block* block) {
    for (auto& channel : channels_) channel.set_producer(block);
  }
  const std::string& name() const { return name_; }
  void set_listener(LinkListener* listener) { listener_ = listener; }
  uint64_t flits() const { return flit_energy_.count(); }

 private:
  void took(RegisteredFifo<Flit>& channel, uint32_t phase) {
    flit_energy_.add(clock_.now(), phase);
    if (listener_) listener_->takes(channel.back(), int(&channel - channels_.begin()));
  }
  // All that sending touches is one cache line.
  Clock& clock_;
  FixedArray<RegisteredFifo<Flit>> channels_;
  uint32_t free_;
  bool to_node_;
  uint16_t head_needs_;  // credits
  LinkListener* listener_ = nullptr;
  EnergyBundle flit_energy_;
  std::string name_;
};

}  // namespace spikeloom
