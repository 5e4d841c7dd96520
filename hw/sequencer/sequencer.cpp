#include "hw/sequencer/sequencer.h"

#include <algorithm>

namespace spikeloom {

namespace {

// All windows of all batches; windows of a pass's parts alternate, so that the parts' tiles keep pace.
std::vector<WindowTag> job_order(const Program& program, int source) {
  std::vector<WindowTag> jobs;
  for (const Pass& pass : program.passes) {
    const int parts = static_cast<int>(pass.destinations.size());
    int most_windows = 0;
    for (int part = 0; part < parts; ++part)
      most_windows = std::max(most_windows, program.part(pass, part).window_count());
    for (int batch = 0; batch < program.batches(pass); ++batch)
      for (int window = 0; window < most_windows; ++window)
        for (int part = 0; part < parts; ++part)
          if (program.sends(pass, part, source, batch) && window < program.windows(pass, part, batch))
            jobs.push_back({pass.index, part, window, batch});
  }
  return jobs;
}

}  // namespace

Sequencer::Sequencer(const sc_core::sc_module_name& name, Clock& clock, const LayerContext& context,
                     const Topology& topology, int source, int ports, LayerResult* result, EnergyLedger& ledger)
    : Block(name, clock),
      control_in("control_in"),
      phase_done_in("phase_done_in"),
      loads_out("loads_out"),
      jobs_out("jobs_out", ports),
      control_out("control_out"),
      clock_(clock),
      context_(context),
      topology_(topology),
      source_(source),
      ports_(ports),
      result_(result),
      ledger_(ledger),
      command_(ledger.counter(this->name(), EnergyEvent::kSequencerCommand)),
      loads_(load_order(*context.program)),
      jobs_(job_order(*context.program, source)),
      credits_(topology.tiles(), 2),
      waiting_loads_(topology.tiles()),
      nodes_done_(context.program->phases.size(), 0) {
  // A node to which no tile of a phase sends outputs has them all from the start.
  for (size_t phase = 0; phase < nodes_done_.size(); ++phase)
    for (int node = 0; node < topology.sources(); ++node)
      if (std::none_of(context.program->passes.begin(), context.program->passes.end(), [&](const Pass& pass) {
            return pass.phase == static_cast<int>(phase) &&
                   std::any_of(pass.tiles.begin(), pass.tiles.end(),
                               [&](const TileWork& work) { return work.fires() && work.sink == node; });
          }))
        ++nodes_done_[phase];
  for (size_t i = 0; i < loads_.size(); ++i) waiting_loads_[loads_[i].tile].push_back(i);
  for (int tile = 0; tile < topology.tiles(); ++tile) offer_load(tile);
  wake_at(1);
}

void Sequencer::tick() {
  take_control();
  take_phase_done();
  issue_load();
  issue_job();
  send_barrier();
}

void Sequencer::take_control() {
  if (!control_in->can_pop()) return;
  const Flit flit = control_in->front();
  control_in->pop();
  if (flit.type == MessageType::kRelease)
    give_back(static_cast<int>(flit.tag));
  else
    finish_phase(static_cast<int>(flit.tag));
  wake_at(now() + 1);
}

void Sequencer::give_back(int tile) {
  ++credits_[tile];
  offer_load(tile);
}

void Sequencer::take_phase_done() {
  if (!phase_done_in->can_pop()) return;
  const int phase = phase_done_in->front();
  phase_done_in->pop();
  finish_phase(phase);
  for (int node = 0; node < topology_.sources(); ++node) {
    if (node == source_) continue;
    barrier_.push_back(make_control_flit(MessageType::kBarrier, uint64_t(phase), topology_.source_node(node),
                                         MessageClasses{context_.sources}.control(), phase));
  }
}

void Sequencer::finish_phase(int phase) {
  if (++nodes_done_[phase] == topology_.sources() && source_ == 0) result_->phase_end[phase] = now();
}

bool Sequencer::phase_ready(int phase) const { return phase == 0 || nodes_done_[phase - 1] == topology_.sources(); }

// The next load of a tile may be issued once the tile has room; the earliest of all such goes first.
void Sequencer::offer_load(int tile) {
  if (credits_[tile] > 0 && !waiting_loads_[tile].empty()) ready_loads_.insert(waiting_loads_[tile].front());
}

void Sequencer::issue_load() {
  if (ready_loads_.empty() || !loads_out->can_push()) return;
  const Load& load = loads_[*ready_loads_.begin()];
  ready_loads_.erase(ready_loads_.begin());
  waiting_loads_[load.tile].pop_front();
  --credits_[load.tile];
  offer_load(load.tile);
  loads_out->push(load);
  ++loads_issued_;
  command_.add(now(), 1);
  wake_at(now() + 1);
}

void Sequencer::issue_job() {
  if (next_job_ == jobs_.size()) return;
  const WindowTag& job = jobs_[next_job_];
  const int phase = context_.program->passes[job.pass].phase;
  const int port = context_.program->share(context_.program->passes[job.pass]).index(job.part) % ports_;
  if (!phase_ready(phase) || !jobs_out[port]->can_push()) return;
  const bool begins_phase = next_job_ == 0 || context_.program->passes[jobs_[next_job_ - 1].pass].phase != phase;
  if (begins_phase && source_ == 0) {
    clock_.before_next_cycle([this, phase] { ledger_.begin_phase(static_cast<uint32_t>(phase)); });
    result_->phase_begin[phase] = now();
  }
  jobs_out[port]->push({job});
  command_.add(now(), 1);
  ++next_job_;
  wake_at(now() + 1);
}

void Sequencer::send_barrier() {
  if (barrier_.empty() || !control_out->can_push()) return;
  control_out->push(barrier_.back());
  barrier_.pop_back();
  command_.add(now(), 1);
  wake_at(now() + 1);
}

std::string Sequencer::waits_for() const {
  if (loads_issued_ < loads_.size()) return "room in the weight SRAM of tiles";
  if (next_job_ < jobs_.size()) return "the outputs of the phase before";
  return "";
}

}  // namespace spikeloom
