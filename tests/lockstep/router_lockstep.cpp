// A router beside its SystemVerilog twin: random packets, stalls, places on the mesh, link and credit latencies; every
// port in every cycle. Each random setting runs in a process of its own.

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "hw/noc/router.h"
#include "router_shapes.h"
#include "tests/lockstep/lockstep.h"
#include "tests/lockstep/router_traffic.h"
#include "tests/lockstep/router_twin.h"

namespace spikeloom {
namespace {

// Both sides and all that is around them. In each cycle this block sends and takes at the SystemC router's links; half
// a period later, when the router has run, too, it compares and lets the twin's clock rise.
template <class Rtl>
class RouterLockstep : public Block {
 public:
  SC_HAS_PROCESS(RouterLockstep);
  RouterLockstep(const sc_core::sc_module_name& name, Clock& clock, const Sizes& sizes, uint32_t seed, uint64_t cycles);
  Totals totals() const {
    Totals totals = totals_;
    totals.cycles = cycle_;
    totals.compared = comparison_.compared();
    return totals;
  }

 private:
  struct Sent {
    bool valid = false;
    int vc = 0;
    Flit flit;
  };
  // A link, and what was pushed and popped on this block's side in this cycle, by virtual channel.
  struct Side {
    std::unique_ptr<Link> link;
    LinkSpec spec;
    int rate = 100, stalled_vc = -1;
    uint64_t moved = 0;
    std::array<size_t, kMostUsedVcs> held{};  // before this cycle
    std::array<Sent, kRing> flits{};          // on the twin's wires in cycle % kRing
    std::array<uint64_t, kRing> credits{};    // outputs: likewise
  };

  void tick() override;
  void redraw();
  void send(Side* side, int input);
  void take(Side* side);
  void compare();
  void compare_input(int port, uint64_t credits);
  void compare_outputs();
  void note_output(Side* side);
  void drive();
  void configure();
  void rise() { twin_.clk.write(true); }
  void fall() { twin_.clk.write(false); }
  void expect(const char* port, uint64_t systemc, uint64_t rtl) { comparison_.expect(cycle_, port, systemc, rtl); }
  Link& new_link(std::vector<Side>* sides, const std::string& name, bool to_node);

  const Sizes& sizes_;
  Random random_;
  uint64_t cycles_;
  Place place_;
  RouterSpec spec_;
  VirtualChannels channels_;
  FlitFormat format_;
  EnergyLedger ledger_{1};
  Traffic traffic_;
  Clock& clock_;
  std::vector<Side> in_, out_;  // [port]
  Router router_;
  Twin<Rtl> twin_;
  PortComparison comparison_;
  Totals totals_;
  sc_core::sc_event compare_due_, rise_due_, fall_due_;
  Cycle cycle_ = 0;  // that is compared: the clock is ahead by then
  Cycle next_rates_ = 0;
};

template <class Rtl>
RouterLockstep<Rtl>::RouterLockstep(const sc_core::sc_module_name& name, Clock& clock, const Sizes& sizes,
                                    uint32_t seed, uint64_t cycles)
    : Block(name, clock),
      sizes_(sizes),
      random_(seed),
      cycles_(cycles),
      place_(sizes, &random_),
      spec_{sizes.routing_cycles,   sizes.vc_cycles,        sizes.switch_allocation_cycles,
            sizes.switch_cycles,    sizes.speculative != 0, sizes.vc_allocator,
            sizes.switch_allocator, sizes.iterations,       sizes.wait_for_tail_credit != 0,
            sizes.input_speedup,    sizes.output_speedup},
      channels_{sizes.classes, sizes.vcs_per_class, sizes.partitions, {}},
      format_{kLinkBits, place_.topology.nodes(), sizes.vcs()},
      traffic_(sizes, place_, &random_),
      clock_(clock),
      router_(
          "router", clock, place_.router(), sizes.ports, spec_, place_.routes,
          [&]() -> const VirtualChannels& {
            for (int k = 0; k < sizes.classes; ++k)
              channels_.arrival_channels.push_back(random_.between(1, sizes.vcs_per_class));
            return channels_;
          }(),
          format_, ledger_),
      comparison_("router (" + sizes.name + ", seed " + std::to_string(seed) + ")") {
  for (int p = 0; p < sizes.ports; ++p) {
    Link& in = new_link(&in_, "in_" + std::to_string(p), false);
    in.set_producer(this);
    router_.in[p](in);
    Link& out = new_link(&out_, "out_" + std::to_string(p), place_.to_node(p));
    for (int vc = 0; vc < sizes.vcs(); ++vc) out.channel(vc).set_consumer(this);
    router_.out[p](out);
  }
  configure();
  SC_METHOD(compare);
  sensitive << compare_due_;
  dont_initialize();
  SC_METHOD(rise);
  sensitive << rise_due_;
  dont_initialize();
  SC_METHOD(fall);
  sensitive << fall_due_;
  dont_initialize();
  wake_at(1);
}

template <class Rtl>
Link& RouterLockstep<Rtl>::new_link(std::vector<Side>* sides, const std::string& name, bool to_node) {
  Side side;
  const int most = random_.chance(50) ? 2 : kMostLatency;
  side.spec = {sizes_.depth, random_.between(1, most),        random_.between(1, most), 1.0,
               to_node,      sizes_.wait_for_tail_credit != 0};
  side.link = std::make_unique<Link>(clock_, name, name, side.spec, format_, ledger_);
  sides->push_back(std::move(side));
  return *sides->back().link;
}

template <class Rtl>
void RouterLockstep<Rtl>::configure() {
  const int destination_bits = ceil_log2(uint64_t(place_.topology.nodes() + kSets));
  Fields to_node(1), arrivals(ceil_log2(uint64_t(sizes_.vcs_per_class + 1))), memory_x(destination_bits),
      memory_y(destination_bits), memory_port(ceil_log2(uint64_t(sizes_.ports))), branches(sizes_.ports);
  for (int p = 0; p < sizes_.ports; ++p) to_node.set(p, place_.to_node(p));
  for (int k = 0; k < sizes_.classes; ++k) arrivals.set(k, uint64_t(channels_.arrivals(k)));
  for (int m = 0; m < sizes_.memory_nodes; ++m) {
    memory_x.set(m, uint64_t(place_.memory_nodes[m].x));
    memory_y.set(m, uint64_t(place_.memory_nodes[m].y));
    memory_port.set(m, uint64_t(place_.topology.port_of(place_.topology.source_node(m))));
  }
  for (int set = 0; set < kSets; ++set)
    branches.set(set, place_.routes.branches(place_.topology.nodes() + set, place_.router()));
  twin_.x.write(place_.x);
  twin_.y.write(place_.y);
  to_node.write(&twin_.to_node);
  arrivals.write(&twin_.arrival_channels);
  memory_x.write(&twin_.memory_x);
  memory_y.write(&twin_.memory_y);
  memory_port.write(&twin_.memory_port);
  branches.write(&twin_.branches);
}

template <class Rtl>
void RouterLockstep<Rtl>::redraw() {
  next_rates_ = now() + random_.between(20, 300);
  traffic_.redraw();
  const int rates[] = {100, 100, 100, 100, 90, 60, 30, 5, 0};
  for (Side& side : in_) side.rate = rates[random_.between(0, random_.chance(50) ? 3 : 8)];
  for (Side& side : out_) side.rate = rates[random_.between(0, random_.chance(50) ? 3 : 8)];
  for (Side& side : out_) side.stalled_vc = random_.chance(10) ? random_.between(0, sizes_.vcs() - 1) : -1;
}

template <class Rtl>
void RouterLockstep<Rtl>::tick() {
  cycle_ = now();
  if (now() < cycles_) wake_at(now() + 1);
  compare_due_.notify(sc_core::sc_time(500, sc_core::SC_PS));
  rise_due_.notify(sc_core::sc_time(1000, sc_core::SC_PS));
  fall_due_.notify(sc_core::sc_time(1500, sc_core::SC_PS));
  if (now() >= next_rates_) redraw();
  for (int p = 0; p < sizes_.ports; ++p) {
    in_[p].moved = out_[p].moved = 0;
    if (now() > 2 && random_.chance(in_[p].rate)) send(&in_[p], p);
    take(&out_[p]);
  }
}

// One flit, of a channel that has a credit.
template <class Rtl>
void RouterLockstep<Rtl>::send(Side* side, int input) {
  const int first = random_.between(0, sizes_.vcs() - 1);
  for (int i = 0; i < sizes_.vcs(); ++i) {
    const int vc = (first + i) % sizes_.vcs();
    if (!side->link->can_send(vc)) continue;
    const Flit flit = traffic_.next(input, vc, &totals_);
    side->link->send(flit, vc);
    side->moved = uint64_t{1} << vc;
    side->flits[(now() + side->spec.latency_cycles - 1) % kRing] = {true, vc, flit};
    return;
  }
}

template <class Rtl>
void RouterLockstep<Rtl>::take(Side* side) {
  for (int vc = 0; vc < sizes_.vcs(); ++vc) {
    RegisteredFifo<Flit>& channel = side->link->channel(vc);
    if (!channel.can_pop() || vc == side->stalled_vc || !random_.chance(side->rate)) continue;
    channel.pop();
    side->moved |= uint64_t{1} << vc;
  }
  side->credits[(now() + side->spec.credit_cycles - 1) % kRing] |= side->moved;
}

template <class Rtl>
void RouterLockstep<Rtl>::compare() {
  if (cycle_ > 1) {
    const uint64_t credits = Fields(64).read(twin_.in_credit).get(0);
    for (int p = 0; p < sizes_.ports; ++p) compare_input(p, credits >> (p * sizes_.vcs()) & low_mask(sizes_.vcs()));
    for (Side& side : out_) note_output(&side);
    compare_outputs();
  }
  drive();
  if (cycle_ >= cycles_) sc_core::sc_stop();
}

template <class Rtl>
void RouterLockstep<Rtl>::compare_input(int port, uint64_t credits) {
  Side& side = in_[port];
  uint64_t popped = 0;
  for (int vc = 0; vc < sizes_.vcs(); ++vc) {
    const size_t size = side.link->channel(vc).size(), pushed = side.moved >> vc & 1;
    popped |= uint64_t(side.held[vc] + pushed - size) << vc;
    side.held[vc] = size;
  }
  expect("in_credit", popped, credits);
}

template <class Rtl>
void RouterLockstep<Rtl>::compare_outputs() {
  const Fields valid = Fields(1).read(twin_.out_valid), head = Fields(1).read(twin_.out_head),
               tail = Fields(1).read(twin_.out_tail), ordered = Fields(1).read(twin_.out_ordered),
               flow = Fields(8).read(twin_.out_flow), bits = Fields(kLinkBits).read(twin_.out_bits),
               vc = Fields(sizes_.vc_bits()).read(twin_.out_vc),
               destination = Fields(ceil_log2(uint64_t(place_.topology.nodes() + kSets))).read(twin_.out_destination);
  for (int p = 0; p < sizes_.ports; ++p) {
    const Sent sent = std::exchange(out_[p].flits[cycle_ % kRing], Sent());
    expect("out_valid", sent.valid, valid.get(p));
    if (!sent.valid) continue;
    expect("out_vc", uint64_t(sent.vc), vc.get(p));
    expect("out_head", sent.flit.head, head.get(p));
    expect("out_tail", sent.flit.tail, tail.get(p));
    expect("out_ordered", sent.flit.ordered, ordered.get(p));
    expect("out_flow", sent.flit.flow, flow.get(p));
    expect("out_destination", sent.flit.destination, destination.get(p));
    expect("out_bits", sent.flit.bits[0], bits.get(p));
    ++totals_.flits;
  }
}

// What the SystemC router sent: the twin shows it when it has crossed, a flit a cycle.
template <class Rtl>
void RouterLockstep<Rtl>::note_output(Side* side) {
  for (int vc = 0; vc < sizes_.vcs(); ++vc) {
    const RegisteredFifo<Flit>& channel = side->link->channel(vc);
    const size_t popped = side->moved >> vc & 1, before = side->held[vc];
    side->held[vc] = channel.size();
    if (channel.size() + popped == before) continue;
    const Cycle wait = channel.visible_from(channel.size() - 1) - (cycle_ + side->spec.latency_cycles);
    Sent& sent = side->flits[(cycle_ + Cycle(spec_.switch_cycles) + wait) % kRing];
    if (sent.valid) expect("out_valid of a second flit", 1, 0);
    sent = {true, vc, channel.back()};
  }
}

template <class Rtl>
void RouterLockstep<Rtl>::drive() {
  Fields valid(1), vc(sizes_.vc_bits()), head(1), tail(1), ordered(1), flow(8),
      destination(ceil_log2(uint64_t(place_.topology.nodes() + kSets))), bits(kLinkBits), credits(sizes_.vcs());
  for (int p = 0; p < sizes_.ports; ++p) {
    credits.set(p, std::exchange(out_[p].credits[cycle_ % kRing], 0));
    Sent& sent = in_[p].flits[cycle_ % kRing];
    if (!std::exchange(sent.valid, false)) continue;
    valid.set(p, 1);
    vc.set(p, uint64_t(sent.vc));
    head.set(p, sent.flit.head);
    tail.set(p, sent.flit.tail);
    ordered.set(p, sent.flit.ordered);
    flow.set(p, sent.flit.flow);
    destination.set(p, sent.flit.destination);
    bits.set(p, sent.flit.bits[0]);
  }
  twin_.reset.write(cycle_ == 1);
  valid.write(&twin_.in_valid);
  vc.write(&twin_.in_vc);
  head.write(&twin_.in_head);
  tail.write(&twin_.in_tail);
  ordered.write(&twin_.in_ordered);
  flow.write(&twin_.in_flow);
  destination.write(&twin_.in_destination);
  bits.write(&twin_.in_bits);
  credits.write(&twin_.out_credit);
}

// Runs one random setting and writes what was done to `pipe`.
template <class Rtl>
void run_setting(const Sizes& sizes, uint32_t seed, uint64_t cycles, int pipe) {
  Clock clock("clock", 500);
  RouterLockstep<Rtl> lockstep("lockstep", clock, sizes, seed, cycles);
  sc_core::sc_start();
  const Totals totals = lockstep.totals();
  if (write(pipe, &totals, sizeof totals) != sizeof totals) std::_Exit(1);
}

// Settings until `cycles` are done; false at a difference.
template <class Rtl>
bool run_sizes(const Sizes& sizes, uint64_t cycles, uint32_t seed) {
  constexpr uint64_t kSettingCycles = 2500;
  PortComparison sum("router");
  Totals all;
  for (uint64_t number = 0; all.cycles < cycles; ++number) {
    int ends[2];
    if (pipe(ends) != 0) return false;
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
      run_setting<Rtl>(sizes, uint32_t(seed * 100000 + number), std::min(cycles - all.cycles, kSettingCycles), ends[1]);
      std::_Exit(0);
    }
    int status = 1;
    Totals totals;
    close(ends[1]);
    const bool read_all = read(ends[0], &totals, sizeof totals) == sizeof totals;
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0 || !read_all) {
      std::printf("router (%s, seed %u): setting %llu did not end well\n", sizes.name.c_str(), seed,
                  static_cast<unsigned long long>(number));
      return false;
    }
    sum.add_compared(totals.compared);
    all.add(totals);
  }
  sum.report(all.cycles, sizes.name + ": " + all.text());
  return true;
}

int run(const LockstepOptions& options) {
  bool same = true;
#define RUN(rtl, shape) same = same && run_sizes<rtl>(Sizes(shape), options.cycles, options.seed);
  ROUTER_SHAPES(RUN)
#undef RUN
  return same ? 0 : 1;
}

}  // namespace
}  // namespace spikeloom

int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) { return spikeloom::run(spikeloom::LockstepOptions::parse(argc, argv)); }
