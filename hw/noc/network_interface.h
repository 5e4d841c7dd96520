// Network interface: puts the flits of a node's producers on the link to its router.
//
//     in[n] --> [ arbiter ] --> out
//
// Timing   one flit a cycle; a flit visible in cycle c that wins is on the link in c. A packet is not interleaved with
//          another one of its virtual channel.
// Energy   none of its own; the link charges wires and the router's buffer.
// Config   FlitFormat, section mesh.
// Differs  ejected flits go straight from the router's buffer to the block that takes them (DEVIATIONS 2).
#pragma once

#include <vector>

#include "hw/noc/link.h"

namespace spikeloom {

class NetworkInterface : public Block {
 public:
  sc_core::sc_vector<FifoIn<Flit>> in;
  sc_core::sc_port<Link> out;

  NetworkInterface(const sc_core::sc_module_name& name, Clock& clock, int producers, const FlitFormat& format)
      : Block(name, clock), in("in", producers), out("out"), owner_(format.vcs, -1) {}

  std::string waits_for() const override;

 private:
  void end_of_elaboration() override;
  void tick() override;

  std::vector<int> owner_;  // [vc]: producer whose packet is under way, or -1
  int next_ = 0;            // round robin
};

}  // namespace spikeloom
