#include "hw/mapping/parts.h"

#include <algorithm>
#include <cassert>

namespace spikeloom {

namespace {

int rows_of(const InputTrace& input, int first, int count) {
  int rows = input.planes * count;
  for (int k = first; k < first + count; ++k) rows += input.is_wide(k);
  return rows;
}

// Cuts inputs first .. first+count-1 into the fewest equal windows whose rows fit half the weight SRAM.
void cut_windows(const InputTrace& input, int first, int count, int group, int half_rows,
                 std::vector<Window>* windows) {
  for (int pieces = 1; pieces <= count; ++pieces) {
    std::vector<Window> cut;
    bool fits = true;
    for (int i = 0; i < pieces; ++i) {
      const int begin = first + static_cast<int>(int64_t{count} * i / pieces);
      const int end = first + static_cast<int>(int64_t{count} * (i + 1) / pieces);
      fits = fits && rows_of(input, begin, end - begin) <= half_rows;
      cut.push_back({begin, end - begin, group});
    }
    if (!fits) continue;
    windows->insert(windows->end(), cut.begin(), cut.end());
    return;
  }
  assert(false);
}

Part make_part(const InputTrace& input, int first, int count, int half_rows) {
  std::vector<Window> windows;
  for (int k = first; k < first + count;) {
    const int group = input.group_of(k);
    const int end = std::min(first + count, input.group_end(group));
    cut_windows(input, k, end - k, group, half_rows, &windows);
    k = end;
  }
  Part part;
  for (const Window& next : windows) {
    const bool fits = !part.slices.empty() &&
                      rows_of(input, part.slices.back().first, part.slices.back().count + next.count) <= half_rows;
    if (!fits) {
      part.slices.emplace_back();
      part.slices.back().first = next.first;
      part.slices.back().planes = input.planes;
    }
    Slice& slice = part.slices.back();
    slice.count += next.count;
    slice.windows.push_back(next);
    for (int k = next.first; k < next.first + next.count; ++k)
      if (input.is_wide(k)) slice.wide.push_back(k);
  }
  return part;
}

}  // namespace

int most_rows_of_an_input(const InputTrace& input) { return input.planes + !input.wide.empty(); }

std::vector<Part> make_parts(const InputTrace& input, int split, int half_rows) {
  const int unit = input.group > 0 ? input.group : 1;  // parts begin where groups begin
  const int units = input.block_inputs() / unit;
  std::vector<Part> parts;
  for (int block = 0; block < input.blocks; ++block)
    for (int p = 0; p < split; ++p) {
      const int begin = units * p / split * unit, end = units * (p + 1) / split * unit;
      parts.push_back(make_part(input, block * input.block_inputs() + begin, end - begin, half_rows));
      parts.back().block = block;
    }
  return parts;
}

}  // namespace spikeloom
