// Link: wires between two routers, or a router and a node, with the receiver's input buffers, one per virtual channel.
//
//     sender --> [ wires | buffer of each virtual channel ] --> receiver
//
// Timing   a flit sent in cycle c can be taken in c + latency_cycles; a buffer place taken in c is a credit in c + 1.
// Energy   LinkBitMm and RouterBufferWriteBit per wire bit of each flit sent.
// Config   LinkSpec, section mesh.
// Differs  one flit per cycle is the sender's rule to keep (router and network interface grant one).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hw/clock/registered_fifo.h"
#include "hw/noc/flit.h"
#include "sim/base/energy_ledger.h"

namespace spikeloom {

struct LinkSpec {
  int buffer_flits = 4;    // per virtual channel
  int latency_cycles = 1;  // a hop: the sender's switch, the wires, the buffer write
  double length_mm = 1;    // 0 for the short wires between a router and its own tile
};

class Link : public sc_core::sc_interface {
 public:
  Link(Clock& clock, const std::string& name, const std::string& receiver, const LinkSpec& spec,
       const FlitFormat& format, EnergyLedger& ledger)
      : clock_(clock),
        name_(name),
        wire_bits_(format.wire_bits()),
        wires_(ledger.counter(name, EnergyEvent::kLinkBitMm, spec.length_mm)),
        buffer_write_(ledger.counter(receiver, EnergyEvent::kRouterBufferWriteBit)) {
    for (int vc = 0; vc < format.vcs; ++vc)
      channels_.push_back(std::make_unique<RegisteredFifo<Flit>>(clock, spec.buffer_flits, spec.latency_cycles));
  }

  bool can_send(int vc) { return channels_[vc]->can_push(); }
  void send(const Flit& flit) {
    channels_[flit.vc]->push(flit);
    wires_.add(clock_.now(), wire_bits_, flit.phase);
    buffer_write_.add(clock_.now(), wire_bits_, flit.phase);
    ++flits_;
  }
  RegisteredFifo<Flit>& channel(int vc) { return *channels_[vc]; }
  void set_producer(Block* block) {
    for (auto& channel : channels_) channel->set_producer(block);
  }
  const std::string& name() const { return name_; }
  uint64_t flits() const { return flits_; }

 private:
  Clock& clock_;
  std::string name_;
  int wire_bits_;
  EnergyCounter& wires_;
  EnergyCounter& buffer_write_;
  std::vector<std::unique_ptr<RegisteredFifo<Flit>>> channels_;
  uint64_t flits_ = 0;
};

}  // namespace spikeloom
