#include "hw/synapse_array/synapse_array.h"

#include <algorithm>
#include <cassert>

namespace spikeloom {

SynapseArray::SynapseArray(const sc_core::sc_module_name& name, Clock& clock, const SynapseArraySpec& spec,
                           const LayerContext& context, int tile, bool encoder_in_tile, EnergyLedger& ledger)
    : WeightArray(name, clock, spec, context, tile, ledger),
      spikes_in("spikes_in", encoder_in_tile ? 1 : context.sources * context.spike_channels),
      encoder_in_tile_(encoder_in_tile),
      lanes_(encoder_in_tile ? 1 : context.sources),
      active_(context.program->batch, 0) {}

void SynapseArray::issue() {
  if (awaits_rows() || now() < issue_free_) return;
  for (;;) {
    if (item_ == items_.size()) return stall(ActivityState::kIdle);
    if (!item_started_ && !start_item()) return;
    if (!window_started_ && !start_window()) return;
    if (std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.at_mark || !lane.serves; })) {
      issue_mark();
    } else if (!issue_run()) {
      return;
    }
    if (now() < issue_free_) {
      wake_at(issue_free_);
      return;
    }
  }
}

// Waits for every source's head flit, which brings the window's shifts.
bool SynapseArray::start_window() {
  const SourceShare share = context_.program->share(pass());
  for (size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    lane.serves = encoder_in_tile_ || share.serves(static_cast<int>(i), work().part);
    if (lane.in_window || !lane.serves) continue;
    RegisteredFifo<Flit>& spikes = spikes_of(i);
    if (!spikes.can_pop()) {
      stall(ActivityState::kStalledInput);
      return false;
    }
    const Flit& head = spikes.front();
    assert(head.head);
    const WindowTag tag = WindowTag::unpack(head.tag);
    assert(tag.pass == item().pass && tag.batch == item().batch);
    lane.format = stream_format(context_, tag, lane_source(i));
    steps_ = lane.format.steps;
    assert(lane.format.range.count == 0 || lane.format.range.first >= slice().windows[window_].first);
    lane.reader.start(lane.format);
    lane.in_window = true;
    lane.at_mark = false;
    lane.events.clear();
    lane.next = 0;
    shifts_ = WindowShifts::unpack(context_.program->batch_rows(pass(), item().batch), head.bits.data());
    spikes.pop();
  }
  if (!neurons_out->can_push()) return false;
  NeuronCommand start;
  start.kind = NeuronCommand::Kind::kWindowStart;
  start.shifts = shifts_;
  start.group = slice().windows[window_].group;
  neurons_out->push(start);
  std::fill(active_.begin(), active_.end(), 0u);
  window_started_ = true;
  step_ = 0;
  return true;
}

RegisteredFifo<Flit>& SynapseArray::spikes_of(size_t lane) {
  if (encoder_in_tile_) return *spikes_in[0].operator->();
  return *spikes_in[lane * context_.spike_channels + work().part % context_.spike_channels].operator->();
}

// Takes flits until the lane has an event; a step mark of the lane alone costs nothing.
bool SynapseArray::refill(Lane* lane) {
  RegisteredFifo<Flit>& spikes = spikes_of(lane - lanes_.data());
  while (lane->next == lane->events.size()) {
    lane->events.clear();
    lane->next = 0;
    if (!spikes.can_pop()) return false;
    const Flit& flit = spikes.front();
    if (!flit.head) lane->reader.read(flit, &lane->events);
    spikes.pop();
  }
  return true;
}

// Issues the events of one source up to its mark or the end of its flit, one row a cycle. Nothing can stall inside
// such a run, so that the process sleeps until its end: the same cycles in fewer activations.
bool SynapseArray::issue_run() {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    const size_t index = (next_lane_ + i) % lanes_.size();
    Lane& lane = lanes_[index];
    if (!lane.serves || lane.at_mark || !refill(&lane)) continue;
    if (!neurons_out->can_push(2)) return false;  // the last lane's mark may bring the step's mark and the slice's end
    if (lane.events[lane.next].kind == SpikeEvent::Kind::kMark) {
      ++lane.next;
      lane.at_mark = true;
      return true;
    }
    NeuronCommand command;
    command.kind = NeuronCommand::Kind::kRows;
    Cycle at = now();
    while (lane.next < lane.events.size() && command.count + 2 <= NeuronCommand::kMostRows) {
      const SpikeEvent& event = lane.events[lane.next];
      if (event.kind == SpikeEvent::Kind::kMark) break;
      ++lane.next;
      if (event.kind == SpikeEvent::Kind::kEmptyChunk) {
        // A chunk without a spike takes its cycle; rows before it go on their way first.
        if (command.count > 0) {
          --lane.next;
          break;
        }
        ++at;
        break;
      }
      const int before = command.count;
      append_rows(lane, event, at, &command);
      at += command.count - before;
      ++spikes_;
    }
    charge_run(lane.format.code.row_shifts);
    activity_.enter(ActivityState::kBusy, now());
    issue_free_ = at;
    if (command.count > 0) neurons_out->push(command, at - now() - 1);
    rows_issued_ += command.count;
    next_lane_ = (index + 1) % lanes_.size();
    return true;
  }
  stall(ActivityState::kStalledInput);
  return false;
}

// The row of a spike, or the two rows of a wide input. What is still latched is not read again.
void SynapseArray::append_rows(const Lane& lane, const SpikeEvent& event, Cycle at, NeuronCommand* command) {
  const Slice& here = slice();
  const int k = lane.format.range.first + event.address;
  const bool wide = !here.wide.empty() && std::binary_search(here.wide.begin(), here.wide.end(), k);
  const bool latched = latched_row_ == k;
  const bool row_shifts = lane.format.code.row_shifts;
  const auto add = [&](int row, uint8_t slope, bool unsigned_weights) {
    const uint8_t* const data = weights_.row(half(), row);
    command->rows[command->count++] = {data, event.slot, slope, event.negative, unsigned_weights};
    __builtin_prefetch(data);  // the neuron array reads it an activation later
    active_[event.slot] |= 1u << slope;
    if (latched) return;
    if (reads_begin_ + Cycle(reads_) != at) {  // latched rows came between
      charge_run(row_shifts);
      reads_begin_ = at;
    }
    ++reads_;
    keep_port(at++, row);
  };
  add(here.row(k), row_shifts ? uint8_t(mix_slope(event.slope, row_shift(here.row(k)))) : event.slope, wide);
  if (wide) add(here.wide_row(k), uint8_t(event.slope + kSlopeBases), false);
  latched_row_ = k;
}

// Counts the reads of the run under way.
void SynapseArray::charge_run(bool row_shifts) {
  if (reads_ == 0) return;
  charge_reads(reads_begin_, reads_);
  row_latch_.add_span(reads_begin_, Cycle(reads_), uint64_t(batch_outputs_) * latched_bits(spec_.packing));
  if (row_shifts) shift_read_.add_span(reads_begin_, Cycle(reads_), kRowShiftBits);
  reads_ = 0;
}

void SynapseArray::issue_mark() {
  NeuronCommand command;
  command.kind = NeuronCommand::Kind::kMark;
  command.step = uint8_t(step_);
  neurons_out->push(command);
  ++marks_;
  Cycle updates = 0;
  for (uint32_t& slopes : active_) {
    updates += __builtin_popcount(slopes);
    if (!context_.code->keeps_slopes()) slopes = 0;
  }
  activity_.enter(ActivityState::kBusy, now());
  issue_free_ = now() + std::max<Cycle>(updates, 1);
  for (Lane& lane : lanes_) lane.at_mark = false;
  if (++step_ == steps_) end_window();
}

void SynapseArray::end_window() {
  for (Lane& lane : lanes_) lane.in_window = false;
  window_started_ = false;
  latched_row_ = -1;
  if (++window_ < size_t(item().windows)) return;
  window_ = 0;
  end_item();
}

}  // namespace spikeloom
