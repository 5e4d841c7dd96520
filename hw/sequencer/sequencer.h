// Sequencer of a memory node: issues the loads and code jobs of the layer's program as credits allow.
//
//     control_in, phase_done_in --> [ program | credits ] --> loads_out, jobs_out[p], control_out
//
// Timing   one load and one job a cycle; jobs in order, loads in the order of each tile, the earliest with room first.
//          A load waits for room in its tile's weight SRAM (two halves, given back by release flits); a job waits until
//          every memory node has the outputs of the phase before.
// Energy   SequencerCommand per load, job and barrier flit issued.
// Config   the program, from section mapping.
// Differs  attention and the vector unit between phases take no time (DEVIATIONS 9).
#pragma once

#include <deque>
#include <set>
#include <string>
#include <vector>

#include "hw/global_buffer/global_buffer.h"

namespace spikeloom {

class Sequencer : public Block {
 public:
  FifoIn<Flit> control_in;
  FifoIn<int> phase_done_in;
  FifoOut<Load> loads_out;
  sc_core::sc_vector<FifoOut<CodesJob>> jobs_out;
  FifoOut<Flit> control_out;

  Sequencer(const sc_core::sc_module_name& name, Clock& clock, const LayerContext& context, const Topology& topology,
            int source, int ports, LayerResult* result, EnergyLedger& ledger);

  std::string waits_for() const override;

 private:
  void tick() override;
  void take_control();
  void take_phase_done();
  void finish_phase(int phase);
  void give_back(int tile);
  void offer_load(int tile);
  void issue_load();
  void issue_job();
  void send_barrier();
  bool phase_ready(int phase) const;

  Clock& clock_;
  LayerContext context_;
  const Topology& topology_;
  int source_, ports_;
  LayerResult* result_;
  EnergyLedger& ledger_;
  EnergyCounter& command_;
  std::vector<Load> loads_;
  std::vector<WindowTag> jobs_;
  size_t loads_issued_ = 0, next_job_ = 0;
  std::vector<int> credits_;                       // [tile]: halves of its weight SRAM that may be loaded
  std::vector<std::deque<size_t>> waiting_loads_;  // [tile]: indices into loads_, in order
  std::set<size_t> ready_loads_;                   // the first of each tile that has room
  std::vector<int> nodes_done_;                    // [phase]: memory nodes that have all their outputs
  std::vector<Flit> barrier_;                      // flits still to be sent to the other memory nodes
};

}  // namespace spikeloom
