#include "hw/neuron_array/neuron_array.h"

#include <algorithm>
#include <cassert>
#include <climits>
#include <cstdlib>

#include "hw/neuron_array/lane_kernels.h"

namespace spikeloom {

NeuronArray::NeuronArray(const sc_core::sc_module_name& name, Clock& clock, const NeuronArraySpec& spec,
                         const LayerContext& context, const Topology& topology, int tile, EnergyLedger& ledger)
    : Block(name, clock),
      commands_in("commands_in"),
      parameters_in("parameters_in"),
      partials_in("partials_in"),
      outputs_out("outputs_out"),
      partials_out("partials_out"),
      control_out("control_out"),
      membrane_free_out("membrane_free_out"),
      spec_(spec),
      context_(context),
      topology_(topology),
      tile_(tile),
      half_(padded_half(spec.lanes)),
      padded_lanes_(2 * half_),
      slope_add_(ledger.counter(this->name(), EnergyEvent::kSlopeAddBit)),
      slope_read_(ledger.counter(this->name(), EnergyEvent::kSlopeReadBit)),
      slope_write_(ledger.counter(this->name(), EnergyEvent::kSlopeWriteBit)),
      membrane_shift_(ledger.counter(this->name(), EnergyEvent::kMembraneShiftBit)),
      membrane_add_(ledger.counter(this->name(), EnergyEvent::kMembraneAddBit)),
      membrane_read_(ledger.counter(this->name(), EnergyEvent::kMembraneReadBit)),
      membrane_write_(ledger.counter(this->name(), EnergyEvent::kMembraneWriteBit)),
      residue_add_(ledger.counter(this->name(), EnergyEvent::kResidueAddBit)),
      compare_(ledger.counter(this->name(), EnergyEvent::kCompareSubtractBit)),
      residue_read_(ledger.counter(this->name(), EnergyEvent::kResidueReadBit)),
      residue_write_(ledger.counter(this->name(), EnergyEvent::kResidueWriteBit)),
      threshold_read_(ledger.counter(this->name(), EnergyEvent::kThresholdReadBit)),
      threshold_write_(ledger.counter(this->name(), EnergyEvent::kThresholdWriteBit)),
      pass_set_(context.program->passes.size(), 0),
      slopes_(size_t(context.program->batch) * kMostSlopes * padded_lanes_, 0),
      active_(context.program->batch, 0) {
  int passes = 0;
  for (const Pass& pass : context.program->passes)
    if (pass.tiles[tile].operation >= 0) pass_set_[pass.index] = passes++ % 2;
  for (MembraneSet& set : sets_) set.V.resize(size_t(context.program->batch) * padded_lanes_, 0);
}

void NeuronArray::tick() {
  take_parameters();
  while (commands_in->can_pop()) {
    take_command(commands_in->front());
    commands_in->pop();
  }
  finish_batches();
  send_releases();
}

void NeuronArray::take_parameters() {
  if (!parameters_in->can_pop()) return;
  const Flit& flit = parameters_in->front();
  if (flit.head) parameter_pass_ = static_cast<int>(flit.tag);
  parameter_payload_.add(flit, context_.flits.link_bits);
  if (flit.tail && flit.last_packet) load_parameters(parameter_pass_);
  parameters_in->pop();
  if (!parameters_in->empty()) wake_at(now() + 1);
}

void NeuronArray::load_parameters(int pass) {
  const TileWork& at = work(pass);
  Parameters& set = parameters_[pass_set_[pass]];
  const InputTrace& input = context_.layer->inputs[context_.program->passes[pass].input];
  const int groups = context_.layer->operations[at.operation].h ? input.groups() : 0;
  set.theta.assign(padded_lanes_, 1);
  set.v0.assign(padded_lanes_, 0);
  set.h.assign(size_t(groups) * padded_lanes_, 0);
  uint64_t position = 0;
  const auto take = [&](int bits) {
    const uint64_t value = get_bits(parameter_payload_.bits(), position, bits);
    position += bits;
    return value;
  };
  for (int i = 0; i < at.outputs; ++i) {
    const int lane = lane_index(i);
    set.theta[lane] = int64_t(take(spec_.threshold_bits));
    set.v0[lane] = sign_extend(take(spec_.membrane_bits), spec_.membrane_bits);
  }
  for (int group = 0; group < groups; ++group)
    for (int i = 0; i < at.outputs; ++i) set.h[size_t(group) * padded_lanes_ + lane_index(i)] = uint8_t(take(2));
  threshold_write_.add(now(), position, uint32_t(context_.program->passes[pass].phase));
  parameter_payload_.clear();
}

void NeuronArray::take_command(const NeuronCommand& command) {
  switch (command.kind) {
    case NeuronCommand::Kind::kBatchStart:
      start_batch(command);
      break;
    case NeuronCommand::Kind::kWindowStart:
      shifts_ = command.shifts;
      group_ = command.group;
      std::fill(active_.begin(), active_.end(), 0u);
      break;
    case NeuronCommand::Kind::kRows:
      add_rows(command);
      break;
    case NeuronCommand::Kind::kProducts:
      for (int i = 0; i < command.count; ++i)
        if (!(active_[command.rows[i].slot] & 1u << command.rows[i].slope)) open_slope(command.rows[i]);
      accumulate(command);
      break;
    case NeuronCommand::Kind::kMark:
      mark(command);
      break;
    case NeuronCommand::Kind::kSliceEnd:
      end_slice(command);
      break;
  }
}

// The synapse array has waited for a free set, and for the weights, which the parameters came before.
void NeuronArray::start_batch(const NeuronCommand& command) {
  integrating_ ^= 1;
  pass_ = command.pass;
  MembraneSet& set = sets_[integrating_];
  set.pass = command.pass;
  set.batch = command.batch;
  set.tokens = command.tokens;
  const Parameters& parameters = parameters_[pass_set_[pass_]];
  assert(!parameters.v0.empty());
  for (int slot = 0; slot < set.tokens; ++slot)
    std::copy(parameters.v0.begin(), parameters.v0.end(), set.V.begin() + size_t(slot) * padded_lanes_);
  lanes_in_use_ = context_.program->batch_outputs(pass(pass_), work(pass_), set.batch);
  const uint64_t bits = uint64_t(lanes_in_use_) * spec_.membrane_bits * set.tokens;
  membrane_read_.add(now(), bits);
  membrane_write_.add(now(), bits);
}

void NeuronArray::add_rows(const NeuronCommand& command) {
  const uint64_t bits = uint64_t(lanes_in_use_) * spec_.slope_bits;
  const Cycle first = now() + 1 - command.count;
  slope_add_.add_span(first, command.count, bits);
  slope_write_.add_span(first, command.count, bits);
  additions_ += uint64_t(lanes_in_use_) * command.count;
  for (int i = 0; i < command.count; ++i) {
    const WeightedRow& row = command.rows[i];
    if (active_[row.slot] & 1u << row.slope)
      slope_read_.add(first + i, bits);
    else
      open_slope(row);
  }
  accumulate(command);
}

// The first weight of a window is written, not added: nothing has to clear a slope.
void NeuronArray::open_slope(const WeightedRow& row) {
  std::fill_n(slope(row.slot, row.slope), padded_lanes_, 0);
  active_[row.slot] |= 1u << row.slope;
}

// Rows of one slope at a time, so that the kernel keeps it in registers.
void NeuronArray::accumulate(const NeuronCommand& command) {
  const auto key = [&](int i) { return command.rows[i].slot * kMostSlopes + command.rows[i].slope; };
  const bool products = command.kind == NeuronCommand::Kind::kProducts;
  uint32_t left = command.count == 32 ? ~0u : (1u << command.count) - 1;
  while (left) {
    const int lead = __builtin_ctz(left);
    const WeightedRow& first = command.rows[lead];
    const uint8_t* rows[NeuronCommand::kMostRows];
    int8_t factors[NeuronCommand::kMostRows];
    int count = 0;
    for (uint32_t rest = left; rest; rest &= rest - 1) {
      const int i = __builtin_ctz(rest);
      const WeightedRow& row = command.rows[i];
      if (key(i) != key(lead) || row.unsigned_weights != first.unsigned_weights) continue;
      rows[count] = row.data;
      factors[count++] = int8_t(row.negative ? -int(row.magnitude) : row.magnitude);
      left &= ~(1u << i);
    }
    if (products)
      add_weight_products(slope(first.slot, first.slope), half_, rows, factors, count, first.unsigned_weights);
    else
      add_weight_rows(slope(first.slot, first.slope), half_, rows, factors, count, first.unsigned_weights);
  }
}

void NeuronArray::mark(const NeuronCommand& command) {
  const CodeFormat format = CodeFormat::of(context_.layer->inputs[pass(pass_).input]);
  const Parameters& parameters = parameters_[pass_set_[pass_]];
  const uint8_t* h = parameters.h.empty() ? nullptr : &parameters.h[size_t(group_) * padded_lanes_];
  MembraneSet& set = sets_[integrating_];
  Cycle updates = 0;
  for (int slot = 0; slot < set.tokens; ++slot) {
    for (uint32_t left = active_[slot]; left; left &= left - 1) {
      const int index = __builtin_ctz(left);
      const int shift = format.shift(index, shifts_.E[slot], shifts_.E7[slot]) + shifts_.g[slot] +
                        context_.code->step_shift(command.step);
      add_slopes(&set.V[size_t(slot) * padded_lanes_], slope(slot, index), padded_lanes_, shift, h);
      ++updates;
    }
    if (!context_.code->keeps_slopes()) active_[slot] = 0;
  }
  if (updates == 0 || !command.charged) return;
  const uint64_t slope_bits = uint64_t(lanes_in_use_) * spec_.slope_bits;
  const uint64_t membrane_bits = uint64_t(lanes_in_use_) * spec_.membrane_bits;
  slope_read_.add_span(now(), updates, slope_bits);
  if (h) threshold_read_.add_span(now(), updates, uint64_t(lanes_in_use_) * 2);
  membrane_shift_.add_span(now(), updates, membrane_bits);
  membrane_add_.add_span(now(), updates, membrane_bits);
  membrane_read_.add_span(now(), updates, membrane_bits);
  membrane_write_.add_span(now(), updates, membrane_bits);
}

void NeuronArray::end_slice(const NeuronCommand& command) {
  if (command.batch_complete) {
    finished_.push_back(integrating_);
    wake_at(now() + 1);
  }
  if (command.releases_load)
    releases_.push_back({command.load, command.needs_fired, context_.program->passes[pass_].phase});
}

void NeuronArray::finish_batches() {
  for (bool again = true; again;) {
    again = false;
    switch (stage_) {
      case Stage::kIdle:
        if (finished_.empty()) return;
        token_ = 0;
        stage_ = Stage::kPartials;
        again = true;
        break;
      case Stage::kPartials:
        again = take_partial();
        break;
      case Stage::kFire:
        again = fire();
        break;
      case Stage::kSend:
        again = send();
        break;
    }
  }
}

// Adds the membranes that the next part's tile has sent for this token: one flit a cycle.
bool NeuronArray::take_partial() {
  MembraneSet& set = sets_[finished_.front()];
  const TileWork& at = work(set.pass);
  if (context_.program->receives(pass(set.pass), at, set.batch)) {
    if (!partials_in->can_pop()) {
      activity_.enter(ActivityState::kStalledInput, now());
      return false;
    }
    activity_.enter(ActivityState::kBusy, now());
    const Flit flit = partials_in->front();
    partials_in->pop();
    wake_at(now() + 1);
    partial_payload_.add(flit, context_.flits.link_bits);
    if (!flit.tail) return false;
    int64_t* V = &set.V[size_t(token_) * padded_lanes_];
    for (int i = 0; i < at.outputs; ++i)
      V[lane_index(i)] +=
          sign_extend(get_bits(partial_payload_.bits(), uint64_t(i) * spec_.membrane_bits, spec_.membrane_bits),
                      spec_.membrane_bits);
    partial_payload_.clear();
    const uint64_t bits = uint64_t(at.outputs) * spec_.membrane_bits;
    membrane_read_.add(now(), bits);
    membrane_add_.add(now(), bits);
    membrane_write_.add(now(), bits);
  }
  activity_.enter(ActivityState::kBusy, now());
  stage_ = Stage::kFire;
  fire_ready_ = 0;
  return true;
}

// Forms R and compares and subtracts, or hands the membranes on.
bool NeuronArray::fire() {
  const MembraneSet& set = sets_[finished_.front()];
  const TileWork& at = work(set.pass);
  if (at.sends_partials_to >= 0) {
    begin_partials_out();
    return true;
  }
  const OperationTrace& operation = context_.layer->operations[at.operation];
  const int B = operation.output_bits, outputs = firing_outputs();
  const Parameters& parameters = parameters_[pass_set_[set.pass]];
  std::vector<int64_t> codes(outputs);
  uint64_t subtractions = 0;
  int most_steps = spec_.firing == FiringPolicy::kRadix ? B : 0;
  for (int i = 0; i < outputs; ++i) {
    const int lane = lane_index(i);
    const int64_t V = set.V[size_t(token_) * padded_lanes_ + lane];
    largest_membrane_ = std::max<int64_t>(largest_membrane_, std::abs(V));
    const int64_t R = residue(V, parameters.theta[lane], operation.F, B);
    int steps = B;
    if (spec_.firing == FiringPolicy::kRadix) {
      codes[i] = fire_radix(R, parameters.theta[lane], B);
      subtractions += __builtin_popcount(unsigned(codes[i] + (1 << (B - 1))));
    } else {
      codes[i] = fire_unary(R, parameters.theta[lane], B, &steps);
      subtractions += steps;
    }
    most_steps = std::max(most_steps, steps);
  }
  const uint64_t lanes = outputs;
  membrane_read_.add(now(), lanes * spec_.membrane_bits);
  residue_add_.add(now(), 2 * lanes * spec_.residue_bits);
  threshold_read_.add(now(), lanes * spec_.threshold_bits);
  if (most_steps > 0) {
    compare_.add_span(now() + 1, most_steps, lanes * spec_.residue_bits);
    residue_read_.add_span(now() + 1, most_steps, lanes * spec_.residue_bits);
    threshold_read_.add_span(now() + 1, most_steps, lanes * spec_.threshold_bits);
  }
  residue_write_.add(now(), (lanes + subtractions) * spec_.residue_bits);
  begin_message(MessageType::kOutputs, topology_.source_node(at.sink), MessageClasses{context_.sources}.outputs(),
                codes, B);
  fire_ready_ = now() + 1 + most_steps;
  wake_at(fire_ready_);
  return false;
}

int NeuronArray::firing_outputs() const {
  const MembraneSet& set = sets_[finished_.front()];
  return context_.program->outputs(pass(set.pass), work(set.pass), firing_row());
}

std::vector<int64_t> NeuronArray::firing_membranes() const {
  if (finished_.empty()) return {};
  const MembraneSet& set = sets_[finished_.front()];
  std::vector<int64_t> membranes(firing_outputs());
  for (size_t i = 0; i < membranes.size(); ++i)
    membranes[i] = set.V[size_t(token_) * padded_lanes_ + lane_index(static_cast<int>(i))];
  return membranes;
}

void NeuronArray::begin_partials_out() {
  const MembraneSet& set = sets_[finished_.front()];
  const TileWork& at = work(set.pass);
  const std::vector<int64_t> membranes = firing_membranes();
  membrane_read_.add(now(), membranes.size() * spec_.membrane_bits);
  begin_message(MessageType::kPartials, at.sends_partials_to, MessageClasses{context_.sources}.partials(), membranes,
                spec_.membrane_bits);
}

// A message about the token that fires: one value of `bits` bits (two's complement) per output.
void NeuronArray::begin_message(MessageType type, int destination, int message_class,
                                const std::vector<int64_t>& values, int bits) {
  const MembraneSet& set = sets_[finished_.front()];
  const uint64_t payload_bits = values.size() * uint64_t(bits);
  std::vector<uint64_t> payload((payload_bits + 127) / 64, 0);
  for (size_t i = 0; i < values.size(); ++i) put_bits(payload.data(), i * bits, bits, uint64_t(values[i]));
  Flit head;
  head.type = type;
  head.tag = OutputTag{set.pass, tile_, firing_row()}.pack();
  head.phase = uint16_t(context_.program->passes[set.pass].phase);
  head.destination = uint32_t(destination);
  head.message_class = uint8_t(message_class);
  head.flow = uint8_t(tile_);
  head.ordered = type == MessageType::kPartials;  // outputs are put in place by their tag
  message_ = make_packets(head, payload, payload_bits, context_.flits, INT_MAX);
  message_sent_ = 0;
  stage_ = Stage::kSend;
}

bool NeuronArray::send() {
  if (now() < fire_ready_) return false;
  FifoOut<Flit>& out = message_[0].type == MessageType::kOutputs ? outputs_out : partials_out;
  if (!out->can_push()) {
    activity_.enter(ActivityState::kStalledOutput, now());
    return false;
  }
  activity_.enter(ActivityState::kBusy, now());
  out->push(message_[message_sent_]);
  wake_at(now() + 1);
  if (++message_sent_ == message_.size()) next_token();
  return false;
}

void NeuronArray::next_token() {
  stage_ = Stage::kPartials;
  if (++token_ < sets_[finished_.front()].tokens) return;
  finished_.pop_front();
  ++fired_;
  assert(membrane_free_out->can_push());
  membrane_free_out->push(1);
  stage_ = Stage::kIdle;
  activity_.enter(ActivityState::kIdle, now() + 1);
}

// Tells every source that half the weight SRAM is free again.
void NeuronArray::send_releases() {
  if (releases_.empty() || fired_ < releases_.front().needs_fired || !control_out->can_push()) return;
  control_out->push(make_control_flit(MessageType::kRelease, uint64_t(tile_), topology_.source_node(release_source_),
                                      MessageClasses{context_.sources}.control(), releases_.front().phase));
  if (++release_source_ == context_.sources) {
    release_source_ = 0;
    releases_.pop_front();
  }
  wake_at(now() + 1);
}

std::string NeuronArray::waits_for() const {
  if (stage_ == Stage::kPartials) return "partial membranes of another tile";
  if (stage_ == Stage::kSend) return "space for outputs";
  return "";
}

}  // namespace spikeloom
