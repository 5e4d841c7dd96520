#include "sim/base/vector_unit_trace.h"

#include "sim/base/description.h"

namespace spikeloom {

namespace {

constexpr int64_t kMostElements = int64_t{1} << 50;

}  // namespace

const std::vector<std::string>& vector_kind_names() {
  static const std::vector<std::string> names = {
      "rms_norm",   "encode",      "quantize",     "rotary",    "softmax",        "gated_silu", "residual_add",
      "layer_norm", "scale_round", "spike_scores", "spike_mix", "integrate_fire", "forward"};
  return names;
}

std::vector<VectorWork> read_vector_unit(const Description& top) {
  std::vector<VectorWork> all;
  if (!top.has("vector_unit")) return all;
  for (const Description& entry : top.list("vector_unit", 0)) {
    entry.keys({"name", "kind", "elements", "vectors"});
    VectorWork work;
    work.name = new_name(entry, "entry", all);
    work.kind = static_cast<VectorKind>(entry.choice("kind", vector_kind_names()));
    work.elements = entry.count("elements", 0, kMostElements);
    work.vectors = entry.count("vectors", 0, kMostElements);
    all.push_back(std::move(work));
  }
  return all;
}

}  // namespace spikeloom
