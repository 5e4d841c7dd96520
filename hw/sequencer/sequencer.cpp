#include "hw/sequencer/sequencer.h"

#include <algorithm>

#include "hw/sequencer/vector_job.h"

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
      vector_done_in("vector_done_in"),
      cached_in("cached_in"),
      loads_out("loads_out"),
      vector_jobs_out("vector_jobs_out"),
      encoded_out("encoded_out"),
      cached_out("cached_out"),
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
  for (size_t phase = 0; phase < nodes_done_.size(); ++phase)
    for (int node = 0; node < topology.sources(); ++node)
      if (!takes_part(static_cast<int>(phase), node)) ++nodes_done_[phase];
  for (size_t i = 0; i < loads_.size(); ++i) waiting_loads_[loads_[i].tile].push_back(i);
  for (int tile = 0; tile < topology.tiles(); ++tile) offer_load(tile);
  wake_at(1);
}

// A node has something to wait for in a phase: outputs of its tokens, its vector unit, or codes of other nodes.
bool Sequencer::takes_part(int phase, int node) const {
  return context_.program->tokens_kept(node) > 0 || context_.program->phases[phase].reader >= 0;
}

void Sequencer::tick() {
  take_control();
  take_phase_done();
  take_vector_done();
  start_vector_phases();
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

// Keys and values that have come are written before the phase ends here.
void Sequencer::take_phase_done() {
  if (cached_in->can_pop()) {
    end_here(cached_in->front());
    cached_in->pop();
  }
  if (!phase_done_in->can_pop() || !cached_out->can_push()) return;
  const int phase = phase_done_in->front();
  phase_done_in->pop();
  if (context_.program->phases[phase].makes_cache)
    cached_out->push(phase);
  else
    end_here(phase);
  if (!phase_done_in->empty()) wake_at(now() + 1);
}

// What the vector unit has encoded goes on to the windows of all nodes; anything else ends the phase here.
void Sequencer::take_vector_done() {
  if (!vector_done_in->can_pop() || !encoded_out->can_push()) return;
  const int phase = vector_done_in->front();
  vector_done_in->pop();
  if (context_.program->phases[phase].reader >= 0)
    encoded_out->push(phase);
  else
    end_here(phase);
  wake_at(now() + 1);
}

// Tells the other nodes.
void Sequencer::end_here(int phase) {
  finish_phase(phase);
  for (int node = 0; node < topology_.sources(); ++node) {
    if (node == source_) continue;
    barrier_.push_back(make_control_flit(MessageType::kBarrier, uint64_t(phase), topology_.source_node(node),
                                         MessageClasses{context_.sources}.control(), phase));
  }
  if (!barrier_.empty()) wake_at(now() + 1);
}

void Sequencer::begin_phase(int phase) {
  if (source_ != 0) return;
  clock_.before_next_cycle([this, phase] { ledger_.begin_phase(static_cast<uint32_t>(phase)); });
  result_->phase_begin[phase] = now();
}

// Gives the vector unit this node's share of each phase in turn.
void Sequencer::start_vector_phases() {
  const std::vector<Phase>& phases = context_.program->phases;
  while (next_vector_phase_ < phases.size()) {
    const int phase = static_cast<int>(next_vector_phase_);
    if (!phases[phase].is_vector()) {
      ++next_vector_phase_;
      continue;
    }
    if (!phase_ready(phase)) return;
    if (context_.program->tokens_kept(source_) > 0) {
      if (!vector_jobs_out->can_push()) return;
      begin_phase(phase);
      vector_jobs_out->push(vector_job(*context_.layer, *context_.program, source_, phase));
      command_.add(now(), 1, uint32_t(phase));
    }
    ++next_vector_phase_;
    wake_at(now() + 1);
    return;
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
  if (!loads_out->can_push()) return;
  const auto next = std::find_if(ready_loads_.begin(), ready_loads_.end(), [this](size_t index) {
    const int after = context_.program->phase(context_.program->passes[loads_[index].pass]).loads_after;
    return after < 0 || phase_ready(after + 1);
  });
  if (next == ready_loads_.end()) return;
  const Load& load = loads_[*next];
  ready_loads_.erase(next);
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
  if (begins_phase) begin_phase(phase);
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
  if (next_job_ < jobs_.size() || next_vector_phase_ < context_.program->phases.size())
    return "the end of the phase before in every memory node";
  return "";
}

}  // namespace spikeloom
