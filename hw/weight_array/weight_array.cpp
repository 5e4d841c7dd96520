#include "hw/weight_array/weight_array.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace spikeloom {

namespace {

std::vector<Load> loads_of(const Program& program, int tile) {
  std::vector<Load> loads;
  for (const Load& load : load_order(program))
    if (load.tile == tile) loads.push_back(load);
  return loads;
}

}  // namespace

const std::vector<std::string>& halves_names() {
  static const std::vector<std::string> names = {"own_banks", "shared_banks"};
  return names;
}

WeightArray::WeightArray(const sc_core::sc_module_name& name, Clock& clock, const SynapseArraySpec& spec,
                         const LayerContext& context, int tile, EnergyLedger& ledger)
    : Block(name, clock),
      weights_in("weights_in"),
      membrane_free_in("membrane_free_in"),
      neurons_out("neurons_out"),
      parameters_out("parameters_out"),
      spec_(spec),
      context_(context),
      tile_(tile),
      weights_(this->name(), spec.half_rows(), packed_bytes(WeightPacking::kFourBits, spec.lanes), spec.bank(),
               spec.shares_banks() ? spec.banks : 0, ledger),
      row_latch_(ledger.counter(this->name(), EnergyEvent::kRowLatchWriteBit)),
      shift_read_(ledger.counter(this->name(), EnergyEvent::kThresholdReadBit)),
      unpack_(spec.packing == WeightPacking::kFivePerByte
                  ? &ledger.counter(this->name(), EnergyEvent::kTernaryUnpackByte)
                  : nullptr),
      items_(tile_items(*context.program, tile)),
      shift_write_(ledger.counter(this->name(), EnergyEvent::kThresholdWriteBit)),
      loads_(loads_of(*context.program, tile)),
      row_messages_(context.sources) {
  for (auto& shifts : row_shifts_) shifts.assign(spec.half_rows(), 0);
  look_up_item();
}

void WeightArray::end_of_elaboration() {
  flits_in_ = weights_in.operator->();
  flits_in_->keep_front_in(&visible_from_[kWeights], &occupied_, kWeights);
  membrane_free_in->keep_front_in(&visible_from_[kMembranes], &occupied_, kMembranes);
}

void WeightArray::tick() {
  if (has(kWeights)) take_weights();
  while (has(kMembranes)) {
    membrane_free_in->pop();
    ++membrane_credits_;
  }
  issue();
  if (rows_due_) write_due_row();  // all reads of this cycle are known
}

void WeightArray::look_up_item() {
  if (item_ < items_.size()) slice_ = &context_.program->part(pass(), work().part).slices[item().slice];
}

// Always sinks, at most one row a cycle: a source only sends what it was told there is room for.
void WeightArray::take_weights() {
  RegisteredFifo<Flit>& weights = *flits_in_;
  if (now() < write_free_) {
    wake_at(write_free_);
    return;
  }
  if (rows_due_) return;
  const Flit& flit = weights.front();
  if (flit.head) parameters_ = flit.type == MessageType::kParameters;
  if (parameters_) {
    if (!parameters_out->can_push()) return;
    parameters_out->push(flit);
  } else if (flit.head) {
    begin_rows(flit.tag);
  } else {
    take_rows(flit);
  }
  weights.pop();
  // A flit that is under way wakes the array itself; start_item() asks for the cycle in which the last row is there.
  if (!weights.empty()) wake_at(std::max(write_free_, now() + 1));
}

void WeightArray::begin_rows(uint64_t head_tag) {
  const WeightTag tag = WeightTag::unpack(head_tag);
  message_source_ = tag.source;
  RowMessage& message = row_messages_[message_source_];
  if (message.row < message.end) return;  // a further packet of the same message
  const uint64_t current = item().load;
  const uint64_t load = current + ((tag.load - current) & 0xffff);
  const Pass& pass = context_.program->passes[loads_[load].pass];
  message.half = static_cast<int>(load % 2);
  message.outputs = pass.tiles[tile_].outputs;
  message.row_shifts = context_.layer->inputs[pass.input].row_shift;
  message.row = tag.row;
  message.end = tag.row + tag.rows;
  message.bytes.resize(packed_bytes(spec_.packing, message.outputs) + message.row_shifts);
}

void WeightArray::take_rows(const Flit& flit) {
  RowMessage& message = row_messages_[message_source_];
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(flit.bits.data());
  const uint8_t* const end = bytes + context_.flits.link_bits / 8;
  due_ = {message.half, message.row, message.row, message.row_shifts, flit.phase};
  while (bytes < end && message.row < message.end) {
    const size_t count = std::min(size_t(end - bytes), message.bytes.size() - message.filled);
    std::memcpy(message.bytes.data() + message.filled, bytes, count);
    bytes += count;
    message.filled += count;
    if (message.filled < message.bytes.size()) break;
    store_row(message);
    message.filled = 0;
    due_.end = ++message.row;
  }
  write_free_ = now() + 1;
  rows_due_ = spec_.shares_banks() && due_.row < due_.end;
  for (Cycle at = now(); !rows_due_ && due_.row < due_.end; ++at) {
    write_row(at);
    write_free_ = at + 1;
  }
  readable_from_[message.half] = write_free_;
}

// Nobody looks at the row before it is written. The host works on 4-bit weights.
void WeightArray::store_row(const RowMessage& message) {
  if (message.row_shifts) row_shifts_[message.half][message.row] = message.bytes.back();
  const size_t bytes = packed_bytes(WeightPacking::kFourBits, message.outputs);
  uint8_t* const nibbles = weights_.place_of(message.half, message.row, bytes);
  unpack_weights(spec_.packing, message.bytes.data(), message.outputs, nibbles);
}

// The next row that is due.
void WeightArray::write_row(Cycle at) {
  weights_.write_row(at, due_.phase);
  if (due_.row_shifts) shift_write_.add(at, kRowShiftBits, due_.phase);
  ++rows_received_[due_.half];
  ++due_.row;
}

// Shared banks: a row is written in the first cycle in which no read uses its bank.
void WeightArray::write_due_row() {
  wake_at(now() + 1);
  if (!weights_.take_port(now(), due_.half, due_.row)) {
    ++bank_waits_;
    return;
  }
  write_row(now());
  rows_due_ = due_.row < due_.end;
  write_free_ = readable_from_[due_.half] = now() + 1;
}

void WeightArray::charge_reads(Cycle first, int count) {
  weights_.read_rows(first, count);
  if (unpack_) unpack_->add_span(first, Cycle(count), uint64_t(packed_bytes(spec_.packing, batch_outputs_)));
}

void WeightArray::stall(ActivityState why) {
  stalled_by_ = why;
  activity_.enter(waiting(), std::max(now(), issue_free_));
}

// Nothing to do before the phase of the next item begins.
ActivityState WeightArray::waiting() const {
  const bool has_work = item_ < items_.size() && pass().phase <= phase_;
  return has_work ? stalled_by_ : ActivityState::kIdle;
}

void WeightArray::begin_phase(int phase, Cycle now) {
  phase_ = phase;
  if (activity_.state() == ActivityState::kIdle) activity_.enter(waiting(), now);
}

// The slice's weights must be there, and for a new batch a free membrane set.
bool WeightArray::start_item() {
  awaited_half_ = half();
  awaited_rows_ = slice().rows();
  const bool have_come = !awaits_rows();
  if (!have_come || now() < readable_from_[half()]) {
    stall(ActivityState::kStalledWeights);
    if (have_come) wake_at(readable_from_[half()]);
    return false;
  }
  if (item().first_slice && membrane_credits_ == 0) {
    stall(ActivityState::kStalledMembrane);
    return false;
  }
  if (!neurons_out->can_push()) return false;
  if (item().first_slice) {
    --membrane_credits_;
    NeuronCommand start;
    start.kind = NeuronCommand::Kind::kBatchStart;
    start.pass = item().pass;
    start.batch = item().batch;
    start.tokens = context_.program->batch_rows(pass(), item().batch);
    neurons_out->push(start);
  }
  batch_outputs_ = context_.program->batch_outputs(pass(), work(), item().batch);
  item_started_ = true;
  awaited_rows_ = 0;
  return true;
}

void WeightArray::end_item() {
  NeuronCommand end;
  end.kind = NeuronCommand::Kind::kSliceEnd;
  end.batch_complete = item().last_slice;
  end.releases_load = item().releases_load;
  end.load = item().load;
  end.needs_fired = item().needs_fired;
  neurons_out->push(end, issue_free_ > now() ? issue_free_ - now() - 1 : 0);
  if (item().releases_load) rows_received_[half()] = 0;
  item_started_ = false;
  ++item_;
  look_up_item();
}

std::string WeightArray::waits_for() const {
  if (item_ == items_.size()) return "";
  return stalled_by_ == ActivityState::kStalledInput      ? "spikes"
         : stalled_by_ == ActivityState::kStalledMembrane ? "a free membrane set"
                                                          : "weights";
}

}  // namespace spikeloom
