// Router: moves flits from input buffers to output links; wormhole per virtual channel; multicasts fork.
//
//     in[5] --> [ route | input arbiter | output arbiter | crossbar ] --> out[5]
//
// Timing   a flit visible in cycle c that wins leaves in c; a hop takes the link's latency_cycles, arbitration and
//          crossbar in the first of them. One flit per input and output a cycle. A branch without credit waits alone;
//          the flit leaves its buffer after its last branch.
// Energy   RouteComputation per head; SwitchArbitration, RouterBufferReadBit and CrossbarBit per granted branch.
// Config   FlitFormat, section mesh.
// Differs  a packet keeps its virtual channel from end to end (DEVIATIONS 1).
#pragma once

#include <array>
#include <vector>

#include "hw/noc/link.h"
#include "hw/noc/topology.h"

namespace spikeloom {

class Router : public Block {
 public:
  using LinkPort = sc_core::sc_port<Link, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;
  sc_core::sc_vector<LinkPort> in, out;  // by Port; unbound at the mesh's edge

  Router(const sc_core::sc_module_name& name, Clock& clock, int id, const RouteTable& routes, const FlitFormat& format,
         EnergyLedger& ledger);

  uint64_t flits() const { return flits_; }
  std::string waits_for() const override;

 private:
  // What an input's virtual channel is in the middle of.
  struct InputState {
    uint8_t route = 0;      // outputs of the packet under way
    uint8_t remaining = 0;  // outputs that the front flit has not yet left by; 0: the front flit is fresh
    uint8_t wanted = 0;     // those of them that would take it in this cycle
  };
  void end_of_elaboration() override;
  void tick() override;
  uint64_t look_at_fronts();
  void grant(int input, int vc, int output);

  int id_, vcs_, wire_bits_;
  const RouteTable& routes_;
  EnergyCounter &route_, &arbitration_, &buffer_read_, &crossbar_;
  std::array<Link*, kPorts> in_{}, out_{};
  std::vector<RegisteredFifo<Flit>*> buffers_;  // [input * vcs + vc]
  std::array<uint8_t, 64> input_of_{};          // of a channel
  uint64_t occupied_ = 0;                       // bit input * vcs + vc
  std::vector<InputState> state_;               // [input * vcs + vc]
  std::vector<int8_t> owner_;                   // [output * vcs + vc]: input whose packet holds it, or -1
  std::array<int, kPorts> next_vc_{};           // round robin over channels of an input
  std::array<int, kPorts> next_input_{};        // round robin over inputs of an output
  uint64_t flits_ = 0;
};

}  // namespace spikeloom
