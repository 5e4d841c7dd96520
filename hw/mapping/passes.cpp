#include "hw/mapping/passes.h"

#include <algorithm>

namespace spikeloom {

std::vector<TileWork> lane_groups(const LayerTrace& layer, int operation, int lanes) {
  const int blocks = layer.inputs[layer.operations[operation].input].blocks;
  const int outputs = layer.operations[operation].outputs / blocks;  // of a block
  const int count = static_cast<int>(ceil_div(outputs, lanes));
  const int size = static_cast<int>(ceil_div(ceil_div(outputs, count), 2) * 2);
  std::vector<TileWork> groups;
  for (int block = 0; block < blocks; ++block)
    for (int first = 0; first < outputs; first += size) {
      TileWork work;
      work.operation = operation;
      work.block = block;
      work.first_output = block * outputs + first;
      work.first_of_block = first;
      work.outputs = std::min(size, outputs - first);
      groups.push_back(work);
    }
  return groups;
}

std::vector<Pass> make_passes(const std::vector<TileWork>& groups, const InputTrace& input, int split,
                              const std::vector<int>& order) {
  const size_t chains = order.size() / split;
  std::vector<Pass> passes;
  for (size_t next = 0; next < groups.size(); ++next) {
    const size_t chain = next % chains;
    if (chain == 0) {
      passes.emplace_back();
      passes.back().tiles.resize(order.size());
      passes.back().destinations.resize(size_t(input.blocks) * split);
    }
    for (int p = 0; p < split; ++p) {
      const int* at = &order[chain * split + p];
      TileWork work = groups[next];
      work.part = work.block * split + p;
      work.sends_partials_to = p == 0 ? -1 : at[-1];
      work.receives_partials_from = p + 1 < split ? at[1] : -1;
      passes.back().tiles[*at] = work;
      passes.back().destinations[work.part].tiles.push_back(*at);
    }
  }
  return passes;
}

}  // namespace spikeloom
