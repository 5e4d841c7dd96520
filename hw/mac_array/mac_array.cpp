#include "hw/mac_array/mac_array.h"

#include <algorithm>
#include <cassert>

#include "sim/base/bits.h"

namespace spikeloom {

namespace {

// Bits that a multiplier has for a weight: -1, 0 and 1 take a gate, and a sign.
constexpr int factor_bits(WeightPacking packing) { return packing == WeightPacking::kFourBits ? 4 : 1; }

}  // namespace

MacArray::MacArray(const sc_core::sc_module_name& name, Clock& clock, const MacArraySpec& spec,
                   const SynapseArraySpec& sram, int shared_bits, int dequantizer_lanes,
                   const MixedPrecisionBufferSpec& buffer, const LayerContext& context, int tile, EnergyLedger& ledger)
    : CodeArray(name, clock, sram, buffer, context, tile, ledger),
      mac_(spec),
      accumulator_bits_(spec.accumulators == Accumulators::kShared ? shared_bits : spec.accumulator_bits),
      dequantizer_lanes_(dequantizer_lanes),
      multiply_(ledger.counter(this->name(), EnergyEvent::kMultiplyBit)),
      serial_and_(ledger.counter(this->name(), EnergyEvent::kSerialAndBit)),
      tree_add_(ledger.counter(this->name(), EnergyEvent::kTreeAddBit)),
      accumulator_add_(ledger.counter(this->name(), EnergyEvent::kAccumulatorAddBit)),
      product_shift_(ledger.counter(this->name(), EnergyEvent::kProductShiftBit)),
      accumulator_read_(ledger.counter(this->name(), EnergyEvent::kAccumulatorReadBit)),
      accumulator_write_(ledger.counter(this->name(), EnergyEvent::kAccumulatorWriteBit)),
      groups_(context.program->batch),
      cycles_(context.program->batch),
      active_(context.program->batch, 0) {}

// Inputs that are not wide, then the `lo` and the `hi` rows of the wide ones: their digits take further cycles, which
// groups without them are spared.
void MacArray::list_rows() {
  const Slice& here = slice();
  if (!input_->mac || begins_group()) std::fill(active_.begin(), active_.end(), 0u);
  std::vector<Row> low, high;
  for (int i = 0; i < codes_.codes.count; ++i) {
    const int k = first_input_ + i;
    const bool wide = std::binary_search(here.wide.begin(), here.wide.end(), k);
    (wide ? low : rows_).push_back({i, here.row(k), false});
    if (wide) high.push_back({i, here.wide_row(k), true});
  }
  rows_.insert(rows_.end(), low.begin(), low.end());
  rows_.insert(rows_.end(), high.begin(), high.end());
}

// The codes of a row go to the multiplier at `place`.
void MacArray::add_row(int place, const Row& row, int slot) {
  const size_t at = size_t(slot) * codes_.codes.count + row.input;
  const int k = first_input_ + row.input;
  const bool wide = input_->is_wide(k);
  const SpikeValues values = format_.decode(codes_.codes.code[at], codes_.codes.salient[at], input_->two_digits(k));
  for (int i = 0; i < values.count; ++i) {
    const SpikeValue& value = values.value[i];
    const int exponent = format_.row_shifts ? mix_slope(value.slope, row_shift(row.row)) : value.slope;
    const int slope = exponent + (row.high ? kSlopeBases : 0);
    groups_[slot].add(place, slope, value.magnitude);
    products_out_.push_back({weights_.row(half(), row.row), uint8_t(slot), uint8_t(slope), value.negative,
                             wide && !row.high, uint8_t(value.magnitude)});
  }
}

bool MacArray::issue_group() {
  if (!hand_on(NeuronCommand::Kind::kProducts)) return false;
  activity_.enter(ActivityState::kBusy, now());
  const int width = std::min<int>(mac_.tree_width, static_cast<int>(rows_.size() - next_row_));
  const int magnitude_bits = ceil_log2(format_.largest_magnitude() + 1);
  for (int slot = 0; slot < codes_.tokens; ++slot) {
    groups_[slot].start();
    for (int i = 0; i < width; ++i) add_row(i, rows_[next_row_ + i], slot);
    groups_[slot].list_cycles(mac_, magnitude_bits, &cycles_[slot]);
  }
  const int trees = spec_.lanes / mac_.tree_width;
  int turn = 0;
  Cycle at = now();
  for (int first = 0; first < batch_outputs_; first += trees) {
    const int outputs = std::min(trees, batch_outputs_ - first);
    const Cycle begin = at;
    for (int slot = 0; slot < codes_.tokens; ++slot) {
      uint32_t met = active_[slot];
      for (const ProductCycle& cycle : cycles_[slot]) {
        charge_cycle(at++, cycle, width, outputs, !(met & 1u << cycle.slope));
        if (cycle.working || mac_.zero_gating == ZeroGating::kNone) met |= 1u << cycle.slope;
      }
      rows_issued_ += !cycles_[slot].empty() && (groups_[slot].slopes() || mac_.zero_gating == ZeroGating::kNone);
    }
    // The words of a group of rows lie where its rows do, one after another.
    const Row& place = rows_[next_row_ + turn++ % width];
    if (at > begin) charge_read(begin, place.row, width, outputs);
  }
  for (int slot = 0; slot < codes_.tokens; ++slot) active_[slot] |= groups_[slot].slopes();
  products_ += products_out_.size() * batch_outputs_;
  next_row_ += width;
  issue_free_ = at;
  return true;
}

// A row of the SRAM, unless none of the codes that it meets needs it: of `rows` inputs.
void MacArray::charge_read(Cycle at, int row, int rows, int outputs) {
  const bool needed = mac_.zero_gating == ZeroGating::kNone ||
                      std::any_of(groups_.begin(), groups_.begin() + codes_.tokens,
                                  [](const ProductGroup& group) { return group.slopes() != 0; });
  if (!needed) return;
  read_row(at, row);
  row_latch_.add(at, uint64_t(rows) * outputs * latched_bits(spec_.packing));
  if (format_.row_shifts) shift_read_.add(at, uint64_t(rows) * kRowShiftBits);
}

// `first`: of the exponent, in this window: an accumulator of its own is written, not added to.
void MacArray::charge_cycle(Cycle at, const ProductCycle& cycle, int width, int outputs, bool first) {
  const bool all = mac_.zero_gating == ZeroGating::kNone;
  const uint64_t working = all ? (width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1) : cycle.working;
  if (working == 0) return;
  const uint64_t products = uint64_t(__builtin_popcountll(working)) * outputs;
  const int weight_bits = factor_bits(spec_.packing);
  const bool serial = mac_.multiplier == Multiplier::kBitSerial;
  const int code_bits = ceil_log2(format_.largest_magnitude() + 1) + (format_.code == ActivationCode::kSigned);
  if (serial)
    serial_and_.add(at, products * weight_bits);
  else
    multiply_.add(at, products * weight_bits * code_bits);
  const int product_bits = serial ? weight_bits : weight_bits + code_bits;
  tree_add_.add(at, tree_adder_bits(width, product_bits, working) * outputs);
  const uint64_t bits = uint64_t(outputs) * accumulator_bits_;
  const bool shared = mac_.accumulators == Accumulators::kShared;
  if (shared || serial) product_shift_.add(at, bits);
  accumulator_write_.add(at, bits);
  if (!shared && first) return;
  accumulator_add_.add(at, bits);
  accumulator_read_.add(at, bits);
}

// With accumulators per exponent: cycles that add up those of the tokens, one for each.
Cycle MacArray::merging_cycles() const {
  Cycle cycles = 0;
  for (const uint32_t slopes : active_) {
    const int exponents = __builtin_popcount(slopes);
    if (exponents > 1 || !input_->mac) cycles += exponents;  // a sum alone is what is dequantized
  }
  return mac_.accumulators == Accumulators::kPerExponent ? cycles : 0;
}

bool MacArray::end_window() {
  const bool merges = mac_.accumulators == Accumulators::kPerExponent;
  if (input_->mac && !ends_group()) {
    if (!hand_on(NeuronCommand::Kind::kProducts) || !neurons_out->can_push()) return false;
    next_window();
    return true;
  }
  if (now() < issue_free_) {
    wake_at(issue_free_);
    if (merges || input_->mac) return false;  // after the last product
  }
  if (!hand_on(NeuronCommand::Kind::kProducts) || !neurons_out->can_push(2)) return false;
  if (input_->groups() > 1 && input_->mac && !begin_dequantizing()) return false;
  NeuronCommand mark;
  mark.kind = NeuronCommand::Kind::kMark;
  mark.charged = merges;
  neurons_out->push(mark, issued_after());
  if (const Cycle merging = merging_cycles(); merging > 0) {
    activity_.enter(ActivityState::kBusy, now());
    issue_free_ = now() + merging;
  }
  next_window();
  return true;
}

// There are two sets of sums: one is dequantized while the next group's is multiplied.
bool MacArray::begin_dequantizing() {
  if (now() < dequantized_) {
    stall(ActivityState::kStalledOutput);
    wake_at(dequantized_);
    return false;
  }
  dequantized_ = now() + merging_cycles() + Cycle(codes_.tokens) * ceil_div(batch_outputs_, dequantizer_lanes_);
  return true;
}

}  // namespace spikeloom
