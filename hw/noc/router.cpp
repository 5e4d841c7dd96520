#include "hw/noc/router.h"

#include <algorithm>
#include <cassert>

namespace spikeloom {

namespace {

// The lowest set bit at or after `from`, around the end.
int first_from(uint32_t mask, int from) {
  const uint64_t later = mask & (~uint64_t{0} << from);
  return __builtin_ctzll(later ? later : mask);
}

}  // namespace

Router::Router(const sc_core::sc_module_name& name, Clock& clock, int id, int ports, const RouterSpec& spec,
               const RouteTable& routes, const VirtualChannels& channels, const FlitFormat& format,
               EnergyLedger& ledger)
    : Block(name, clock),
      count_(uint8_t(ports)),
      vcs_(uint8_t(channels.count())),
      may_pass_apart_(ports * channels.count() <= 64 && spec.switch_allocation_cycles == 1 && spec.output_speedup == 1),
      crossbar_waits_(spec.switch_cycles > 1 || spec.output_speedup > 1),
      stages_wait_(std::max({spec.routing_cycles, spec.vc_allocation_cycles, spec.switch_allocation_cycles}) > 1),
      next_vc_(few_next_vcs_.data()),
      slots_(new Slot[size_t(ports) * vcs_]),
      switch_allocator_(make_allocator(spec.switch_allocator, ports * spec.input_speedup, ports * spec.output_speedup,
                                       spec.allocator_iterations)),
      vc_allocator_(make_allocator(spec.vc_allocator, ports * vcs_, ports * vcs_, spec.allocator_iterations)),
      routes_(routes),
      channels_(channels),
      route_(ledger, {{&ledger.counter(this->name(), EnergyEvent::kRouteComputation), 1}}),
      spec_(spec),
      vc_allocation_(ledger, {{&ledger.counter(this->name(), EnergyEvent::kVcAllocation), 1}}),
      more_groups_((size_t(ports) * vcs_ - 1) / 64),
      id_(id),
      crossing_{{&ledger.counter(this->name(), EnergyEvent::kSwitchArbitration), 1},
                {&ledger.counter(this->name(), EnergyEvent::kRouterBufferReadBit), uint64_t(format.wire_bits())},
                {&ledger.counter(this->name(), EnergyEvent::kCrossbarBit), uint64_t(format.wire_bits())}},
      in("in", ports),
      out("out", ports) {
  assert(vcs_ <= kMostVcs && ports <= kMostPorts && format.vcs == vcs_);
  assert(spec.input_speedup <= vcs_ && spec.input_speedup <= kMostSpeedup && spec.output_speedup <= kMostSpeedup);
  for (int vc = 0; vc < vcs_; vc += spec.input_speedup) every_nth_channel_ |= 1u << vc;
  more_next_vcs_.resize(size_t(ports * spec.input_speedup));
  if (more_next_vcs_.size() > few_next_vcs_.size()) next_vc_ = more_next_vcs_.data();
}

void Router::end_of_elaboration() {
  for (int p = 0; p < count_; ++p) {
    if (in[p].size() > 0) {
      for (int vc = 0; vc < vcs_; ++vc) {
        Slot& slot = slots_[p * vcs_ + vc];
        slot.buffer = &in[p]->channel(vc);
        slot.input = uint8_t(p);
        slot.crossbar_input = uint8_t(p * spec_.input_speedup + vc % spec_.input_speedup);
        slot.vc = uint8_t(vc);
        slot.buffer->set_consumer(this);
        slot.buffer->keep_front_in(&slot.front, &group(index_of(slot)).occupied, int(index_of(slot) % 64));
      }
    }
    if (out[p].size() > 0) {
      out_[p] = out[p].operator->();
      out[p]->set_producer(this);
      out[p]->charge_sender(crossing_);
    }
  }
}

inline void Router::pass(Slot& slot) {
  const int output = __builtin_ctz(slot.remaining);
  const bool tail = slot.buffer->stored_front().tail();
  switch_allocator_->grant(slot.crossbar_input, output);
  took_switch(slot, 1);
  const Cycle wait = crossbar_waits_ ? wait_for_crossbar(output) : 0;
  out_[output]->send_front(*slot.buffer, *slot.next_buffer, wait);
  if (slot.front <= now() + 1) again_ = true;
  if (!tail) return;
  give_vc_back(slot, output);
  slot.end_packet();
}

// What the stages come to, for speed, when all flits follow their packets' heads and no two of those that can go share
// an input or an output. False: it is not so, and the stages have to run.
inline bool Router::pass_apart() {
  if (!may_pass_apart_ || deferred_) return false;
  std::array<Slot*, kMostPorts> passing;
  size_t count = 0;
  uint64_t inputs = 0;
  unsigned outputs = 0;
  for (uint64_t left = first_group_.occupied & ~first_group_.asleep; left; left &= left - 1) {
    Slot& slot = slots_[__builtin_ctzll(left)];
    if (slot.front > now()) continue;
    if (!slot.next_buffer) return false;
    if (!reached(slot.switch_ready)) {
      again_ = true;
    } else if (slot.next_buffer->can_push()) {
      const uint64_t input = uint64_t{1} << slot.crossbar_input;
      if (inputs & input || outputs & slot.remaining) return false;
      inputs |= input;
      outputs |= slot.remaining;
      passing[count++] = &slot;
    } else {
      sleep_on(*slot.next_buffer, slot);
    }
  }
  for (size_t i = 0; i < count; ++i) pass(*passing[i]);
  return true;
}

void Router::tick() {
  again_ = false;
  if (!pass_apart()) run_stages();
  if (again_) wake_at(now() + 1);
}

// Slots, links and allocators; buffers.
void Router::fetch(int step) const {
  if (step == 0) {
    for (int slot = 0; slot < count_ * vcs_; ++slot) __builtin_prefetch(&slots_[slot]);
    for (int port = 0; port < count_; ++port) __builtin_prefetch(out_[port]);
    __builtin_prefetch(switch_allocator_.get());
    __builtin_prefetch(vc_allocator_.get());
  } else {
    for (int slot = 0; slot < count_ * vcs_; ++slot)
      if (slots_[slot].buffer) slots_[slot].buffer->fetch();
  }
}

void Router::run_stages() {
  static std::vector<AllocatorRequest> vc_requests;  // of the router that runs; empty between two
  Requests requests(vc_requests);
  look_at_inputs(&requests);
  if (!vc_requests.empty()) allocate_vcs(&requests);
  if (requests.switches > 0) allocate_switch(&requests);
  if (deferred_) apply_deferred();
  if (!stages_wait_) return;
  end_cycle(&routing_, spec_.routing_cycles);
  end_cycle(&vc_stage_, spec_.vc_allocation_cycles);
  end_cycle(&switch_stage_, spec_.switch_allocation_cycles);
}

uint64_t Router::flits() const {
  uint64_t flits = 0;
  for (int p = 0; p < count_; ++p) flits += out_[p] ? out_[p]->flits() : 0;
  return flits;
}

template <typename Visit>
void Router::for_each_awake(Visit visit) const {
  for (int first = 0; first < count_ * vcs_; first += 64) {
    const SlotGroup& slots = group(size_t(first));
    for (uint64_t left = slots.occupied & ~slots.asleep; left; left &= left - 1)
      visit(slots_[first + __builtin_ctzll(left)]);
  }
}

void Router::wake_all_slots() {
  first_group_.asleep = 0;
  for (SlotGroup& group : more_groups_) group.asleep = 0;
  again_ = true;
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

// A channel's flit that cannot be seen yet wakes this router when it can.
void Router::look_at_inputs(Requests* requests) {
  SwitchWishes wishes;
  int input = 0;
  for_each_awake([&](Slot& slot) {
    if (slot.front > now()) return;
    if (slot.input != input) {
      request_switch(input, wishes, requests);
      wishes.outputs = 0;
      input = slot.input;
    }
    look_at_slot(slot, &wishes, requests);
  });
  request_switch(input, wishes, requests);
}

void Router::look_at_slot(Slot& slot, SwitchWishes* wishes, Requests* requests) {
  if (slot.next_buffer) {  // the common case: it goes on as the packet does
    if (!reached(slot.switch_ready) || !open(switch_stage_)) {
      again_ = true;
      return;
    }
    begin(&switch_stage_);
    if (slot.next_buffer->can_push())
      wishes->add(__builtin_ctz(slot.remaining), slot.vc);
    else if (spec_.switch_allocation_cycles > 1)
      again_ = true;
    else
      sleep_on(*slot.next_buffer, slot);
    return;
  }
  if (!slot.routed && !compute_route(slot)) {
    again_ = true;
    return;
  }
  bool waits = true;  // for what wakes a sleeping slot
  if (const uint16_t missing = slot.missing()) {
    if (reached(slot.head_ready) && open(vc_stage_)) {
      begin(&vc_stage_);
      waits = !request_vcs(slot, missing, wishes, requests);
      if (spec_.vc_allocation_cycles > 1) {
        waits = false;
        again_ = true;
      }
    } else {
      waits = false;
      again_ = true;
    }
  }
  const unsigned ready = slot.remaining & slot.allocated;
  if (ready && (!reached(slot.switch_ready) || !open(switch_stage_))) {
    again_ = true;
    return;
  }
  if (ready) begin(&switch_stage_);
  for (unsigned left = ready; left; left &= left - 1) {
    const int output = __builtin_ctz(left);
    RegisteredFifo<Flit>& buffer = out_[output]->channel(slot.out_vc[output]);
    if (buffer.can_push())
      wishes->add(output, slot.vc);
    else if (spec_.switch_allocation_cycles > 1)
      again_ = true;  // a stage begins although there is no credit yet
    else if (buffer.producer_waits())
      continue;
    waits = false;
  }
  if (!waits) return;
  put_to_sleep(slot);
  for (unsigned left = ready; left; left &= left - 1) {
    const int output = __builtin_ctz(left);
    sleep_on(out_[output]->channel(slot.out_vc[output]), slot);
  }
}

// Whether the route of the packet at the front is known by now.
bool Router::compute_route(Slot& slot) {
  if (!slot.in_packet) {
    if (!open(routing_)) return false;
    begin(&routing_);
    slot.in_packet = true;
    slot.head_ready = uint32_t(now() + spec_.routing_cycles);
  }
  if (!reached(slot.head_ready)) return false;
  const Flit& head = slot.buffer->front();
  const int partition = slot.input < kDirections ? channels_.partition_of(slot.vc) : 0;
  const Route route = routes_.route(head, id_, slot.input, uint8_t(partition));
  assert(head.head && route.ports && (!route.multicast || head.ordered));
  slot.routed = true;
  slot.multicast = route.multicast;
  slot.partition = route.partition;
  slot.branches = slot.remaining = route.ports;
  slot.allocated = 0;
  // The outputs of a unicast all lead to routers, or the one to its node.
  if (!slot.multicast) slot.allowed = allowed_vcs(slot, head, __builtin_ctz(route.ports));
  slot.next_buffer = nullptr;
  slot.head_ready = slot.switch_ready = uint32_t(now());
  route_.add(now(), head.phase);
  return true;
}

uint32_t Router::allowed_vcs(const Slot& slot, const Flit& head, int output) const {
  return out_[output]->to_node() ? channels_.to_node(head) : channels_.between_routers(head, slot.partition);
}

// Every virtual channel that the packet may have in this cycle, at every output that it may still want. False: there is
// none, nor one that only waits for credits.
bool Router::request_vcs(Slot& slot, uint16_t missing, SwitchWishes* wishes, Requests* requests) {
  const uint16_t index = uint16_t(index_of(slot));
  bool any = false;
  for (unsigned left = missing; left; left &= left - 1) {
    const int output = __builtin_ctz(left);
    const uint32_t allowed = slot.multicast ? allowed_vcs(slot, slot.buffer->front(), output) : slot.allowed;
    uint32_t vcs = out_[output]->free() & allowed;
    if (vcs && spec_.wait_for_tail_credit) {
      any = true;  // a credit wakes the router, not the slot
      vcs = with_all_credits(output, vcs);
    }
    for (; vcs; vcs &= vcs - 1) {
      const int vc = __builtin_ctz(vcs);
      any = true;
      requests->vcs.push_back({index, uint16_t(output * vcs_ + vc), index, 0, slot.multicast, false});
      if (!(spec_.speculative && has_credit(output, vc))) continue;
      wishes->about(output);
      wishes->speculative[output] |= 1u << slot.vc;
    }
  }
  return any;
}

uint32_t Router::with_all_credits(int output, uint32_t vcs) {
  uint32_t all = 0;
  for (; vcs; vcs &= vcs - 1)
    if (out_[output]->can_begin(__builtin_ctz(vcs))) all |= vcs & -vcs;
  return all;
}

// For each output one of the channels of each crossbar input asks, in turn; speculative ones where no other does.
inline void Router::request_switch(int input, const SwitchWishes& wishes, Requests* requests) {
  if (spec_.input_speedup == 1) {
    request_switch(input, &slots_[input * vcs_], ~0u, wishes, requests);
    return;
  }
  for (int i = 0; i < spec_.input_speedup; ++i)
    request_switch(input * spec_.input_speedup + i, &slots_[input * vcs_], every_nth_channel_ << i, wishes, requests);
}

// `slots`: of the input; `channels`: of them those of the crossbar input.
inline void Router::request_switch(int crossbar_input, const Slot* slots, uint32_t channels, const SwitchWishes& wishes,
                                   Requests* requests) {
  const int speedup = spec_.output_speedup, turn = speedup == 1 ? 0 : slots->input % speedup;
  for (unsigned left = wishes.outputs; left; left &= left - 1) {
    const int output = __builtin_ctz(left);
    const uint32_t ready = wishes.ready[output] & channels;
    const uint32_t asking = ready ? ready : wishes.speculative[output] & channels;
    if (!asking) continue;
    const Slot& slot = slots[first_from(asking, next_vc_[crossbar_input])];
    requests->of_switch[requests->switches++] = {uint16_t(crossbar_input), uint16_t(output * speedup + turn),
                                                 uint16_t(index_of(slot)), uint8_t(ready != 0),
                                                 slot.multicast,           false};
  }
}

void Router::allocate_vcs(Requests* requests) {
  again_ = true;
  vc_allocator_->allocate(requests->vcs);
  for (const AllocatorRequest& request : requests->vcs) {
    slots_[request.input].head_ready = uint32_t(now() + spec_.vc_allocation_cycles);
    if (!request.granted) continue;
    const Grant grant{now() + spec_.vc_allocation_cycles - 1, request.input, uint8_t(request.output / vcs_),
                      uint8_t(request.output % vcs_)};
    if (grant.cycle == now())
      take_vc(grant);
    else
      defer(&vc_grants_, grant);
  }
  requests->vcs.clear();
}

void Router::allocate_switch(Requests* requests) {
  again_ = true;
  switch_allocator_->allocate(requests->of_switch.data(), requests->switches);
  const int speedup = spec_.output_speedup;
  for (size_t i = 0; i < requests->switches; ++i) {
    const AllocatorRequest& request = requests->of_switch[i];
    Slot& slot = slots_[request.label];
    if (request.granted)
      grant_switch(slot, speedup == 1 ? request.output : request.output / speedup);
    else
      slot.switch_ready = uint32_t(now() + spec_.switch_allocation_cycles);
  }
}

void Router::took_switch(Slot& slot, int cycles) {
  slot.switch_ready = uint32_t(now() + Cycle(cycles));
  next_vc_[slot.crossbar_input] = uint8_t(slot.vc + 1);
}

void Router::grant_switch(Slot& slot, int output) {
  took_switch(slot, spec_.switch_allocation_cycles);
  const Grant grant{now() + spec_.switch_allocation_cycles - 1, uint16_t(index_of(slot)), uint8_t(output), 0};
  if (grant.cycle == now())
    traverse_switch(grant);
  else
    defer(&switch_grants_, grant);
}

// A grant of an allocator that takes several cycles is void when the channel was taken meanwhile.
void Router::take_vc(const Grant& grant) {
  Slot& slot = slots_[grant.slot];
  if (!(out_[grant.output]->free() >> grant.vc & 1)) return;
  out_[grant.output]->free() &= ~(1u << grant.vc);
  slot.out_vc[grant.output] = grant.vc;
  slot.allocated |= uint16_t(1u << grant.output);
  RegisteredFifo<Flit>& buffer = out_[grant.output]->channel(grant.vc);
  if (!slot.multicast) {
    slot.branches = slot.remaining = uint16_t(1u << grant.output);
    slot.next_buffer = &buffer;
  }
  vc_allocation_.add(now(), slot.buffer->stored_front().phase());
}

// A grant is void when the packet got no channel there (speculation), or the credit is gone.
void Router::traverse_switch(const Grant& grant) {
  Slot& slot = slots_[grant.slot];
  if ((slot.remaining & slot.allocated) >> grant.output & 1 && has_credit(grant.output, slot.out_vc[grant.output]))
    cross(slot, grant.output);
}

// Cycles beside those of the crossing: until the one under way has ended, and an output's earlier flits have left.
Cycle Router::wait_for_crossbar(int output) {
  const Cycle cycles = Cycle(spec_.switch_cycles), enters = now() + 1;
  if (!crossbar_waits_) return 0;
  if (enters > crossbar_begins_) crossbar_begins_ = std::max(enters, crossbar_begins_ + cycles);
  last_left_[output] = std::max(crossbar_begins_ + cycles - 1, last_left_[output] + 1);
  return last_left_[output] - (now() + cycles);
}

void Router::cross(Slot& slot, int output) {
  const FlitHandle flit = slot.buffer->stored_front();
  const int vc = slot.out_vc[output];
  Link& out = *out_[output];
  slot.remaining &= uint16_t(~(1u << output));
  const Cycle wait = wait_for_crossbar(output);
  if (slot.remaining)
    out.send_branch(*slot.buffer, vc, wait);
  else
    out.send_front(*slot.buffer, out.channel(vc), wait);
  if (flit.tail()) give_vc_back(slot, output);
  if (slot.remaining) return;
  slot.remaining = slot.branches;
  if (flit.tail()) slot.end_packet();
}

// The packet's tail has left by the output.
void Router::give_vc_back(const Slot& slot, int output) {
  out_[output]->free() |= 1u << slot.out_vc[output];
  wake_all_slots();
}

}  // namespace spikeloom
