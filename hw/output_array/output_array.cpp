#include "hw/output_array/output_array.h"

#include <cassert>
#include <climits>

namespace spikeloom {

OutputArray::OutputArray(const sc_core::sc_module_name& name, Clock& clock, int lanes, const LayerContext& context,
                         const Topology& topology, int tile)
    : Block(name, clock),
      commands_in("commands_in"),
      parameters_in("parameters_in"),
      partials_in("partials_in"),
      grants_in("grants_in"),
      outputs_out("outputs_out"),
      partials_out("partials_out"),
      control_out("control_out"),
      membrane_free_out("membrane_free_out"),
      context_(context),
      topology_(topology),
      tile_(tile),
      half_(padded_half(lanes)),
      padded_lanes_(2 * half_),
      pass_set_(context.program->passes.size(), 0) {
  int passes = 0;
  for (const Pass& pass : context.program->passes)
    if (pass.tiles[tile].operation >= 0) pass_set_[pass.index] = passes++ % 2;
  for (OutputSet& set : sets_) set.V.resize(size_t(context.program->batch) * padded_lanes_, 0);
}

void OutputArray::tick() {
  take_parameters();
  take_grant();
  while (commands_in->can_pop()) {
    take(commands_in->front());
    commands_in->pop();
  }
  finish_batches();
  send_releases();
}

void OutputArray::take_parameters() {
  if (!parameters_in->can_pop()) return;
  const Flit& flit = parameters_in->front();
  if (flit.head) parameter_pass_ = static_cast<int>(flit.tag);
  parameter_payload_.add(flit, context_.flits.link_bits);
  if (flit.tail && flit.last_packet) {
    load_parameters(parameter_pass_, parameter_payload_.bits());
    parameter_payload_.clear();
  }
  parameters_in->pop();
  if (!parameters_in->empty()) wake_at(now() + 1);
}

// One is kept: the tile ahead has one batch that fires, and no other until this one's sums have come.
void OutputArray::take_grant() {
  if (granted_ || !grants_in->can_pop()) return;
  granted_ = true;
  granted_tag_ = grants_in->front().tag;
  grants_in->pop();
}

void OutputArray::take(const NeuronCommand& command) {
  switch (command.kind) {
    case NeuronCommand::Kind::kBatchStart:
      begin_batch(command);
      break;
    case NeuronCommand::Kind::kSliceEnd:
      end_slice(command);
      break;
    default:
      take_command(command);
  }
}

// The weight array has waited for a free set, and for the weights, which the parameters came before.
void OutputArray::begin_batch(const NeuronCommand& command) {
  integrating_ ^= 1;
  pass_ = command.pass;
  OutputSet& set = integrating();
  set.pass = command.pass;
  set.batch = command.batch;
  set.tokens = command.tokens;
  lanes_in_use_ = context_.program->batch_outputs(pass(pass_), work(pass_), set.batch);
  start_batch();
}

void OutputArray::end_slice(const NeuronCommand& command) {
  if (command.batch_complete) {
    finished_.push_back(integrating_);
    wake_at(now() + 1);
  }
  if (command.releases_load)
    releases_.push_back({command.load, command.needs_fired, context_.program->passes[pass_].phase});
}

void OutputArray::finish_batches() {
  for (bool again = true; again;) {
    again = false;
    switch (stage_) {
      case Stage::kIdle:
        if (finished_.empty()) return;
        token_ = 0;
        stage_ = Stage::kChain;
        again = true;
        break;
      case Stage::kChain:
        again = open_chain();
        break;
      case Stage::kPartials:
        again = take_partial();
        break;
      case Stage::kFire:
        again = form_outputs();
        break;
      case Stage::kSend:
        again = send();
        break;
    }
  }
}

// Needs the grant of the tile that takes this one's sums, then grants the tile whose sums this one takes.
bool OutputArray::open_chain() {
  const OutputSet& set = firing();
  const TileWork& at = work(set.pass);
  if (now() < set.ready) {
    wake_at(set.ready);
    return false;
  }
  const bool sends = at.sends_partials_to >= 0, receives = context_.program->receives(pass(set.pass), at, set.batch);
  if ((sends && !granted_) || (receives && !control_out->can_push())) {
    activity_.enter(ActivityState::kStalledOutput, now());
    return false;
  }
  if (sends) {
    assert(granted_tag_ == firing_tag(at.sends_partials_to));
    granted_ = false;
    if (!grants_in->empty()) wake_at(now() + 1);
  }
  if (receives) {
    control_out->push(make_control_flit(MessageType::kGrant, firing_tag(tile_), at.receives_partials_from,
                                        MessageClasses{context_.sources}.control(), pass(set.pass).phase));
    control_free_ = now() + 1;
  }
  stage_ = Stage::kPartials;
  return true;
}

// Adds the sums that the next part's tile has sent for this token: one flit a cycle.
bool OutputArray::take_partial() {
  OutputSet& set = sets_[finished_.front()];
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
    const int bits = partial_bits();
    for (int i = 0; i < at.outputs; ++i)
      V[lane_index(i)] += sign_extend(get_bits(partial_payload_.bits(), uint64_t(i) * bits, bits), bits);
    partial_payload_.clear();
    charge_partials(uint64_t(at.outputs), true);
  }
  activity_.enter(ActivityState::kBusy, now());
  stage_ = Stage::kFire;
  fire_ready_ = 0;
  return true;
}

// Hands the sums on, or forms outputs.
bool OutputArray::form_outputs() {
  if (work(firing().pass).sends_partials_to >= 0) {
    begin_partials_out();
    return true;
  }
  fire_ready_ = fire();
  if (fire_ready_ <= now()) return true;
  wake_at(fire_ready_);
  return false;
}

int OutputArray::firing_outputs() const {
  const OutputSet& set = firing();
  return context_.program->outputs(pass(set.pass), work(set.pass), firing_row());
}

std::vector<int64_t> OutputArray::firing_sums() const {
  if (finished_.empty()) return {};
  const OutputSet& set = firing();
  std::vector<int64_t> sums(firing_outputs());
  for (size_t i = 0; i < sums.size(); ++i)
    sums[i] = set.V[size_t(token_) * padded_lanes_ + lane_index(static_cast<int>(i))];
  return sums;
}

void OutputArray::begin_partials_out() {
  const OutputSet& set = firing();
  const TileWork& at = work(set.pass);
  const std::vector<int64_t> sums = firing_sums();
  charge_partials(sums.size(), false);
  begin_message(MessageType::kPartials, at.sends_partials_to, MessageClasses{context_.sources}.partials(), sums,
                partial_bits());
}

void OutputArray::begin_outputs(const std::vector<int64_t>& values, int bits) {
  begin_message(MessageType::kOutputs, topology_.source_node(work(firing().pass).sink),
                MessageClasses{context_.sources}.outputs(), values, bits);
}

// A message about the token that fires: one value of `bits` bits (two's complement) per output.
void OutputArray::begin_message(MessageType type, int destination, int message_class,
                                const std::vector<int64_t>& values, int bits) {
  const OutputSet& set = firing();
  const uint64_t payload_bits = values.size() * uint64_t(bits);
  std::vector<uint64_t> payload((payload_bits + 127) / 64, 0);
  for (size_t i = 0; i < values.size(); ++i) put_bits(payload.data(), i * bits, bits, uint64_t(values[i]));
  Flit head;
  head.type = type;
  head.tag = firing_tag(tile_);
  head.phase = uint16_t(context_.program->passes[set.pass].phase);
  head.destination = uint32_t(destination);
  head.message_class = uint8_t(message_class);
  head.flow = uint8_t(tile_);
  head.ordered = type == MessageType::kPartials;  // outputs are put in place by their tag
  message_ = make_packets(head, payload, payload_bits, context_.flits, INT_MAX);
  message_sent_ = 0;
  stage_ = Stage::kSend;
}

bool OutputArray::send() {
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

void OutputArray::next_token() {
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
void OutputArray::send_releases() {
  if (releases_.empty() || fired_ < releases_.front().needs_fired || !control_out->can_push()) return;
  if (now() < control_free_) {
    wake_at(control_free_);
    return;
  }
  control_out->push(make_control_flit(MessageType::kRelease, uint64_t(tile_), topology_.source_node(release_source_),
                                      MessageClasses{context_.sources}.control(), releases_.front().phase));
  if (++release_source_ == context_.sources) {
    release_source_ = 0;
    releases_.pop_front();
  }
  wake_at(now() + 1);
}

std::string OutputArray::waits_for() const {
  if (stage_ == Stage::kChain) return "the grant of the tile that takes its partial sums";
  if (stage_ == Stage::kPartials) return "partial sums of another tile";
  if (stage_ == Stage::kSend) return "space for outputs";
  return "";
}

}  // namespace spikeloom
