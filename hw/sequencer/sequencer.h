// Sequencer of a memory node: issues the loads and code jobs of the layer's program as credits allow.
//
//     control_in, phase_done_in --> [ program | credits ] --> loads_out, jobs_out[p], control_out
//     vector_done_in, cached_in --> [                   ] --> vector_jobs_out, encoded_out, cached_out
//
// Timing   one load and one job a cycle; jobs in order, loads in the order of each tile, the earliest with room first.
//          A load waits for room in its tile's weight SRAM (two halves, given back by release flits), one of keys or
//          values for the phase that makes them; a job waits until every memory node has ended the phase before.
// Energy   SequencerCommand per load, job and barrier flit issued.
// Config   the program, from section mapping.
// Differs  tiles know the program for free (DEVIATIONS 13).
#pragma once

#include <deque>
#include <set>
#include <string>
#include <vector>

#include "hw/global_buffer/global_buffer.h"
#include "hw/vector_unit/vector_unit.h"

namespace spikeloom {

class Sequencer : public Block {
 public:
  FifoIn<Flit> control_in;
  FifoIn<int> phase_done_in, vector_done_in, cached_in;
  FifoOut<Load> loads_out;
  FifoOut<VectorJob> vector_jobs_out;
  FifoOut<int> encoded_out;  // a phase in which this node's tokens have been coded for windows or as keys or values
  FifoOut<int> cached_out;   // a phase whose keys or values have come to this node, to be written
  sc_core::sc_vector<FifoOut<CodesJob>> jobs_out;
  FifoOut<Flit> control_out;

  Sequencer(const sc_core::sc_module_name& name, Clock& clock, const LayerContext& context, const Topology& topology,
            int source, int ports, LayerResult* result, EnergyLedger& ledger);

  std::string waits_for() const override;
  // Every phase has ended in every memory node.
  bool finished() const { return phase_ready(static_cast<int>(nodes_done_.size())); }

 private:
  void tick() override;
  void take_control();
  void take_phase_done();
  void take_vector_done();
  void end_here(int phase);
  void begin_phase(int phase);
  void start_vector_phases();
  bool takes_part(int phase, int node) const;
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
  size_t next_vector_phase_ = 0;  // the earliest phase of the vector unit that has not begun here, or the end
  std::vector<int> credits_;      // [tile]: halves of its weight SRAM that may be loaded
  std::vector<std::deque<size_t>> waiting_loads_;  // [tile]: indices into loads_, in order
  std::set<size_t> ready_loads_;                   // the first of each tile that has room
  std::vector<int> nodes_done_;                    // [phase]: memory nodes that have all their outputs
  std::vector<Flit> barrier_;                      // flits still to be sent to the other memory nodes
};

}  // namespace spikeloom
