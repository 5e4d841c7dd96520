#include "hw/neuron_array/neuron_array.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>

#include "hw/neuron_array/lane_kernels.h"

namespace spikeloom {

NeuronArray::NeuronArray(const sc_core::sc_module_name& name, Clock& clock, const NeuronArraySpec& spec,
                         const LayerContext& context, const Topology& topology, int tile, EnergyLedger& ledger)
    : OutputArray(name, clock, spec.lanes, context, topology, tile),
      spec_(spec),
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
      bank_(context.program->batch, half_) {
  if (spec.state_bytes == 0) return;
  states_read_ = &ledger.sram_counter(this->name(), EnergyEvent::kNeuronStateRead, spec.state_memory());
  states_write_ = &ledger.sram_counter(this->name(), EnergyEvent::kNeuronStateWrite, spec.state_memory());
}

void NeuronArray::load_parameters(int pass, const uint64_t* bits) {
  const TileWork& at = work(pass);
  Parameters& set = parameters_[pass_set_[pass]];
  const InputTrace& input = context_.layer->inputs[context_.program->passes[pass].input];
  const int groups = context_.layer->operations[at.operation].h ? input.groups() : 0;
  set.theta.assign(padded_lanes_, 1);
  set.v0.assign(padded_lanes_, 0);
  set.h.assign(size_t(groups) * padded_lanes_, 0);
  uint64_t position = 0;
  const auto take = [&](int width) {
    const uint64_t value = get_bits(bits, position, width);
    position += width;
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
}

void NeuronArray::take_command(const NeuronCommand& command) {
  switch (command.kind) {
    case NeuronCommand::Kind::kWindowStart:
      shifts_ = command.shifts;
      group_ = command.group;
      bank_.close_all();
      break;
    case NeuronCommand::Kind::kRows:
      add_rows(command);
      break;
    case NeuronCommand::Kind::kProducts:
      bank_.add_products(command);
      break;
    case NeuronCommand::Kind::kMark:
      mark(command);
      break;
    default:
      assert(false);
  }
}

void NeuronArray::start_batch() {
  OutputSet& set = integrating();
  const Parameters& parameters = parameters_[pass_set_[pass_]];
  const uint64_t bits = uint64_t(lanes_in_use_) * spec_.membrane_bits * set.tokens;
  if (context_.layer->operations[work(pass_).operation].neuron != Neuron::kCode) {
    std::fill(set.V.begin(), set.V.end(), 0);
    membrane_write_.add(now(), bits);
    return;
  }
  assert(!parameters.v0.empty());
  for (int slot = 0; slot < set.tokens; ++slot)
    std::copy(parameters.v0.begin(), parameters.v0.end(), set.V.begin() + size_t(slot) * padded_lanes_);
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
    if (bank_.is_open(row))
      slope_read_.add(first + i, bits);
    else
      bank_.open(row);
  }
  bank_.add(command);
}

void NeuronArray::mark(const NeuronCommand& command) {
  const CodeFormat format = CodeFormat::of(context_.layer->inputs[pass(pass_).input]);
  const Parameters& parameters = parameters_[pass_set_[pass_]];
  const uint8_t* h = parameters.h.empty() ? nullptr : &parameters.h[size_t(group_) * padded_lanes_];
  OutputSet& set = integrating();
  Cycle updates = 0;
  for (int slot = 0; slot < set.tokens; ++slot) {
    for (uint32_t left = bank_.active(slot); left; left &= left - 1) {
      const int index = __builtin_ctz(left);
      const int shift = format.shift(index, shifts_.E[slot], shifts_.E7[slot]) + shifts_.g[slot] +
                        context_.code->step_shift(command.step);
      add_slopes(&set.V[size_t(slot) * padded_lanes_], bank_.lanes(slot, index), padded_lanes_, shift, h);
      ++updates;
    }
    if (!context_.code->keeps_slopes()) bank_.close(slot);
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

void NeuronArray::charge_partials(uint64_t outputs, bool added) {
  const uint64_t bits = outputs * spec_.membrane_bits;
  membrane_read_.add(now(), bits);
  if (!added) return;
  membrane_add_.add(now(), bits);
  membrane_write_.add(now(), bits);
}

// Forms R and compares and subtracts.
Cycle NeuronArray::fire() {
  const OutputSet& set = firing();
  const TileWork& at = work(set.pass);
  const OperationTrace& operation = context_.layer->operations[at.operation];
  if (operation.neuron != Neuron::kCode) return fire_step(operation);
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
  begin_outputs(codes, B);
  return now() + 1 + most_steps;
}

std::array<int, 3> NeuronArray::state_place(const OperationTrace& operation) const {
  const int steps = context_.layer->inputs[operation.input].steps;
  return {operation.state, firing_row() / steps, work(firing().pass).first_output};
}

Cycle NeuronArray::begin_states(const OperationTrace& operation) {
  state_.assign(padded_lanes_, 0);
  if (!operation.restores_state) return 0;
  state_ = states_.at(state_place(operation));
  states_read_->add_span(now(), spec_.state_words(), 1);
  return spec_.state_words();
}

Cycle NeuronArray::keep_states(const OperationTrace& operation) {
  const int steps = context_.layer->inputs[operation.input].steps;
  if (!operation.keeps_state || (firing_row() + 1) % steps != 0) return 0;
  states_[state_place(operation)] = state_;
  states_write_->add_span(now(), spec_.state_words(), 1);
  return spec_.state_words();
}

// The step's sum, shifted to the threshold's grid, and the bias; then one comparison. State is 0 before a token's first
// step.
Cycle NeuronArray::fire_step(const OperationTrace& operation) {
  const OutputSet& set = firing();
  const bool fires = operation.neuron == Neuron::kIntegrateAndFire;
  const Parameters& parameters = parameters_[pass_set_[set.pass]];
  const bool first = firing_row() % context_.layer->inputs[operation.input].steps == 0;
  const Cycle reading = first ? begin_states(operation) : 0;
  std::vector<int64_t> outputs(firing_outputs());
  uint64_t spikes = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const int lane = lane_index(static_cast<int>(i));
    const int64_t sum = set.V[size_t(token_) * padded_lanes_ + lane];
    largest_membrane_ = std::max<int64_t>(largest_membrane_, std::abs(sum));
    state_[lane] += fires ? sum * (int64_t{1} << operation.F) + parameters.v0[lane] : sum;
    const bool spike = fires && state_[lane] >= parameters.theta[lane];
    if (spike) state_[lane] -= parameters.theta[lane];
    spikes += spike;
    outputs[i] = fires ? spike : state_[lane];
  }
  const uint64_t lanes = outputs.size();
  membrane_read_.add(now(), lanes * spec_.membrane_bits * (fires ? 2 : 1));  // the sum, and the bias
  residue_add_.add(now(), lanes * spec_.residue_bits * (fires ? 2 : 1));
  const Cycle writing = keep_states(operation);
  if (!first) residue_read_.add(now(), lanes * spec_.residue_bits);
  residue_write_.add(now(), (lanes + spikes) * spec_.residue_bits);
  if (fires) {
    compare_.add(now() + 1, lanes * spec_.residue_bits);
    residue_read_.add(now() + 1, lanes * spec_.residue_bits);
    threshold_read_.add(now() + 1, lanes * spec_.threshold_bits);
  }
  begin_outputs(outputs, operation.output_bits);
  return now() + (fires ? 2 : 1) + reading + writing;
}

}  // namespace spikeloom
