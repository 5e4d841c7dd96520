#include "hw/noc/router.h"

#include <algorithm>
#include <cassert>

namespace spikeloom {

namespace {

// The lowest set bit at or after `from`, around the end.
int first_from(uint32_t mask, int from) {
  const uint32_t later = mask & (~uint32_t{0} << from);
  return __builtin_ctz(later ? later : mask);
}

}  // namespace

Router::Router(const sc_core::sc_module_name& name, Clock& clock, int id, int ports, const RouterSpec& spec,
               const RouteTable& routes, const VirtualChannels& channels, const FlitFormat& format,
               EnergyLedger& ledger)
    : Block(name, clock),
      in("in", ports),
      out("out", ports),
      id_(id),
      ports_(ports),
      spec_(spec),
      routes_(routes),
      channels_(channels),
      vcs_(channels.count()),
      route_(ledger.counter(this->name(), EnergyEvent::kRouteComputation)),
      vc_allocation_(ledger.counter(this->name(), EnergyEvent::kVcAllocation)),
      crossing_(ledger.bundle(
          {{&ledger.counter(this->name(), EnergyEvent::kSwitchArbitration), 1},
           {&ledger.counter(this->name(), EnergyEvent::kRouterBufferReadBit), uint64_t(format.wire_bits())},
           {&ledger.counter(this->name(), EnergyEvent::kCrossbarBit), uint64_t(format.wire_bits())}})),
      out_(ports, nullptr),
      out_buffers_(static_cast<size_t>(ports) * vcs_, nullptr),
      slots_(static_cast<size_t>(ports) * vcs_),
      vc_allocator_(make_allocator(spec.vc_allocator, ports * vcs_, ports * vcs_, spec.allocator_iterations)),
      switch_allocator_(make_allocator(spec.switch_allocator, ports, ports, spec.allocator_iterations)) {
  assert(vcs_ <= kMostVcs && ports <= kMostPorts && format.vcs == vcs_);
  free_.fill(uint32_t(low_mask(vcs_)));
}

void Router::end_of_elaboration() {
  for (int p = 0; p < ports_; ++p) {
    if (in[p].size() > 0) {
      for (int vc = 0; vc < vcs_; ++vc) {
        Slot& slot = slots_[p * vcs_ + vc];
        slot.buffer = &in[p]->channel(vc);
        slot.input = uint8_t(p);
        slot.vc = uint8_t(vc);
        slot.buffer->set_consumer(this);
        slot.buffer->set_occupancy(&occupied_[p], uint64_t{1} << vc);
      }
    }
    if (out[p].size() > 0) {
      out_[p] = out[p].operator->();
      out_[p]->set_producer(this);
      for (int vc = 0; vc < vcs_; ++vc) out_buffers_[p * vcs_ + vc] = &out_[p]->channel(vc);
    }
  }
}

void Router::tick() {
  again_ = false;
  look_at_inputs();
  allocate();
  apply_grants();
  if (again_) wake_at(now() + 1);
}

void Router::look_at_inputs() {
  for (int input = 0; input < ports_; ++input) {
    if (!occupied_[input]) continue;
    for (uint64_t left = occupied_[input]; left; left &= left - 1)
      look_at_slot(slots_[input * vcs_ + __builtin_ctzll(left)]);
    request_switch(input);
  }
}

void Router::look_at_slot(Slot& slot) {
  if (!slot.buffer->can_pop()) return;  // its arrival wakes this router
  if (!slot.in_packet) {
    slot.in_packet = true;
    slot.routed = false;
    slot.route_ready = now() + spec_.routing_cycles;
  }
  if (!slot.routed) {
    if (now() < slot.route_ready) {
      again_ = true;
      return;
    }
    route(slot);
  }
  const uint16_t missing = slot.multicast   ? uint16_t(slot.branches & ~slot.allocated)
                           : slot.allocated ? uint16_t(0)
                                            : slot.branches;
  if (missing) {
    if (now() >= slot.vc_ready)
      request_vcs(slot, missing);
    else
      again_ = true;
  }
  const unsigned ready = slot.remaining & slot.allocated;
  if (ready && now() < slot.switch_ready) {
    again_ = true;
    return;
  }
  for (unsigned left = ready; left; left &= left - 1) {
    const int output = __builtin_ctz(left);
    if (has_credit(output, slot.out_vc[output])) wanted_[output] |= 1u << slot.vc;
  }
}

void Router::route(Slot& slot) {
  const Flit& head = slot.buffer->front();
  const Route route = routes_.route(head, id_, slot.input);
  assert(head.head && route.ports && (!route.multicast || head.ordered));
  slot.routed = true;
  slot.multicast = route.multicast;
  slot.partition = route.partition;
  slot.branches = slot.remaining = route.ports;
  slot.allocated = 0;
  slot.vc_ready = slot.switch_ready = now();
  route_.add(now(), 1, head.phase);
}

uint32_t Router::allowed_vcs(const Slot& slot, const Flit& head, int output) const {
  return out_[output]->to_node() ? channels_.to_node(head) : channels_.between_routers(head, slot.partition);
}

// Every free virtual channel that the packet may have, at every output that it may still want.
void Router::request_vcs(Slot& slot, uint16_t missing) {
  const Flit& head = slot.buffer->front();
  const uint16_t index = uint16_t(&slot - slots_.data());
  for (unsigned left = missing; left; left &= left - 1) {
    const int output = __builtin_ctz(left);
    for (uint32_t vcs = free_[output] & allowed_vcs(slot, head, output); vcs; vcs &= vcs - 1) {
      const int vc = __builtin_ctz(vcs);
      vc_requests_.push_back({index, uint16_t(output * vcs_ + vc), index, 0, slot.multicast, false});
      if (spec_.speculative && has_credit(output, vc)) speculative_[output] |= 1u << slot.vc;
    }
  }
}

// For each output one channel of the input asks, in turn; speculative ones where no other does.
void Router::request_switch(int input) {
  for (int output = 0; output < ports_; ++output) {
    const uint32_t vcs = wanted_[output] ? wanted_[output] : speculative_[output];
    if (!vcs) continue;
    const int vc = first_from(vcs, next_vc_[input]);
    switch_requests_.push_back({uint16_t(input), uint16_t(output), uint16_t(vc), uint8_t(wanted_[output] != 0),
                                slots_[input * vcs_ + vc].multicast, false});
    wanted_[output] = speculative_[output] = 0;
  }
}

void Router::allocate() {
  if (!vc_requests_.empty()) {
    again_ = true;
    vc_allocator_->allocate(vc_requests_);
    for (const AllocatorRequest& request : vc_requests_) {
      slots_[request.input].vc_ready = now() + spec_.vc_allocation_cycles;
      if (!request.granted) continue;
      const Grant grant{now() + spec_.vc_allocation_cycles - 1, request.input, uint8_t(request.output / vcs_),
                        uint8_t(request.output % vcs_)};
      vc_grants_.push_back(grant);
    }
    vc_requests_.clear();
  }
  if (!switch_requests_.empty()) {
    again_ = true;
    switch_allocator_->allocate(switch_requests_);
    for (const AllocatorRequest& request : switch_requests_) {
      const uint16_t slot = uint16_t(request.input * vcs_ + request.label);
      slots_[slot].switch_ready = now() + spec_.switch_allocation_cycles;
      if (!request.granted) continue;
      next_vc_[request.input] = uint8_t(request.label + 1 == vcs_ ? 0 : request.label + 1);
      switch_grants_.push_back({now() + spec_.switch_allocation_cycles - 1, slot, uint8_t(request.output), 0});
    }
    switch_requests_.clear();
  }
}

// Applies and forgets the grants that take effect now; mostly all of them.
template <typename Apply>
void Router::apply_due(std::vector<Grant>* grants, Apply apply) {
  size_t due = 0;
  while (due < grants->size() && (*grants)[due].cycle <= now()) apply((*grants)[due++]);
  if (due == grants->size())
    grants->clear();
  else
    grants->erase(grants->begin(), grants->begin() + long(due));
}

void Router::apply_grants() {
  if (!vc_grants_.empty()) apply_due(&vc_grants_, [this](const Grant& grant) { take_vc(grant); });
  if (!switch_grants_.empty())
    apply_due(&switch_grants_, [this](const Grant& grant) {
      if (may_cross(grant)) cross(grant);
    });
  if (!vc_grants_.empty() || !switch_grants_.empty()) again_ = true;
}

// A grant of an allocator that takes several cycles is void when the channel was taken meanwhile.
void Router::take_vc(const Grant& grant) {
  Slot& slot = slots_[grant.slot];
  if (!(free_[grant.output] >> grant.vc & 1)) return;
  free_[grant.output] &= ~(1u << grant.vc);
  slot.out_vc[grant.output] = grant.vc;
  slot.allocated |= uint16_t(1u << grant.output);
  if (!slot.multicast) slot.branches = slot.remaining = uint16_t(1u << grant.output);
  vc_allocation_.add(now(), 1, slot.buffer->front().phase);
}

// Void when the packet got no channel there (speculation), or the credit is gone.
bool Router::may_cross(const Grant& grant) {
  const Slot& slot = slots_[grant.slot];
  return (slot.remaining & slot.allocated) >> grant.output & 1 && has_credit(grant.output, slot.out_vc[grant.output]);
}

void Router::cross(const Grant& grant) {
  Slot& slot = slots_[grant.slot];
  const Flit& flit = slot.buffer->front();
  const bool tail = flit.tail;
  const int vc = slot.out_vc[grant.output];
  out_[grant.output]->send(flit, vc, slot.partition);
  crossing_.add(now(), flit.phase);
  ++flits_;
  if (tail) free_[grant.output] |= 1u << vc;
  slot.remaining &= uint16_t(~(1u << grant.output));
  if (slot.remaining) return;
  slot.buffer->pop();
  slot.remaining = slot.branches;
  if (tail) slot.in_packet = false;
}

std::string Router::waits_for() const {
  return std::any_of(occupied_.begin(), occupied_.end(), [](uint64_t channels) { return channels != 0; })
             ? "credits or virtual channels, with flits in its buffers"
             : "";
}

std::vector<Router::Waiting> Router::waiting() const {
  std::vector<Waiting> all;
  for (const Slot& slot : slots_) {
    if (!slot.buffer || slot.buffer->empty()) continue;
    const Flit& flit = slot.buffer->front();
    std::string reason;
    const auto add = [&](int output, const std::string& what) {
      reason += (reason.empty() ? "" : "; ") + what + " at its " + port_name(output) + " output";
    };
    const unsigned allocated = slot.remaining & slot.allocated;
    for (int output = 0; output < ports_; ++output) {
      if (allocated >> output & 1)
        add(output, "a credit of virtual channel " + std::to_string(slot.out_vc[output]));
      else if (slot.in_packet && slot.remaining >> output & 1)
        add(output, "a free virtual channel");
    }
    all.push_back(
        {flit.born, flit.head ? "head flit to destination " + std::to_string(flit.destination) : "body flit",
         std::string(name()) + ", " + port_name(slot.input) + " input, virtual channel " + std::to_string(slot.vc),
         reason.empty() ? "its turn" : reason});
  }
  return all;
}

}  // namespace spikeloom
