#include "hw/mixed_precision_buffer/code_collector.h"

#include <algorithm>
#include <cassert>

namespace spikeloom {

CodeCollector::CodeCollector(const LayerContext& context, int source, std::vector<WindowTag> windows)
    : context_(context), source_(source), windows_(std::move(windows)), fills_(source < 0 ? context.sources : 1) {
  expect_window();
}

// In a tile, only the sources that have inputs of the next window may fill: another one's window may come first.
void CodeCollector::expect_window() {
  if (next_window_ == windows_.size()) return;
  const WindowTag& next = windows_[next_window_++];
  for (size_t input = 0; input < fills_.size(); ++input)
    fills_[input].done = !context_.share(next).serves(static_cast<int>(input), next.part);
}

bool CodeCollector::take(sc_core::sc_vector<FifoIn<Flit>>& codes_in) {
  for (size_t i = 0; i < fills_.size(); ++i) {
    const size_t input = (next_input_ + i) % fills_.size();
    Fill& part = fills_[input];
    if (part.done || !codes_in[input]->can_pop()) continue;
    const Flit flit = codes_in[input]->front();
    codes_in[input]->pop();
    if (!filling_) window_ = CollectedWindow();
    filling_ = true;
    if (flit.head && part.payload.empty()) {
      window_.head = flit;
      window_.tag = WindowTag::unpack(flit.tag);
      window_.tokens = context_.rows(window_.tag);
    }
    part.payload.add(flit, context_.flits.link_bits);
    // The end of a message: a tail after which no packet of this window follows (the tag says so).
    part.done = flit.tail && flit.type == MessageType::kCodes && flit.last_packet;
    next_input_ = (input + 1) % fills_.size();
    return true;
  }
  return false;
}

bool CodeCollector::complete() const {
  return std::all_of(fills_.begin(), fills_.end(), [](const Fill& part) { return part.done; });
}

PackedCodes CodeCollector::codes_of(size_t input) const {
  const InputRange range = context_.range(window_.tag, source_ < 0 ? static_cast<int>(input) : source_);
  return PackedCodes::unpack(context_.input(window_.tag), context_.side_format(window_.tag), range.first, range.count,
                             window_.tokens, fills_[input].payload.bits());
}

CollectedWindow CodeCollector::finish() {
  std::vector<PackedCodes> parts;
  PackedCodes& codes = window_.codes;
  for (size_t input = 0; input < fills_.size(); ++input) {
    parts.push_back(codes_of(input));
    codes.count += parts.back().count;
    codes.list_bits += parts.back().list_bits;
    codes.side_value_bits += parts.back().side_value_bits;
    fills_[input] = Fill();
  }
  assert(source_ >= 0 || codes.count == context_.window(window_.tag).count);
  codes.side_format = context_.side_format(window_.tag);
  codes.code_bits = context_.input(window_.tag).main_code_bits();
  codes.tokens = window_.tokens;
  for (int m = 0; m < window_.tokens; ++m)
    for (const PackedCodes& part : parts) {
      const size_t at = size_t(m) * part.count;
      codes.code.insert(codes.code.end(), part.code.begin() + at, part.code.begin() + at + part.count);
      codes.salient.insert(codes.salient.end(), part.salient.begin() + at, part.salient.begin() + at + part.count);
    }
  filling_ = false;
  expect_window();
  return std::move(window_);
}

}  // namespace spikeloom
