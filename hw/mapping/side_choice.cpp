#include "hw/mapping/side_choice.h"

#include <cstdio>

#include "hw/mixed_precision_buffer/mixed_precision_buffer.h"

namespace spikeloom {

const std::vector<std::string>& side_policy_names() {
  static const std::vector<std::string> names = {"mask", "index_list", "auto"};
  return names;
}

SideEstimate estimate_side(const Program& program, const Phase& phase, const InputTrace& input) {
  SideEstimate sum;
  const SourceShare share{static_cast<int>(phase.parts.size()), program.sources};
  for (int row = 0; row < phase.rows; ++row)
    for (int p = 0; p < share.parts; ++p)
      for (int w = 0; w < phase.parts[p].window_count(); ++w) {
        const Window window = program.seen_window(phase, phase.parts[p], phase.parts[p].window(w), row);
        for (int source = 0; source < program.sources; ++source) {
          const InputRange range = source_range(window, p, source, share);
          const IndexList list = IndexList::of(input, range.first, range.count);
          sum.mask += range.count;
          sum.list += list.count_bits + input.salient_share * list.most * list.index_bits;
        }
      }
  return {sum.mask / phase.rows, sum.list / phase.rows};
}

void choose_side_formats(const LayerTrace& layer, SidePolicy policy, Program* program) {
  for (Phase& phase : program->phases) {
    if (phase.is_vector()) continue;
    if (layer.inputs[phase.input].mac || layer.inputs[phase.input].recorded()) {
      phase.side_format = SideFormat::kNone;
      continue;
    }
    const SideEstimate bits = estimate_side(*program, phase, layer.inputs[phase.input]);
    const bool list = policy == SidePolicy::kIndexList || (policy == SidePolicy::kAuto && bits.list < bits.mask);
    phase.side_format = list ? SideFormat::kIndexList : SideFormat::kMask;
    phase.choice.side = std::string("salient values by ") + (list ? "index list" : "mask") +
                        (policy == SidePolicy::kAuto ? " (auto)" : " (as configured)");
    char text[100];
    std::snprintf(text, sizeof text, "a row's mask takes %.1f bits, its lists about %.1f", bits.mask, bits.list);
    phase.choice.side_bits = text;
  }
}

}  // namespace spikeloom
