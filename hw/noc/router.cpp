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

// The two cache lines that popping touches.
void fetch_buffer(const RegisteredFifo<Flit>* buffer) {
  __builtin_prefetch(buffer);
  __builtin_prefetch(reinterpret_cast<const char*>(buffer) + 64);
}

}  // namespace

Router::Router(const sc_core::sc_module_name& name, Clock& clock, int id, int ports, const RouterSpec& spec,
               const RouteTable& routes, const VirtualChannels& channels, const FlitFormat& format,
               EnergyLedger& ledger)
    : Block(name, clock),
      count_(uint8_t(ports)),
      vcs_(uint8_t(channels.count())),
      slots_(new Slot[size_t(ports) * vcs_]),
      front_(new Cycle[size_t(ports) * vcs_]),
      ports_(new Port[size_t(ports)]),
      switch_allocator_(make_allocator(spec.switch_allocator, ports, ports, spec.allocator_iterations)),
      spec_(spec),
      crossing_(ledger,
                {{&ledger.counter(this->name(), EnergyEvent::kSwitchArbitration), 1},
                 {&ledger.counter(this->name(), EnergyEvent::kRouterBufferReadBit), uint64_t(format.wire_bits())},
                 {&ledger.counter(this->name(), EnergyEvent::kCrossbarBit), uint64_t(format.wire_bits())}}),
      vc_allocator_(make_allocator(spec.vc_allocator, ports * vcs_, ports * vcs_, spec.allocator_iterations)),
      id_(id),
      route_(ledger.counter(this->name(), EnergyEvent::kRouteComputation)),
      vc_allocation_(ledger.counter(this->name(), EnergyEvent::kVcAllocation)),
      routes_(routes),
      channels_(channels),
      in("in", ports),
      out("out", ports) {
  assert(vcs_ <= kMostVcs && ports <= kMostPorts && format.vcs == vcs_);
  std::fill_n(front_.get(), ports * vcs_, Clock::kNever);
  fetch_ahead(front_.get(), sizeof(Cycle) * size_t(ports) * vcs_);
}

void Router::end_of_elaboration() {
  for (int p = 0; p < count_; ++p) {
    if (in[p].size() > 0) {
      for (int vc = 0; vc < vcs_; ++vc) {
        Slot& slot = slots_[p * vcs_ + vc];
        slot.buffer = &in[p]->channel(vc);
        slot.input = uint8_t(p);
        slot.vc = uint8_t(vc);
        slot.buffer->set_consumer(this);
        slot.buffer->keep_front_in(&front_[p * vcs_ + vc]);
      }
    }
    if (out[p].size() > 0) {
      ports_[p] = {out[p].operator->(), uint32_t(low_mask(vcs_)), 0};
      out[p]->set_producer(this);
    }
  }
}

void Router::tick() {
  again_ = false;
  Requests requests;
  look_at_inputs(&requests);
  if (requests.vcs) allocate_vcs();
  if (requests.switches > 0) allocate_switch(&requests);
  if (deferred_) apply_deferred();
  if (again_) wake_at(now() + 1);
}

// Grants of allocators that take several cycles.
void Router::apply_deferred() {
  apply_due(&vc_grants_, [this](const Grant& grant) { take_vc(grant); });
  apply_due(&switch_grants_, [this](const Grant& grant) { traverse_switch(grant); });
  deferred_ = !vc_grants_.empty() || !switch_grants_.empty();
  if (deferred_) again_ = true;
}

// Applies and forgets the grants that take effect now.
template <typename Apply>
void Router::apply_due(std::vector<Grant>* grants, Apply apply) {
  size_t due = 0;
  while (due < grants->size() && (*grants)[due].cycle <= now()) apply((*grants)[due++]);
  grants->erase(grants->begin(), grants->begin() + long(due));
}

// The channels of an input with a flit at their front that can be seen. Others' arrival wakes this router.
uint32_t Router::visible_channels(int input) const {
  const Cycle cycle = now();
  const Cycle* front = &front_[input * vcs_];
  uint32_t visible = 0;
  for (int vc = vcs_ - 1; vc >= 0; --vc) visible = visible << 1 | uint32_t(front[vc] <= cycle);
  return visible;
}

// Memory is asked for ahead of its use, because a large network does not fit into the cache.
void Router::look_at_inputs(Requests* requests) {
  __builtin_prefetch(ports_.get());
  std::array<uint32_t, kMostPorts> visible;
  for (int input = 0; input < count_; ++input) {
    visible[input] = visible_channels(input);
    for (uint32_t left = visible[input]; left; left &= left - 1)
      __builtin_prefetch(&slots_[input * vcs_ + __builtin_ctz(left)]);
  }
  for (int input = 0; input < count_; ++input) {
    if (!visible[input]) continue;
    SwitchWishes wishes;
    for (uint32_t left = visible[input]; left; left &= left - 1)
      look_at_slot(slots_[input * vcs_ + __builtin_ctz(left)], &wishes, requests);
    request_switch(input, wishes, requests);
  }
}

void Router::look_at_slot(Slot& slot, SwitchWishes* wishes, Requests* requests) {
  if (!slot.routed && !compute_route(slot)) {
    again_ = true;
    return;
  }
  if (const uint16_t missing = slot.missing()) {
    if (now() >= slot.vc_ready) {
      request_vcs(slot, missing, wishes);
      requests->vcs = !vc_requests_.empty();
    } else {
      again_ = true;
    }
  }
  const unsigned ready = slot.remaining & slot.allocated;
  fetch_buffer(slot.buffer);  // it is read if the flit crosses
  if (ready && now() < slot.switch_ready) {
    again_ = true;
    return;
  }
  for (unsigned left = ready; left; left &= left - 1) {
    const int output = __builtin_ctz(left);
    if (!has_credit(output, slot.out_vc[output])) continue;
    wishes->about(output);
    wishes->ready[output] |= 1u << slot.vc;
  }
}

// Whether the route of the packet at the front is known by now.
bool Router::compute_route(Slot& slot) {
  if (!slot.in_packet) {
    slot.in_packet = true;
    slot.route_ready = now() + spec_.routing_cycles;
  }
  if (now() < slot.route_ready) return false;
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
  return true;
}

uint32_t Router::allowed_vcs(const Slot& slot, const Flit& head, int output) const {
  return ports_[output].out->to_node() ? channels_.to_node(head) : channels_.between_routers(head, slot.partition);
}

// Every free virtual channel that the packet may have, at every output that it may still want.
void Router::request_vcs(Slot& slot, uint16_t missing, SwitchWishes* wishes) {
  const Flit& head = slot.buffer->front();
  const uint16_t index = uint16_t(&slot - slots_.get());
  for (unsigned left = missing; left; left &= left - 1) {
    const int output = __builtin_ctz(left);
    for (uint32_t vcs = ports_[output].free & allowed_vcs(slot, head, output); vcs; vcs &= vcs - 1) {
      const int vc = __builtin_ctz(vcs);
      vc_requests_.push_back({index, uint16_t(output * vcs_ + vc), index, 0, slot.multicast, false});
      if (!(spec_.speculative && has_credit(output, vc))) continue;
      wishes->about(output);
      wishes->speculative[output] |= 1u << slot.vc;
    }
  }
}

// For each output one channel of the input asks, in turn; speculative ones where no other does.
void Router::request_switch(int input, const SwitchWishes& wishes, Requests* requests) {
  for (unsigned left = wishes.outputs; left; left &= left - 1) {
    const int output = __builtin_ctz(left);
    const uint32_t ready = wishes.ready[output];
    const int vc = first_from(ready ? ready : wishes.speculative[output], ports_[input].next_vc);
    requests->of_switch[requests->switches++] = {uint16_t(input),
                                                 uint16_t(output),
                                                 uint16_t(vc),
                                                 uint8_t(ready != 0),
                                                 slots_[input * vcs_ + vc].multicast,
                                                 false};
  }
}

void Router::allocate_vcs() {
  again_ = true;
  vc_allocator_->allocate(vc_requests_);
  for (const AllocatorRequest& request : vc_requests_) {
    slots_[request.input].vc_ready = now() + spec_.vc_allocation_cycles;
    if (!request.granted) continue;
    const Grant grant{now() + spec_.vc_allocation_cycles - 1, request.input, uint8_t(request.output / vcs_),
                      uint8_t(request.output % vcs_)};
    if (grant.cycle == now())
      take_vc(grant);
    else
      defer(&vc_grants_, grant);
  }
  vc_requests_.clear();
}

void Router::allocate_switch(Requests* requests) {
  again_ = true;
  switch_allocator_->allocate(requests->of_switch.data(), requests->switches);
  for (size_t i = 0; i < requests->switches; ++i) {
    const AllocatorRequest& request = requests->of_switch[i];
    const uint16_t slot = uint16_t(request.input * vcs_ + request.label);
    slots_[slot].switch_ready = now() + spec_.switch_allocation_cycles;
    if (!request.granted) continue;
    ports_[request.input].next_vc = uint8_t(request.label + 1 == vcs_ ? 0 : request.label + 1);
    const Grant grant{now() + spec_.switch_allocation_cycles - 1, slot, uint8_t(request.output), 0};
    if (grant.cycle == now())
      traverse_switch(grant);
    else
      defer(&switch_grants_, grant);
  }
}

// A grant of an allocator that takes several cycles is void when the channel was taken meanwhile.
void Router::take_vc(const Grant& grant) {
  Slot& slot = slots_[grant.slot];
  if (!(ports_[grant.output].free >> grant.vc & 1)) return;
  ports_[grant.output].free &= ~(1u << grant.vc);
  slot.out_vc[grant.output] = grant.vc;
  slot.allocated |= uint16_t(1u << grant.output);
  if (!slot.multicast) slot.branches = slot.remaining = uint16_t(1u << grant.output);
  vc_allocation_.add(now(), 1, slot.buffer->front().phase);
}

// A grant is void when the packet got no channel there (speculation), or the credit is gone.
void Router::traverse_switch(const Grant& grant) {
  const Slot& slot = slots_[grant.slot];
  if ((slot.remaining & slot.allocated) >> grant.output & 1 && has_credit(grant.output, slot.out_vc[grant.output]))
    cross(grant);
}

void Router::cross(const Grant& grant) {
  Slot& slot = slots_[grant.slot];
  const Flit& flit = slot.buffer->front();
  const bool tail = flit.tail;
  const int vc = slot.out_vc[grant.output];
  ports_[grant.output].out->send(flit, vc, slot.partition);
  crossing_.add(now(), flit.phase);
  if (tail) ports_[grant.output].free |= 1u << vc;
  slot.remaining &= uint16_t(~(1u << grant.output));
  if (slot.remaining) return;
  slot.buffer->pop();
  slot.remaining = slot.branches;
  if (tail) slot.in_packet = slot.routed = false;
}

std::string Router::waits_for() const {
  return std::any_of(front_.get(), front_.get() + count_ * vcs_, [](Cycle from) { return from != Clock::kNever; })
             ? "credits or virtual channels, with flits in its buffers"
             : "";
}

std::vector<Router::Waiting> Router::waiting() const {
  std::vector<Waiting> all;
  for (int i = 0; i < count_ * vcs_; ++i) {
    const Slot& slot = slots_[i];
    if (!slot.buffer || slot.buffer->empty()) continue;
    const Flit& flit = slot.buffer->front();
    std::string reason;
    const auto add = [&](int output, const std::string& what) {
      reason += (reason.empty() ? "" : "; ") + what + " at its " + port_name(output) + " output";
    };
    const unsigned allocated = slot.remaining & slot.allocated;
    for (int output = 0; output < count_; ++output) {
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
