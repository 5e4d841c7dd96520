#include "sim/base/vector_unit_trace.h"

#include <algorithm>

#include "sim/base/description.h"

namespace spikeloom {

namespace {

constexpr int64_t kMostElements = int64_t{1} << 50;

VectorKind kind_named(const std::string& name) {
  const auto& names = vector_kind_names();
  return static_cast<VectorKind>(std::find(names.begin(), names.end(), name) - names.begin());
}

std::vector<std::string> kinds_in_traces() {
  std::vector<std::string> names = vector_kind_names();
  names.erase(names.begin() + int(VectorKind::kSettled));
  return names;
}

}  // namespace

const std::vector<std::string>& vector_kind_names() {
  static const std::vector<std::string> names = {
      "rms_norm",   "encode",      "quantize",     "rotary",    "softmax",        "gated_silu", "residual_add",
      "layer_norm", "scale_round", "spike_scores", "spike_mix", "integrate_fire", "settled",    "forward"};
  return names;
}

std::vector<VectorWork> read_vector_unit(const Description& top) {
  std::vector<VectorWork> all;
  if (!top.has("vector_unit")) return all;
  const std::vector<std::string> in_traces = kinds_in_traces();
  for (const Description& entry : top.list("vector_unit", 0)) {
    entry.keys({"name", "kind", "elements", "vectors"});
    VectorWork work;
    work.name = new_name(entry, "entry", all);
    work.kind = kind_named(in_traces[entry.choice("kind", in_traces)]);
    work.elements = entry.count("elements", 0, kMostElements);
    work.vectors = entry.count("vectors", 0, kMostElements);
    all.push_back(std::move(work));
  }
  return all;
}

}  // namespace spikeloom
