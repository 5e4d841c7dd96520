// Network interface: puts the flits of a node's producers on the link to its router.
//
//     in[n] --> [ virtual channel | arbiter ] --> out
//
// Timing   one flit a cycle; a flit visible in cycle c that wins is granted the link in c. A head flit takes a virtual
//          channel of its class that no packet holds and that has a credit, in turn; a packet is not interleaved with
//          another one of its channel.
// Energy   none of its own; the link charges wires and the router's buffer.
// Config   VirtualChannels, section network.
// Differs  ejected flits go straight from the router's buffer to the block that takes them (DEVIATIONS 2).
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "hw/noc/link.h"
#include "hw/noc/virtual_channels.h"

namespace spikeloom {

class NetworkInterface : public Block {
  struct Producer {
    RegisteredFifo<Flit>* queue = nullptr;
    Cycle front = Clock::kNever;  // from when its front flit is visible
    int vc = -1;                  // of its packet under way
  };
  // The state comes before the ports: what every cycle touches is one cache line, and the producers.
  uint64_t occupied_ = 0;  // bit p: producer p has flits, visible or under way
  uint64_t asleep_ = 0;    // bit p: its packet can do nothing before a credit comes that is not under way
  size_t next_ = 0;        // producer, round robin: the first to be looked at
  std::vector<Producer> producers_;
  Link* link_ = nullptr;
  VirtualChannels channels_;
  std::vector<int> next_vc_;  // [class]: round robin
  std::function<uint32_t(const Flit&)> node_of_output_;

 public:
  sc_core::sc_vector<FifoIn<Flit>> in;
  sc_core::sc_port<Link> out;

  NetworkInterface(const sc_core::sc_module_name& name, Clock& clock, int producers, const VirtualChannels& channels);

  // Output messages go to the memory node that keeps their token: `node_of` tells it from the head flit's tag.
  void address_outputs(std::function<uint32_t(const Flit& head)> node_of) { node_of_output_ = std::move(node_of); }
  std::string waits_for() const override;

 private:
  void end_of_elaboration() override;
  void tick() override;
  int choose_vc(const Flit& head);
  bool send_one_of(uint64_t producers);
  bool send_of(size_t producer);
};

}  // namespace spikeloom
