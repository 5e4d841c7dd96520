#include "hw/noc/router.h"

#include <cassert>

namespace spikeloom {

Router::Router(const sc_core::sc_module_name& name, Clock& clock, int id, const RouteTable& routes,
               const FlitFormat& format, EnergyLedger& ledger)
    : Block(name, clock),
      in("in", kPorts),
      out("out", kPorts),
      id_(id),
      vcs_(format.vcs),
      wire_bits_(format.wire_bits()),
      routes_(routes),
      route_(ledger.counter(this->name(), EnergyEvent::kRouteComputation)),
      arbitration_(ledger.counter(this->name(), EnergyEvent::kSwitchArbitration)),
      buffer_read_(ledger.counter(this->name(), EnergyEvent::kRouterBufferReadBit)),
      crossbar_(ledger.counter(this->name(), EnergyEvent::kCrossbarBit)),
      state_(kPorts * format.vcs),
      owner_(kPorts * format.vcs, -1) {
  assert(vcs_ <= 12 && kPorts * vcs_ <= 64);
}

void Router::end_of_elaboration() {
  for (int p = 0; p < kPorts; ++p) {
    if (in[p].size() > 0) {
      in_[p] = in[p].operator->();
      for (int vc = 0; vc < vcs_; ++vc) {
        in_[p]->channel(vc).set_consumer(this);
        in_[p]->channel(vc).set_occupancy(&occupied_, uint64_t{1} << (p * vcs_ + vc));
      }
    }
    if (out[p].size() > 0) {
      out_[p] = out[p].operator->();
      out_[p]->set_producer(this);
    }
  }
}

// For every visible front flit, the outputs that would take it now. Routes fresh flits.
void Router::look_at_fronts(std::array<std::array<uint8_t, 16>, kPorts>* wanted) {
  for (uint64_t left = occupied_; left; left &= left - 1) {
    const int slot = __builtin_ctzll(left), input = slot / vcs_, vc = slot % vcs_;
    RegisteredFifo<Flit>& buffer = in_[input]->channel(vc);
    if (!buffer.can_pop()) continue;
    const Flit& flit = buffer.front();
    InputState& state = state_[slot];
    if (state.remaining == 0) {
      if (flit.head) {
        state.route = routes_.outputs(flit.destination, id_);
        route_.add(now(), 1);
      }
      state.remaining = state.route;
    }
    for (uint8_t ports = state.remaining; ports; ports &= ports - 1) {
      const int output = __builtin_ctz(ports);
      const int8_t owner = owner_[output * vcs_ + vc];
      if ((flit.head ? owner == -1 : owner == input) && out_[output]->can_send(vc))
        (*wanted)[input][vc] |= uint8_t(1u << output);
    }
  }
}

int Router::pick_channel(int input, const std::array<uint8_t, 16>& wanted) {
  for (int i = 0; i < vcs_; ++i) {
    const int vc = (next_vc_[input] + i) % vcs_;
    if (wanted[vc]) return vc;
  }
  return -1;
}

void Router::grant(int input, int vc, int output) {
  RegisteredFifo<Flit>& buffer = in_[input]->channel(vc);
  const Flit& flit = buffer.front();
  out_[output]->send(flit);
  owner_[output * vcs_ + vc] = flit.tail ? int8_t(-1) : int8_t(input);
  next_vc_[input] = (vc + 1) % vcs_;
  next_input_[output] = (input + 1) % kPorts;
  arbitration_.add(now(), 1);
  buffer_read_.add(now(), wire_bits_);
  crossbar_.add(now(), wire_bits_);
  InputState& state = state_[input * vcs_ + vc];
  state.remaining &= uint8_t(~(1u << output));
  if (state.remaining == 0) buffer.pop();
  ++flits_;
}

void Router::tick() {
  std::array<std::array<uint8_t, 16>, kPorts> wanted{};
  look_at_fronts(&wanted);
  std::array<int, kPorts> channel;
  for (int input = 0; input < kPorts; ++input) channel[input] = pick_channel(input, wanted[input]);
  bool granted = false;
  for (int output = 0; output < kPorts; ++output) {
    for (int i = 0; i < kPorts; ++i) {
      const int input = (next_input_[output] + i) % kPorts;
      if (channel[input] < 0 || !(wanted[input][channel[input]] >> output & 1)) continue;
      grant(input, channel[input], output);
      granted = true;
      break;
    }
  }
  if (granted && occupied_) wake_at(now() + 1);
}

std::string Router::waits_for() const { return occupied_ ? "flits in its buffers wait for credits" : ""; }

}  // namespace spikeloom
