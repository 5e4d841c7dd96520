#include "hw/code_array/code_array.h"

#include <algorithm>
#include <cassert>

namespace spikeloom {

CodeArray::CodeArray(const sc_core::sc_module_name& name, Clock& clock, const SynapseArraySpec& sram,
                     const MixedPrecisionBufferSpec& buffer, const LayerContext& context, int tile,
                     EnergyLedger& ledger)
    : WeightArray(name, clock, sram, context, tile, ledger),
      codes_in("codes_in", context.sources),
      buffer_(this->name(), buffer, ledger),
      collector_(context, -1, tile_windows(*context.program, tile)) {}

void CodeArray::issue() {
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
void CodeArray::take_codes() {
  if (!collected_.empty()) return;
  if (collector_.take(codes_in)) wake_at(now() + 1);
  if (!collector_.filling() || !collector_.complete()) return;
  collected_.push_back(collector_.finish());
  collected_from_ = now() + 1;
  buffer_.write(now(), collected_.back().codes);
}

bool CodeArray::start_window() {
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
  first_input_ = context_.window(codes_.tag).first;
  format_ = CodeFormat::of_window(*input_, first_input_);
  NeuronCommand start;
  start.kind = NeuronCommand::Kind::kWindowStart;
  start.shifts = WindowShifts::unpack(codes_.tokens, codes_.head.bits.data());
  start.group = window().group;
  start.begins_group = begins_group();
  neurons_out->push(start);
  window_started_ = true;
  rows_.clear();
  next_row_ = 0;
  list_rows();
  buffer_.read(now(), std::max<Cycle>(rows_.size(), 1), codes_.codes);
  return true;
}

bool CodeArray::hand_on(NeuronCommand::Kind kind) {
  while (!products_out_.empty()) {
    if (!neurons_out->can_push()) return false;
    NeuronCommand command;
    command.kind = kind;
    const size_t count = std::min<size_t>(products_out_.size(), NeuronCommand::kMostRows);
    std::copy(products_out_.begin(), products_out_.begin() + count, command.rows.begin());
    command.count = uint8_t(count);
    products_out_.erase(products_out_.begin(), products_out_.begin() + count);
    neurons_out->push(command, issued_after());
  }
  return true;
}

void CodeArray::next_window() {
  window_started_ = false;
  if (++window_ < size_t(item().windows)) return;
  window_ = 0;
  end_item();
}

bool CodeArray::begins_group() const {
  const std::vector<Slice>& slices = context_.program->part(pass(), work().part).slices;
  if (window_ > 0) return slice().windows[window_ - 1].group != window().group;
  return item().first_slice || slices[item().slice - 1].windows.back().group != window().group;
}

bool CodeArray::ends_group() const {
  const std::vector<Slice>& slices = context_.program->part(pass(), work().part).slices;
  if (window_ + 1 < slice().windows.size()) return slice().windows[window_ + 1].group != window().group;
  return item().last_slice || slices[item().slice + 1].windows.front().group != window().group;
}

}  // namespace spikeloom
