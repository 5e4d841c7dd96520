#include "hw/dequantizer/dequantizer.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>

#include "hw/dequantizer/float_sums.h"
#include "models/mac_layer.h"
#include "sim/base/binary16.h"

namespace spikeloom {

namespace {

constexpr int kRealBits = 32;

int nibble(const uint8_t* row, int n) { return row[n / 2] >> (n % 2 * 4) & 15; }

}  // namespace

Dequantizer::Dequantizer(const sc_core::sc_module_name& name, Clock& clock, const DequantizerSpec& spec, int lanes,
                         int sum_bits, bool merges, const LayerContext& context, const Topology& topology, int tile,
                         LayerResult* result, EnergyLedger& ledger)
    : OutputArray(name, clock, lanes, context, topology, tile),
      spec_(spec),
      lanes_(lanes),
      sum_bits_(sum_bits),
      merges_(merges),
      result_(result),
      accumulator_read_(ledger.counter(this->name(), EnergyEvent::kAccumulatorReadBit)),
      accumulator_write_(ledger.counter(this->name(), EnergyEvent::kAccumulatorWriteBit)),
      accumulator_add_(ledger.counter(this->name(), EnergyEvent::kAccumulatorAddBit)),
      product_shift_(ledger.counter(this->name(), EnergyEvent::kProductShiftBit)),
      multiply_(ledger.counter(this->name(), EnergyEvent::kMultiplyBit)),
      convert_(ledger.counter(this->name(), EnergyEvent::kConvertBit)),
      scale_multiply_(ledger.counter(this->name(), EnergyEvent::kDequantizeMultiply)),
      add_(ledger.counter(this->name(), EnergyEvent::kDequantizeAdd)),
      scale_read_(ledger.counter(this->name(), EnergyEvent::kScaleReadBit)),
      scale_write_(ledger.counter(this->name(), EnergyEvent::kScaleWriteBit)),
      bank_(context.program->batch, half_) {
  for (auto& set : y_) set.resize(size_t(context.program->batch) * lanes, 0);
}

// For every output and group a scale, then a column sum where there are zero points.
void Dequantizer::load_parameters(int pass, const uint64_t* bits) {
  const InputTrace& input = this->input(pass);
  std::vector<int64_t>& sums = column_sums_[pass_set_[pass]];
  sums.clear();
  uint64_t at = 0;
  for (int i = 0; i < work(pass).outputs; ++i)
    for (int group = 0; group < input.groups(); ++group) {
      const int width = column_sum_bits(input, group);
      at += kScaleBits;
      sums.push_back(width > 0 ? sign_extend(get_bits(bits, at, width), width) : 0);
      at += width;
    }
  scale_write_.add(now(), at, uint32_t(context_.program->passes[pass].phase));
}

// Nothing is cleared: the first sum of a group, and the first y, are written.
void Dequantizer::start_batch() {
  OutputSet& set = integrating();
  std::fill(set.V.begin(), set.V.end(), 0);
  std::fill_n(y(set, 0), size_t(set.tokens) * lanes_, 0.0f);
  set.ready = 0;
  bank_.close_all();
}

void Dequantizer::take_command(const NeuronCommand& command) {
  switch (command.kind) {
    case NeuronCommand::Kind::kWindowStart:
      group_ = command.group;
      if (command.begins_group && has_row_scales(input(pass_)) && work(pass_).fires())
        scale_write_.add(now(), uint64_t(integrating().tokens) * row_scale_bits(input(pass_), group_));
      break;
    case NeuronCommand::Kind::kProducts:
      bank_.add_products(command);
      break;
    case NeuronCommand::Kind::kRealProducts:
      add_products(command);
      break;
    case NeuronCommand::Kind::kMark:
      end_group();
      break;
    default:
      assert(false);
  }
}

void Dequantizer::read_weights(const WeightedRow* rows, int count) {
  const OperationTrace& from = operation(pass_);
  weights_.resize(lanes_in_use_);
  weights_row_ = rows[0].data;
  for (int i = 0; i < lanes_in_use_; ++i) {
    if (count == 4) {
      int bits = 0;
      for (int plane = 0; plane < 4; ++plane) bits |= nibble(rows[plane].data, i) << 4 * plane;
      weights_[i] = from_binary16(uint16_t(bits));
      continue;
    }
    const int w =
        count == 2 ? 16 * nibble_weight(rows[1].data, i) + nibble(rows[0].data, i) : nibble_weight(rows[0].data, i);
    weights_[i] = dequantized_operand(w, from.mac->scale(group_, work(pass_).first_output + i));
  }
}

void Dequantizer::add_products(const NeuronCommand& command) {
  const OutputSet& set = integrating();
  for (int at = 0; at < command.count;) {
    const WeightedRow* rows = &command.rows[at];
    const int count = rows[0].unsigned_weights ? 2 : input(pass_).planes;
    if (at == 0 || rows[0].data != weights_row_) read_weights(rows, count);
    spikeloom::add_products(from_binary16(rows[0].half), weights_, y(set, rows[0].slot));
    at += count;
  }
}

// Of several groups the sums are dequantized now, of one when the batch fires.
void Dequantizer::end_group() {
  OutputSet& set = integrating();
  Cycle cycles = 0;
  for (int slot = 0; slot < set.tokens; ++slot) cycles += merge(&set, slot);
  if (input(pass_).groups() == 1) return;
  for (int slot = 0; slot < set.tokens; ++slot) {
    dequantize(set, slot, group_, lanes_in_use_);
    std::fill_n(set.V.begin() + size_t(slot) * padded_lanes_, padded_lanes_, 0);
    cycles += dequantizing_cycles(lanes_in_use_);
  }
  set.ready = now() + cycles + spec_.latency_cycles;
}

Cycle Dequantizer::merge(OutputSet* set, int slot) {
  const CodeFormat format = CodeFormat::of(input(pass_));
  Cycle exponents = 0;
  for (uint32_t left = bank_.active(slot); left; left &= left - 1, ++exponents) {
    const int index = __builtin_ctz(left);
    add_slopes(&set->V[size_t(slot) * padded_lanes_], bank_.lanes(slot, index), padded_lanes_,
               format.shift(index, 0, 0), nullptr);
  }
  bank_.close(slot);
  if (!merges_ || exponents < 2) return 0;
  const uint64_t bits = uint64_t(lanes_in_use_) * sum_bits_;
  accumulator_read_.add(now(), exponents * bits);
  product_shift_.add(now(), exponents * bits);
  accumulator_add_.add(now(), (exponents - 1) * bits);
  accumulator_write_.add(now(), bits);
  return exponents;
}

void Dequantizer::dequantize(const OutputSet& set, int slot, int group, int outputs) {
  const InputTrace& from = input(set.pass);
  const MacOperation& to = *operation(set.pass).mac;
  const std::vector<int64_t>& column_sums = column_sums_[pass_set_[set.pass]];
  const int m = set.batch * context_.program->batch + slot, first = work(set.pass).first_output;
  const int64_t z = from.mac->zero_point(m, group);
  for (int i = 0; i < outputs; ++i) {
    const int64_t acc =
        set.V[size_t(slot) * padded_lanes_ + lane_index(i)] - z * column_sums[size_t(i) * from.groups() + group];
    largest_membrane_ = std::max<int64_t>(largest_membrane_, std::abs(acc));
    float& sum = y(set, slot)[i];
    sum = add_dequantized(sum, acc, from.mac->scale(m, group), to.scale(group, first + i));
  }
  charge_dequantizing(from, group, uint64_t(outputs));
}

// Of several groups y is kept; it is written for the first, read and added to for the others. The row's scale and zero
// point are read once for all lanes.
void Dequantizer::charge_dequantizing(const InputTrace& input, int group, uint64_t outputs) {
  const int column_bits = column_sum_bits(input, group);
  accumulator_read_.add(now(), outputs * sum_bits_);
  scale_read_.add(now(), outputs * (kScaleBits + column_bits) +
                             ceil_div(outputs, uint64_t(spec_.lanes)) * row_scale_bits(input, group));
  if (column_bits > 0) {
    multiply_.add(now(), outputs * column_bits * input.mac->groups[group].activation_bits);
    accumulator_add_.add(now(), outputs * sum_bits_);
  }
  convert_.add(now(), outputs * sum_bits_);
  scale_multiply_.add(now(), 2 * outputs);
  if (input.groups() == 1) return;
  accumulator_write_.add(now(), outputs * kRealBits);
  if (group == 0) return;
  accumulator_read_.add(now(), outputs * kRealBits);
  add_.add(now(), outputs);
}

Cycle Dequantizer::dequantizing_cycles(int outputs) const {
  return Cycle(ceil_div(uint64_t(outputs), uint64_t(spec_.lanes)));
}

void Dequantizer::charge_partials(uint64_t outputs, bool added) {
  const uint64_t bits = outputs * sum_bits_;
  accumulator_read_.add(now(), bits);
  if (!added) return;
  accumulator_add_.add(now(), bits);
  accumulator_write_.add(now(), bits);
}

Cycle Dequantizer::fire() {
  const OutputSet& set = firing();
  const InputTrace& from = input(set.pass);
  const int outputs = firing_outputs();
  Cycle ready = now() + 1;
  if (from.in_order) {
    accumulator_read_.add(now(), uint64_t(outputs) * kRealBits);
  } else {
    dequantize(set, token_, 0, outputs);
    ready = now() + dequantizing_cycles(outputs) + spec_.latency_cycles;
  }
  const TileWork& at = work(set.pass);
  std::vector<int64_t> halves(outputs);
  for (int i = 0; i < outputs; ++i) {
    const float sum = y(set, token_)[i];
    result_->sums[at.operation][size_t(firing_row()) * operation(set.pass).outputs + at.first_output + i] = sum;
    halves[i] = to_binary16(sum);
  }
  begin_outputs(halves, operation(set.pass).output_bits);
  return ready;
}

}  // namespace spikeloom
