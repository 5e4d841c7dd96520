#include "hw/noc/router.h"

#include <cassert>

namespace spikeloom {

namespace {

// The lowest set bit at or after `from`, around the end.
int first_from(unsigned mask, int from) {
  const unsigned later = mask & (~0u << from);
  return __builtin_ctz(later ? later : mask);
}

}  // namespace

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
      buffers_(kPorts * format.vcs, nullptr),
      state_(kPorts * format.vcs),
      owner_(kPorts * format.vcs, -1) {
  assert(vcs_ <= 12 && kPorts * vcs_ <= 64);
  for (int slot = 0; slot < kPorts * vcs_; ++slot) input_of_[slot] = uint8_t(slot / vcs_);
}

void Router::end_of_elaboration() {
  for (int p = 0; p < kPorts; ++p) {
    if (in[p].size() > 0) {
      in_[p] = in[p].operator->();
      for (int vc = 0; vc < vcs_; ++vc) {
        buffers_[p * vcs_ + vc] = &in_[p]->channel(vc);
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

// For every visible front flit, the outputs that would take it now; returns the channels that want any. Routes fresh
// flits.
uint64_t Router::look_at_fronts() {
  uint64_t wanting = 0;
  for (uint64_t left = occupied_; left; left &= left - 1) {
    const int slot = __builtin_ctzll(left), input = input_of_[slot], vc = slot - input * vcs_;
    RegisteredFifo<Flit>& buffer = *buffers_[slot];
    if (!buffer.can_pop()) continue;
    const Flit& flit = buffer.front();
    InputState& state = state_[slot];
    if (state.remaining == 0) {
      if (flit.head) {
        state.route = routes_.outputs(flit.destination, id_);
        route_.add(now(), 1, flit.phase);
      }
      state.remaining = state.route;
    }
    state.wanted = 0;
    for (unsigned ports = state.remaining; ports; ports &= ports - 1) {
      const int output = __builtin_ctz(ports);
      const int8_t owner = owner_[output * vcs_ + vc];
      if ((flit.head ? owner == -1 : owner == input) && out_[output]->can_send(vc))
        state.wanted |= uint8_t(1u << output);
    }
    if (state.wanted) wanting |= uint64_t{1} << slot;
  }
  return wanting;
}

void Router::grant(int input, int vc, int output) {
  RegisteredFifo<Flit>& buffer = *buffers_[input * vcs_ + vc];
  const Flit& flit = buffer.front();
  out_[output]->send(flit);
  owner_[output * vcs_ + vc] = flit.tail ? int8_t(-1) : int8_t(input);
  next_vc_[input] = vc + 1 == vcs_ ? 0 : vc + 1;
  next_input_[output] = input + 1 == kPorts ? 0 : input + 1;
  arbitration_.add(now(), 1, flit.phase);
  buffer_read_.add(now(), wire_bits_, flit.phase);
  crossbar_.add(now(), wire_bits_, flit.phase);
  InputState& state = state_[input * vcs_ + vc];
  state.remaining &= uint8_t(~(1u << output));
  if (state.remaining == 0) buffer.pop();
  ++flits_;
}

// Input arbitration picks one channel of each input, output arbitration one input for each output, both round robin.
void Router::tick() {
  const uint64_t wanting = look_at_fronts();
  if (!wanting) return;
  std::array<uint8_t, kPorts> requests{};  // [output]: inputs
  std::array<int, kPorts> channel{};
  for (int input = 0; input < kPorts; ++input) {
    const unsigned channels = unsigned(wanting >> (input * vcs_) & low_mask(vcs_));
    if (!channels) continue;
    channel[input] = first_from(channels, next_vc_[input]);
    for (unsigned ports = state_[input * vcs_ + channel[input]].wanted; ports; ports &= ports - 1)
      requests[__builtin_ctz(ports)] |= uint8_t(1u << input);
  }
  for (int output = 0; output < kPorts; ++output) {
    if (!requests[output]) continue;
    const int input = first_from(requests[output], next_input_[output]);
    grant(input, channel[input], output);
  }
  if (occupied_) wake_at(now() + 1);
}

std::string Router::waits_for() const { return occupied_ ? "flits in its buffers wait for credits" : ""; }

}  // namespace spikeloom
