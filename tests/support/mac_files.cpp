#include "tests/support/mac_files.h"

#include <cstring>

namespace spikeloom {

namespace {

// The descriptions of one input `a` and one operation `p`.
TracePair one_operation(const char* arithmetic, int size, bool symmetric, const nlohmann::json& groups, int tokens) {
  TracePair pair = small_trace();
  pair.weights.tensors.clear();
  pair.activations.tensors.clear();
  auto& weights = pair.weights.description;
  weights["format"] = "spikeloom-mac-weights";
  weights["arithmetic"] = arithmetic;
  weights["inputs"] = {{{"name", "a"}, {"size", size}, {"groups", groups}}};
  weights["operations"] = {{{"name", "p"}, {"input", "a"}, {"outputs", 2}}};
  auto& activations = pair.activations.description;
  for (const char* key : {"code", "u_r", "output_bits"}) activations.erase(key);
  activations["format"] = "spikeloom-mac-activations";
  activations["tokens"] = tokens;
  activations["inputs"] = {{{"name", "a"}, {"size", size}, {"symmetric", symmetric}}};
  activations["operations"] = {{{"name", "p"}, {"input", "a"}}};
  return pair;
}

}  // namespace

TracePair small_mac_trace() {
  const nlohmann::json groups = {{{"size", 2}, {"activation_bits", 4}, {"weight_bits", 4}},
                                 {{"size", 2}, {"activation_bits", 3}, {"weight_bits", 3}}};
  TracePair pair = one_operation("integer", 4, false, groups, 2);
  pair.weights.tensors["a.order"] = {"I32", {4}, {2, 0, 3, 1}};
  pair.weights.tensors["p.weights"] = {"I8", {4, 2}, {7, -8, -1, 2, 3, -4, 1, 0}};
  pair.weights.tensors["p.scales"] = {"F32", {2, 2}, float_bits({0.5f, 0.25f, 2, 1})};
  auto& tensors = pair.activations.tensors;
  tensors["a.codes"] = {"I8", {2, 4}, {15, 3, 7, 0, 0, 8, 1, 4}};
  tensors["a.zero_points"] = {"U8", {2, 2}, {5, 2, 0, 7}};
  tensors["a.scales"] = {"F32", {2, 2}, float_bits({0.5f, 0.25f, 1, 2})};
  tensors["p.expected"] = {"F32", {2, 2}, float_bits({24.5f, -15.5f, -88, 52})};
  return pair;
}

TracePair small_binary16_trace() {
  TracePair pair = one_operation("binary16", 4, true, nlohmann::json::array(), 1);
  // 4096, 1, 1, -4096 times the same, and times (1, 1/2, 2^-24, 0)
  pair.weights.tensors["p.weights"] = {"F16", {4, 2}, {0x6c00, 0x3c00, 0x3c00, 0x3800, 0x3c00, 0x0001, 0x6c00, 0}};
  pair.activations.tensors["a.values"] = {"F16", {1, 4}, {0x6c00, 0x3c00, 0x3c00, 0xec00}};
  pair.activations.tensors["p.expected"] = {"F32", {1, 2}, float_bits({0, 4096.5f})};
  return pair;
}

}  // namespace spikeloom
