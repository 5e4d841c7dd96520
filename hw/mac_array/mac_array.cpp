#include "hw/mac_array/mac_array.h"

#include <algorithm>
#include <cassert>

#include "sim/base/bits.h"

namespace spikeloom {

namespace {

constexpr int kWeightBits = 4;

}  // namespace

MacArray::MacArray(const sc_core::sc_module_name& name, Clock& clock, const MacArraySpec& spec,
                   const SynapseArraySpec& sram, const NeuronArraySpec& neurons, const MixedPrecisionBufferSpec& buffer,
                   const LayerContext& context, int tile, EnergyLedger& ledger)
    : WeightArray(name, clock, sram, context, tile, ledger),
      codes_in("codes_in", context.sources),
      mac_(spec),
      neurons_(neurons),
      buffer_(this->name(), buffer, ledger),
      multiply_(ledger.counter(this->name(), EnergyEvent::kMultiplyBit)),
      serial_and_(ledger.counter(this->name(), EnergyEvent::kSerialAndBit)),
      tree_add_(ledger.counter(this->name(), EnergyEvent::kTreeAddBit)),
      accumulator_add_(ledger.counter(this->name(), EnergyEvent::kAccumulatorAddBit)),
      product_shift_(ledger.counter(this->name(), EnergyEvent::kProductShiftBit)),
      accumulator_read_(ledger.counter(this->name(), EnergyEvent::kAccumulatorReadBit)),
      accumulator_write_(ledger.counter(this->name(), EnergyEvent::kAccumulatorWriteBit)),
      collector_(context, -1, tile_windows(*context.program, tile)),
      groups_(context.program->batch),
      active_(context.program->batch, 0) {}

void MacArray::issue() {
  take_codes();
  if (now() < issue_free_) return;
  for (;;) {
    if (item_ == items_.size()) return stall(ActivityState::kIdle);
    if (!item_started_ && !start_item()) return;
    if (!window_started_ && !start_window()) return;
    if (next_row_ < rows_.size() && !issue_group()) return;
    if (next_row_ == rows_.size() && !end_window()) return;
    if (now() < issue_free_) {
      wake_at(issue_free_);
      return;
    }
  }
}

// One flit a cycle; the buffer has room for one window beside the one that is multiplied.
void MacArray::take_codes() {
  if (!collected_.empty()) return;
  if (collector_.take(codes_in)) wake_at(now() + 1);
  if (!collector_.filling() || !collector_.complete()) return;
  collected_.push_back(collector_.finish());
  collected_from_ = now() + 1;
  buffer_.write(now(), collected_.back().codes);
}

bool MacArray::start_window() {
  if (collected_.empty() || now() < collected_from_) {
    stall(ActivityState::kStalledInput);
    return false;
  }
  if (!neurons_out->can_push()) return false;
  codes_ = std::move(collected_.front());
  collected_.pop_front();
  wake_at(now() + 1);
  assert(codes_.tag.pass == item().pass && codes_.tag.batch == item().batch);
  input_ = &context_.input(codes_.tag);
  format_ = CodeFormat::of(*input_);
  first_input_ = context_.window(codes_.tag).first;
  shifts_ = WindowShifts::unpack(codes_.tokens, codes_.head.bits.data());
  NeuronCommand start;
  start.kind = NeuronCommand::Kind::kWindowStart;
  start.shifts = shifts_;
  start.group = slice().windows[window_].group;
  neurons_out->push(start);
  std::fill(active_.begin(), active_.end(), 0u);
  window_started_ = true;
  list_rows();
  buffer_.read(now(), std::max<Cycle>(rows_.size(), 1), codes_.codes);
  return true;
}

// The inputs' rows, then the `hi` rows of the wide ones.
void MacArray::list_rows() {
  const Slice& here = slice();
  rows_.clear();
  next_row_ = 0;
  for (int i = 0; i < codes_.codes.count; ++i) rows_.push_back({i, here.row(first_input_ + i), false});
  for (int i = 0; i < codes_.codes.count; ++i)
    if (std::binary_search(here.wide.begin(), here.wide.end(), first_input_ + i))
      rows_.push_back({i, here.wide_row(first_input_ + i), true});
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
  if (!hand_on()) return false;
  activity_.enter(ActivityState::kBusy, now());
  const int width = std::min<int>(mac_.tree_width, static_cast<int>(rows_.size() - next_row_));
  for (int slot = 0; slot < codes_.tokens; ++slot) {
    groups_[slot].start();
    for (int i = 0; i < width; ++i) add_row(i, rows_[next_row_ + i], slot);
  }
  const int magnitude_bits = ceil_log2(format_.largest_magnitude() + 1);
  const int trees = spec_.lanes / mac_.tree_width;
  Cycle at = now();
  for (int first = 0; first < batch_outputs_; first += trees) {
    const int outputs = std::min(trees, batch_outputs_ - first);
    const Cycle begin = at;
    for (int slot = 0; slot < codes_.tokens; ++slot) {
      groups_[slot].list_cycles(mac_, magnitude_bits, &cycles_);
      uint32_t met = active_[slot];
      for (const ProductCycle& cycle : cycles_) {
        charge_cycle(at++, cycle, width, outputs, !(met & 1u << cycle.slope));
        if (cycle.working || mac_.zero_gating == ZeroGating::kNone) met |= 1u << cycle.slope;
      }
      rows_issued_ += !cycles_.empty() && (groups_[slot].slopes() || mac_.zero_gating == ZeroGating::kNone);
    }
    if (at > begin) charge_read(begin, width, outputs);
  }
  for (int slot = 0; slot < codes_.tokens; ++slot) active_[slot] |= groups_[slot].slopes();
  products_ += products_out_.size() * batch_outputs_;
  next_row_ += width;
  issue_free_ = at;
  return true;
}

// A row of the SRAM, unless none of the codes that it meets needs it.
void MacArray::charge_read(Cycle at, int rows, int outputs) {
  const bool needed = mac_.zero_gating == ZeroGating::kNone ||
                      std::any_of(groups_.begin(), groups_.begin() + codes_.tokens,
                                  [](const ProductGroup& group) { return group.slopes() != 0; });
  if (!needed) return;
  weights_.read_row(at);
  row_latch_.add(at, uint64_t(rows) * outputs * kWeightBits);
  if (format_.row_shifts) shift_read_.add(at, uint64_t(rows) * kRowShiftBits);
}

int MacArray::accumulator_bits() const {
  return mac_.accumulators == Accumulators::kShared ? neurons_.membrane_bits : mac_.accumulator_bits;
}

// `first`: of the exponent, in this window: an accumulator of its own is written, not added to.
void MacArray::charge_cycle(Cycle at, const ProductCycle& cycle, int width, int outputs, bool first) {
  const bool all = mac_.zero_gating == ZeroGating::kNone;
  const uint64_t working = all ? (width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1) : cycle.working;
  if (working == 0) return;
  const uint64_t products = uint64_t(__builtin_popcountll(working)) * outputs;
  const bool serial = mac_.multiplier == Multiplier::kBitSerial;
  const int code_bits = ceil_log2(format_.largest_magnitude() + 1) + (format_.code == ActivationCode::kSigned);
  if (serial)
    serial_and_.add(at, products * kWeightBits);
  else
    multiply_.add(at, products * kWeightBits * code_bits);
  const int product_bits = serial ? kWeightBits : kWeightBits + code_bits;
  tree_add_.add(at, tree_adder_bits(width, product_bits, working) * outputs);
  const uint64_t bits = uint64_t(outputs) * accumulator_bits();
  const bool shared = mac_.accumulators == Accumulators::kShared;
  if (shared || serial) product_shift_.add(at, bits);
  accumulator_write_.add(at, bits);
  if (!shared && first) return;
  accumulator_add_.add(at, bits);
  accumulator_read_.add(at, bits);
}

bool MacArray::hand_on() {
  while (!products_out_.empty()) {
    if (!neurons_out->can_push()) return false;
    NeuronCommand command;
    command.kind = NeuronCommand::Kind::kProducts;
    const size_t count = std::min<size_t>(products_out_.size(), NeuronCommand::kMostRows);
    std::copy(products_out_.begin(), products_out_.begin() + count, command.rows.begin());
    command.count = uint8_t(count);
    products_out_.erase(products_out_.begin(), products_out_.begin() + count);
    neurons_out->push(command, issued_after());
  }
  return true;
}

bool MacArray::end_window() {
  const bool merges = mac_.accumulators == Accumulators::kPerExponent;
  if (now() < issue_free_) {
    wake_at(issue_free_);
    if (merges) return false;  // after the last product
  }
  if (!hand_on() || !neurons_out->can_push(2)) return false;
  NeuronCommand mark;
  mark.kind = NeuronCommand::Kind::kMark;
  mark.charged = merges;
  neurons_out->push(mark, issued_after());
  Cycle exponents = 0;
  for (const uint32_t slopes : active_) exponents += __builtin_popcount(slopes);
  if (merges && exponents > 0) {
    activity_.enter(ActivityState::kBusy, now());
    issue_free_ = now() + exponents;
  }
  window_started_ = false;
  if (++window_ < size_t(item().windows)) return true;
  window_ = 0;
  end_item();
  return true;
}

}  // namespace spikeloom
