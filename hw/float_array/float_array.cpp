#include "hw/float_array/float_array.h"

#include <algorithm>

#include "models/mac_layer.h"
#include "sim/base/binary16.h"
#include "sim/base/bits.h"

namespace spikeloom {

namespace {

constexpr int kWeightBits = 4;  // of a row
constexpr int kSumBits = 32;

bool is_zero(uint16_t half) { return (half & 0x7fff) == 0; }

}  // namespace

FloatArray::FloatArray(const sc_core::sc_module_name& name, Clock& clock, const MacArraySpec& spec,
                       const SynapseArraySpec& sram, const MixedPrecisionBufferSpec& buffer,
                       const LayerContext& context, int tile, EnergyLedger& ledger)
    : CodeArray(name, clock, sram, buffer, context, tile, ledger),
      zero_gating_(spec.zero_gating),
      multiply_(ledger.counter(this->name(), EnergyEvent::kHalfMultiply)),
      accumulate_(ledger.counter(this->name(), EnergyEvent::kFloatAccumulate)),
      accumulator_read_(ledger.counter(this->name(), EnergyEvent::kAccumulatorReadBit)),
      accumulator_write_(ledger.counter(this->name(), EnergyEvent::kAccumulatorWriteBit)),
      convert_(ledger.counter(this->name(), EnergyEvent::kConvertBit)),
      scale_multiply_(ledger.counter(this->name(), EnergyEvent::kDequantizeMultiply)),
      scale_read_(ledger.counter(this->name(), EnergyEvent::kScaleReadBit)),
      summing_(context.program->batch, false) {}

void FloatArray::list_rows() {
  if (item().first_slice && codes_.tag.window == 0) std::fill(summing_.begin(), summing_.end(), false);
  for (int i = 0; i < codes_.codes.count; ++i) rows_.push_back({i, slice().row(first_input_ + i), false});
  if (!has_row_scales(*input_)) return;
  const int count = codes_.codes.count * codes_.tokens, bits = input_->code_bits(first_input_);
  convert_.add(now(), uint64_t(count) * bits);
  scale_multiply_.add(now(), uint64_t(count));
  scale_read_.add(now(), uint64_t(count) * row_scale_bits(*input_, window().group));
}

uint16_t FloatArray::operand(const Row& row, int slot) const {
  const uint16_t code = codes_.codes.code[size_t(slot) * codes_.codes.count + row.input];
  if (!has_row_scales(*input_)) return code;
  const SpikeValues values = format_.decode(code, false, input_->two_digits(first_input_ + row.input));
  const int m = codes_.tag.batch * context_.program->batch + slot, group = window().group;
  int a = -input_->mac->zero_point(m, group);
  for (int i = 0; i < values.count; ++i) {
    const SpikeValue& value = values.value[i];
    a += (value.negative ? -value.magnitude : value.magnitude) * (1 << format_.shift(value.slope, 0, 0));
  }
  return to_binary16(float(a) * input_->mac->scale(m, group));
}

void FloatArray::push_products(const Row& row, int slot, uint16_t half) {
  WeightedRow product{weights_.row(this->half(), row.row), uint8_t(slot), 0, false, false};
  product.half = half;
  const int k = first_input_ + row.input;
  product.unsigned_weights = input_->is_wide(k);
  for (int plane = 0; plane < input_->planes; ++plane) {
    product.data = weights_.row(this->half(), row.row + plane);
    products_out_.push_back(product);
  }
  if (!input_->is_wide(k)) return;
  product.unsigned_weights = false;
  product.data = weights_.row(this->half(), slice().wide_row(k));
  products_out_.push_back(product);
}

bool FloatArray::issue_group() {
  if (!hand_on(NeuronCommand::Kind::kRealProducts)) return false;
  const Row& row = rows_[next_row_++];
  const int k = first_input_ + row.input;
  Cycle products = 0;
  bool needed = false;
  for (int slot = 0; slot < codes_.tokens; ++slot) {
    const uint16_t half = operand(row, slot);
    const bool works = !is_zero(half) || zero_gating_ == ZeroGating::kNone;
    if (works) {
      charge_products(now() + products, slot);
      push_products(row, slot, half);
      needed = true;
      ++rows_issued_;
    }
    if (!is_zero(half)) products_ += uint64_t(batch_outputs_);
    products += works || zero_gating_ != ZeroGating::kSkip;
  }
  if (products == 0) return true;
  activity_.enter(ActivityState::kBusy, now());
  if (needed) charge_row(k);
  issue_free_ = now() + std::max(products, needed ? read_rows(k) : 0);
  return true;
}

Cycle FloatArray::read_rows(int k) {
  const int rows = weight_rows(k), banks = spec_.half_banks();
  Cycle cycles = ceil_div(uint64_t(rows), uint64_t(banks));
  for (int i = 0; i < rows; ++i) {
    weights_.read_row(now());
    if (!spec_.shares_banks()) continue;
    Cycle turn = 0;  // after those before it that lie in its bank
    for (int j = 0; j < i; ++j) turn += (weight_row(k, i) - weight_row(k, j)) % banks == 0;
    keep_port(now() + turn, weight_row(k, i));
    cycles = std::max(cycles, turn + 1);
  }
  return cycles;
}

// What all rows of an input cost beside their reads, and of integers their operands.
void FloatArray::charge_row(int k) {
  const uint64_t outputs = uint64_t(batch_outputs_), bits = outputs * kWeightBits * weight_rows(k);
  row_latch_.add(now(), bits);
  if (!has_row_scales(*input_)) return;
  convert_.add(now(), bits);
  scale_multiply_.add(now(), outputs);
  scale_read_.add(now(), outputs * kScaleBits);
}

// A sum's first product is written, not added.
void FloatArray::charge_products(Cycle at, int slot) {
  const uint64_t outputs = uint64_t(batch_outputs_);
  multiply_.add(at, outputs);
  accumulator_write_.add(at, outputs * kSumBits);
  if (summing_[slot]) {
    accumulate_.add(at, outputs);
    accumulator_read_.add(at, outputs * kSumBits);
  }
  summing_[slot] = true;
}

bool FloatArray::end_window() {
  if (!hand_on(NeuronCommand::Kind::kRealProducts) || !neurons_out->can_push()) return false;
  next_window();
  return true;
}

}  // namespace spikeloom
