#include "hw/synapse_array/synapse_array.h"

#include <algorithm>
#include <cassert>

namespace spikeloom {

namespace {

std::vector<Load> loads_of(const Program& program, int tile) {
  std::vector<Load> loads;
  for (const Load& load : load_order(program))
    if (load.tile == tile) loads.push_back(load);
  return loads;
}

}  // namespace

SynapseArray::SynapseArray(const sc_core::sc_module_name& name, Clock& clock, const SynapseArraySpec& spec,
                           const LayerContext& context, int tile, bool encoder_in_tile, EnergyLedger& ledger)
    : Block(name, clock),
      spikes_in("spikes_in", encoder_in_tile ? 1 : context.sources * context.spike_channels),
      weights_in("weights_in"),
      membrane_free_in("membrane_free_in"),
      neurons_out("neurons_out"),
      parameters_out("parameters_out"),
      spec_(spec),
      context_(context),
      tile_(tile),
      encoder_in_tile_(encoder_in_tile),
      weights_(this->name(), spec.half_rows(), spec.row_bytes(),
               {uint64_t(spec.weight_bytes / spec.banks), uint64_t(spec.row_bytes())}, ledger),
      row_latch_(ledger.counter(this->name(), EnergyEvent::kRowLatchWriteBit)),
      shift_read_(ledger.counter(this->name(), EnergyEvent::kThresholdReadBit)),
      shift_write_(ledger.counter(this->name(), EnergyEvent::kThresholdWriteBit)),
      items_(tile_items(*context.program, tile)),
      loads_(loads_of(*context.program, tile)),
      row_messages_(context.sources),
      lanes_(encoder_in_tile ? 1 : context.sources),
      active_(context.program->batch, 0) {
  for (auto& shifts : row_shifts_) shifts.assign(spec.half_rows(), 0);
}

const Slice& SynapseArray::slice() const {
  const TileItem& item = items_[item_];
  const Pass& pass = context_.program->passes[item.pass];
  return context_.program->part(pass, pass.tiles[tile_].part).slices[item.slice];
}

void SynapseArray::tick() {
  take_weights();
  while (membrane_free_in->can_pop()) {
    membrane_free_in->pop();
    ++membrane_credits_;
  }
  issue();
}

// Always sinks, at most one row a cycle: a source only sends what it was told there is room for.
void SynapseArray::take_weights() {
  if (!weights_in->can_pop()) return;
  if (now() < write_free_) {
    wake_at(write_free_);
    return;
  }
  const Flit flit = weights_in->front();
  if (flit.head) parameters_ = flit.type == MessageType::kParameters;
  if (parameters_) {
    if (!parameters_out->can_push()) return;
    parameters_out->push(flit);
  } else {
    take_weight_flit(flit);
  }
  weights_in->pop();
  wake_at(std::max(write_free_, now() + 1));
}

void SynapseArray::take_weight_flit(const Flit& flit) {
  if (flit.head) {
    const WeightTag tag = WeightTag::unpack(flit.tag);
    message_source_ = tag.source;
    RowMessage& message = row_messages_[message_source_];
    if (message.row < message.end) return;  // a further packet of the same message
    const uint64_t current = items_[item_].load;
    message.load = current + ((tag.load - current) & 0xffff);
    message.row = tag.row;
    message.end = tag.row + tag.rows;
    return;
  }
  RowMessage& message = row_messages_[message_source_];
  const Pass& pass = context_.program->passes[loads_[message.load].pass];
  const bool row_shifts = context_.layer->inputs[pass.input].row_shift;
  const size_t row_bytes = (pass.tiles[tile_].outputs + 1) / 2;
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(flit.bits.data());
  const int half = static_cast<int>(message.load % 2);
  int written = 0;
  for (int i = 0; i < context_.flits.link_bits / 8 && message.row < message.end; ++i) {
    message.bytes.push_back(bytes[i]);
    if (message.bytes.size() < row_bytes + row_shifts) continue;
    if (row_shifts) {
      row_shifts_[half][message.row] = message.bytes.back();
      shift_write_.add(now() + written, kRowShiftBits, flit.phase);
    }
    weights_.write_row(now() + written, half, message.row++, message.bytes.data(), row_bytes, flit.phase);
    message.bytes.clear();
    ++rows_received_[half];
    ++written;
  }
  write_free_ = now() + std::max(written, 1);
  readable_from_[half] = write_free_;
}

void SynapseArray::stall(ActivityState why) {
  stalled_by_ = why;
  activity_.enter(waiting(), std::max(now(), issue_free_));
}

// Nothing to do before the phase of the next item begins.
ActivityState SynapseArray::waiting() const {
  const bool has_work = item_ < items_.size() && context_.program->passes[items_[item_].pass].phase <= phase_;
  return has_work ? stalled_by_ : ActivityState::kIdle;
}

void SynapseArray::begin_phase(int phase, Cycle now) {
  phase_ = phase;
  if (activity_.state() == ActivityState::kIdle) activity_.enter(waiting(), now);
}

void SynapseArray::issue() {
  if (now() < issue_free_) return;
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

// The slice's weights must be there, and for a new batch a free membrane set.
bool SynapseArray::start_item() {
  const TileItem& item = items_[item_];
  const int half = static_cast<int>(item.load % 2);
  if (rows_received_[half] < slice().rows() || now() < readable_from_[half]) {
    stall(ActivityState::kStalledWeights);
    if (now() < readable_from_[half]) wake_at(readable_from_[half]);
    return false;
  }
  if (item.first_slice && membrane_credits_ == 0) {
    stall(ActivityState::kStalledMembrane);
    return false;
  }
  if (!neurons_out->can_push()) return false;
  if (item.first_slice) {
    --membrane_credits_;
    NeuronCommand start;
    start.kind = NeuronCommand::Kind::kBatchStart;
    start.pass = item.pass;
    start.batch = item.batch;
    start.tokens = context_.program->batch_rows(context_.program->passes[item.pass], item.batch);
    neurons_out->push(start);
  }
  const Pass& pass = context_.program->passes[item.pass];
  latch_bits_ = uint64_t(context_.program->batch_outputs(pass, pass.tiles[tile_], item.batch)) * 4;
  item_started_ = true;
  window_ = 0;
  latched_row_ = -1;
  return true;
}

// Waits for every source's head flit, which brings the window's shifts.
bool SynapseArray::start_window() {
  const TileItem& item = items_[item_];
  const Pass& pass = context_.program->passes[item.pass];
  const SourceShare share = context_.program->share(pass);
  for (size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    lane.serves = encoder_in_tile_ || share.serves(static_cast<int>(i), pass.tiles[tile_].part);
    if (lane.in_window || !lane.serves) continue;
    RegisteredFifo<Flit>& spikes = spikes_of(i);
    if (!spikes.can_pop()) {
      stall(ActivityState::kStalledInput);
      return false;
    }
    const Flit& head = spikes.front();
    assert(head.head);
    const WindowTag tag = WindowTag::unpack(head.tag);
    assert(tag.pass == item.pass && tag.batch == item.batch);
    lane.format = stream_format(context_, tag, lane_source(i));
    steps_ = lane.format.steps;
    assert(lane.format.range.count == 0 || lane.format.range.first >= slice().windows[window_].first);
    lane.reader.start(lane.format);
    lane.in_window = true;
    lane.at_mark = false;
    lane.events.clear();
    lane.next = 0;
    shifts_ = WindowShifts::unpack(context_.program->batch_rows(context_.program->passes[item.pass], item.batch),
                                   head.bits.data());
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
  const int part = context_.program->passes[items_[item_].pass].tiles[tile_].part;
  return *spikes_in[lane * context_.spike_channels + part % context_.spike_channels].operator->();
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
  const int half = static_cast<int>(items_[item_].load % 2);
  const bool wide = std::binary_search(here.wide.begin(), here.wide.end(), k);
  const bool latched = latched_row_ == k;
  const bool row_shifts = lane.format.code.row_shifts;
  const auto add = [&](int row, uint8_t slope, bool unsigned_weights) {
    command->rows[command->count++] = {weights_.row(half, row), event.slot, slope, event.negative, unsigned_weights};
    __builtin_prefetch(weights_.row(half, row));  // the neuron array reads it an activation later
    active_[event.slot] |= 1u << slope;
    if (latched) return;
    weights_.read_row(at);
    row_latch_.add(at++, latch_bits_);
    if (row_shifts) shift_read_.add(at - 1, kRowShiftBits);
  };
  add(here.row(k), row_shifts ? uint8_t(mix_slope(event.slope, row_shifts_[half][here.row(k)])) : event.slope, wide);
  if (wide) add(here.wide_row(k), uint8_t(event.slope + kSlopeBases), false);
  latched_row_ = k;
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
  const TileItem& item = items_[item_];
  if (++window_ < size_t(item.windows)) return;
  NeuronCommand end;
  end.kind = NeuronCommand::Kind::kSliceEnd;
  end.batch_complete = item.last_slice;
  end.releases_load = item.releases_load;
  end.load = item.load;
  end.needs_fired = item.needs_fired;
  neurons_out->push(end, issue_free_ - now() - 1);
  if (item.releases_load) rows_received_[item.load % 2] = 0;
  item_started_ = false;
  window_ = 0;
  ++item_;
}

std::string SynapseArray::waits_for() const {
  if (item_ == items_.size()) return "";
  return stalled_by_ == ActivityState::kStalledInput      ? "spikes"
         : stalled_by_ == ActivityState::kStalledMembrane ? "a free membrane set"
                                                          : "weights";
}

}  // namespace spikeloom
