// Router: moves packets from input buffers to output links; wormhole with virtual channels and credits; multicasts
// fork.
//
//     in[p] --> [ buffers | route | VC allocation | switch allocation | crossbar ] --> out[p]
//
// Timing   a head flit visible in cycle c asks for a virtual channel in c + routing_cycles (0: routed ahead), has it
//          vc_allocation_cycles later at the earliest and asks for the switch then; speculative: at the same time, for
//          nothing if it gets no channel. A flit whose switch_allocation_cycles end in c crosses in the switch_cycles
//          after it and is on the wires then (the link's latency counts both). One flit per crossbar input and output a
//          cycle, but for the branches of a multicast, which leave together or one by one; channel v of input i goes
//          from the v % input_speedup-th crossbar input of its port to the i % output_speedup-th crossbar output of
//          another, and waits there until the link is free. A stage of several cycles is not pipelined: it takes what
//          waits in the cycle in which it begins, and begins again when it has ended, as in BookSim 2. A channel can be
//          granted again in the cycle after its packet's tail was granted the switch; wait_for_tail_credit: in that in
//          which the packet's last credit can be used.
// Energy   RouteComputation per head; VcAllocation per channel granted; SwitchArbitration, RouterBufferReadBit and
//          CrossbarBit per flit and branch.
// Config   RouterSpec, section network.router.
// Differs  a speculative grant that is lost is not charged (DEVIATIONS 32). Unlike in BookSim 2, a crossbar input
//          serves its channels in turn whatever their number, and opposite inputs share the outputs of output_speedup.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "hw/noc/allocators/allocator.h"
#include "hw/noc/link.h"
#include "hw/noc/route_table.h"
#include "hw/noc/virtual_channels.h"

namespace spikeloom {

struct RouterSpec {
  int routing_cycles = 0;
  int vc_allocation_cycles = 1;
  int switch_allocation_cycles = 1;
  int switch_cycles = 1;
  bool speculative = false;
  int vc_allocator = 0, switch_allocator = 0;  // indices into allocator_names()
  int allocator_iterations = 1;                // of islip
  bool wait_for_tail_credit = false;
  int input_speedup = 1, output_speedup = 1;  // crossbar inputs of each input port, outputs of each output port
};
constexpr int kMostSpeedup = 8;

class Router : public Block {
  // An input's virtual channel and the packet at its front: one cache line.
  struct alignas(64) Slot {
    RegisteredFifo<Flit>* buffer = nullptr;
    RegisteredFifo<Flit>* next_buffer = nullptr;  // where its flits go, once it has a virtual channel; unless multicast
    Cycle front = Clock::kNever;                  // from when its front flit is visible
    uint32_t head_ready = 0, switch_ready = 0;    // cycles, their low bits: of route or virtual channel, of the switch
    uint16_t branches = 0;   // outputs of the packet; unless multicast, of which one is to be chosen
    uint16_t allocated = 0;  // outputs where it has a virtual channel
    uint16_t remaining = 0;  // outputs by which the front flit has to leave yet
    uint8_t input = 0, crossbar_input = 0, vc = 0;
    uint8_t partition = 0;  // of the channels where it goes
    bool in_packet : 1, routed : 1;
    bool multicast = false;
    std::array<uint8_t, kMostPorts> out_vc{};
    uint32_t allowed = 0;  // channels that it may have, unless multicast

    Slot() : in_packet(false), routed(false) {}
    // Outputs where it may still ask for a virtual channel.
    uint16_t missing() const {
      if (multicast) return branches & uint16_t(~allocated);
      return allocated ? uint16_t(0) : branches;
    }
    void end_packet() {
      in_packet = routed = false;
      next_buffer = nullptr;
    }
  };
  static_assert(sizeof(Slot) == 64);
  // 64 slots: bit s % 64 is slot s's.
  struct SlotGroup {
    uint64_t occupied = 0;  // there is a flit, visible or under way
    uint64_t asleep = 0;    // it can do nothing before a credit comes that is not under way, or a packet's tail leaves
  };
  struct Stage {
    Cycle free_from = 0;  // when it may begin again
    bool begins = false;  // in this cycle
  };
  struct Grant {
    Cycle cycle;  // takes effect
    uint16_t slot;
    uint8_t output, vc;
  };

  // The state comes before the ports: what most cycles touch lies in its first three cache lines, if there are no more
  // than six ports. What all routers of a network have alike, the network keeps.
  uint8_t count_, vcs_;    // of ports, and of channels of each
  bool may_pass_apart_;    // by its size and its pipeline
  bool crossbar_waits_;    // flits may wait for others on the way from the switch to the link
  bool stages_wait_;       // a stage does
  bool again_ = false;     // something may be possible in the next cycle
  bool deferred_ = false;  // there are grants of later cycles
  std::array<uint8_t, 13> few_next_vcs_{};
  uint8_t* next_vc_;               // [crossbar input]: round robin over its channels: the first to be looked at
  std::unique_ptr<Slot[]> slots_;  // [input * vcs + vc]
  std::unique_ptr<Allocator> switch_allocator_;
  // For a packet's head.
  alignas(64) std::unique_ptr<Allocator> vc_allocator_;
  const RouteTable& routes_;
  const VirtualChannels& channels_;
  EnergyBundle route_;
  const RouterSpec& spec_;
  EnergyBundle vc_allocation_;
  // In every cycle.
  alignas(64) SlotGroup first_group_;
  std::array<Link*, kMostPorts> out_{};  // [output]; null: none
  std::vector<SlotGroup> more_groups_;   // of the slots behind the first 64
  int id_;
  Stage routing_, vc_stage_, switch_stage_;
  std::vector<EnergyBundle::Part> crossing_;      // arbitration, buffer read, crossbar: counted with the links' flits
  Cycle crossbar_begins_ = 0;                     // its latest crossing
  std::array<Cycle, kMostPorts> last_left_{};     // [output]: cycle in which its last flit left the crossbar
  std::vector<Grant> vc_grants_, switch_grants_;  // of later cycles, in the order in which they take effect
  std::vector<uint8_t> more_next_vcs_;            // of more crossbar inputs than a few
  uint32_t every_nth_channel_ = 0;                // bit v: v % input_speedup is 0

 public:
  using LinkPort = sc_core::sc_port<Link, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;
  sc_core::sc_vector<LinkPort> in, out;  // by port; unbound at the mesh's edge

  // Keeps references to the spec, the routes and the channels.
  Router(const sc_core::sc_module_name& name, Clock& clock, int id, int ports, const RouterSpec& spec,
         const RouteTable& routes, const VirtualChannels& channels, const FlitFormat& format, EnergyLedger& ledger);

  // Flits that left, each branch of a multicast counted.
  uint64_t flits() const;
  std::string waits_for() const override;
  // A flit that waits at the front of an input buffer: since when it is in the network, and what it waits for.
  struct Waiting {
    Cycle born = 0;
    std::string flit, place, reason;
  };
  std::vector<Waiting> waiting() const;

 private:
  // What the channels of one input want of the switch in this cycle, by output: those with a flit that can go, and
  // speculative ones.
  struct SwitchWishes {
    uint16_t outputs = 0;  // about which there is any; what stands of others is old
    std::array<uint32_t, kMostPorts> ready, speculative;

    void about(int output) {
      if (outputs >> output & 1) return;
      outputs |= uint16_t(1u << output);
      ready[output] = speculative[output] = 0;
    }
    void add(int output, int vc) {
      about(output);
      ready[output] |= 1u << vc;
    }
  };
  struct Requests {
    explicit Requests(std::vector<AllocatorRequest>& of_vcs) : vcs(of_vcs) {}  // of_switch is not cleared
    std::vector<AllocatorRequest>& vcs;
    size_t switches = 0;  // so many are in of_switch
    std::array<AllocatorRequest, kMostPorts * kMostSpeedup * kMostPorts> of_switch;
  };
  void end_of_elaboration() override;
  void tick() override;
  void fetch(int step) const override;
  // Calls `visit` with every slot that has a flit and is not asleep, in order.
  template <typename Visit>
  void for_each_awake(Visit visit) const;
  size_t index_of(const Slot& slot) const { return size_t(&slot - slots_.get()); }
  // That of a slot by index.
  SlotGroup& group(size_t slot) { return slot < 64 ? first_group_ : more_groups_[slot / 64 - 1]; }
  const SlotGroup& group(size_t slot) const { return slot < 64 ? first_group_ : more_groups_[slot / 64 - 1]; }
  // False: a credit is under way.
  bool sleep_on(RegisteredFifo<Flit>& buffer, const Slot& slot) {
    return buffer.sleep(&group(index_of(slot)).asleep, int(index_of(slot) % 64));
  }
  void put_to_sleep(const Slot& slot) { group(index_of(slot)).asleep |= uint64_t{1} << index_of(slot) % 64; }
  void wake_all_slots();
  bool pass_apart();
  void pass(Slot& slot);
  // The stages. Each looks at what the cycle began with: grants of the cycle take effect when all have asked.
  void run_stages();
  void look_at_inputs(Requests* requests);
  void look_at_slot(Slot& slot, SwitchWishes* wishes, Requests* requests);
  bool compute_route(Slot& slot);
  bool request_vcs(Slot& slot, uint16_t missing, SwitchWishes* wishes, Requests* requests);
  void request_switch(int input, const SwitchWishes& wishes, Requests* requests);
  void request_switch(int crossbar_input, const Slot* slots, uint32_t channels, const SwitchWishes& wishes,
                      Requests* requests);
  void allocate_vcs(Requests* requests);
  void allocate_switch(Requests* requests);
  void took_switch(Slot& slot, int cycles);
  void grant_switch(Slot& slot, int output);
  void defer(std::vector<Grant>* grants, const Grant& grant) {
    grants->push_back(grant);
    deferred_ = true;
  }
  bool open(const Stage& stage) const { return !stages_wait_ || stage.free_from <= now(); }
  void begin(Stage* stage) {
    if (stages_wait_) stage->begins = true;
  }
  void end_cycle(Stage* stage, int cycles) {
    if (stage->begins) stage->free_from = now() + Cycle(cycles);
    stage->begins = false;
  }
  Cycle wait_for_crossbar(int output);
  void apply_deferred();
  // Whether a cycle whose low bits are kept has come.
  bool reached(uint32_t cycle) const { return int32_t(uint32_t(now()) - cycle) >= 0; }
  template <typename Apply>
  void apply_due(std::vector<Grant>* grants, Apply apply);
  void take_vc(const Grant& grant);
  void traverse_switch(const Grant& grant);
  void cross(Slot& slot, int output);
  void give_vc_back(const Slot& slot, int output);
  bool has_credit(int output, int vc) { return out_[output]->can_send(vc); }
  // Those of the channels `vcs` of an output whose credits are all here.
  uint32_t with_all_credits(int output, uint32_t vcs);
  uint32_t allowed_vcs(const Slot& slot, const Flit& head, int output) const;
};

}  // namespace spikeloom
