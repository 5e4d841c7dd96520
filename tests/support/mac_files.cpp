#include "tests/support/mac_files.h"

#include <cmath>
#include <cstring>
#include <random>

#include "models/mac_reference.h"

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

namespace {

class MacDraw {
 public:
  explicit MacDraw(const MacShape& shape) : shape_(shape), engine_(shape.seed) {}

  TracePair pair() {
    pair_ = one_operation(shape_.inputs[0].groups.empty() ? "binary16" : "integer", 1, true, {}, shape_.tokens);
    for (TraceFile* file : {&pair_.weights, &pair_.activations})
      file->description["inputs"] = file->description["operations"] = nlohmann::json::array();
    for (size_t i = 0; i < shape_.inputs.size(); ++i) add_input("i" + std::to_string(i), shape_.inputs[i]);
    for (size_t o = 0; o < shape_.operations.size(); ++o) add_operation("o" + std::to_string(o), shape_.operations[o]);
    return std::move(pair_);
  }

 private:
  int64_t integer(int64_t least, int64_t most) { return least + int64_t(engine_() % uint64_t(most - least + 1)); }
  bool is_zero() { return engine_() % 1000 < 1000 * shape_.zeros; }
  // 2^-4 .. 16, either sign: a full fraction, exponents 11 to 19 of 31.
  int64_t half() { return integer(0, 1) << 15 | integer(11, 19) << 10 | integer(0, 1023); }
  int64_t scale() { return float_bits(std::ldexp(float(integer(1 << 23, (1 << 24) - 1)), int(integer(-30, -20)))); }

  void add_input(const std::string& name, const MacShape::Input& input) {
    const int64_t M = shape_.tokens, K = input.size, W = int64_t(input.groups.size());
    nlohmann::json groups = nlohmann::json::array();
    TraceTensor order{"I32", {K}, {}}, codes{"I8", {M, K}, {}}, values{"F16", {M, K}, {}};
    TraceTensor zeros{"U8", {M, W}, {}}, scales{"F32", {M, W}, {}};
    for (int64_t k = 0; k < K; ++k) order.values.push_back(K - 1 - k);
    for (const MacGroup& group : input.groups)
      groups.push_back(
          {{"size", group.size}, {"activation_bits", group.activation_bits}, {"weight_bits", group.weight_bits}});
    for (int64_t m = 0; m < M; ++m) {
      for (int64_t k = 0; input.groups.empty() && k < K; ++k) values.values.push_back(is_zero() ? 0 : half());
      for (const MacGroup& group : input.groups) {
        const int64_t most = (1 << (group.activation_bits - shape_.symmetric)) - 1;
        for (int k = 0; k < group.size; ++k)
          codes.values.push_back(is_zero() ? 0 : integer(shape_.symmetric ? -most : 0, most));
        zeros.values.push_back(integer(0, most));
        scales.values.push_back(scale());
      }
    }
    pair_.weights.description["inputs"].push_back({{"name", name}, {"size", K}, {"groups", groups}});
    const bool symmetric = input.groups.empty() || shape_.symmetric;
    pair_.activations.description["inputs"].push_back({{"name", name}, {"size", K}, {"symmetric", symmetric}});
    if (input.groups.empty()) {
      pair_.activations.tensors[name + ".values"] = values;
      return;
    }
    pair_.weights.tensors[name + ".order"] = order;
    pair_.activations.tensors[name + ".codes"] = codes;
    pair_.activations.tensors[name + ".scales"] = scales;
    if (!symmetric) pair_.activations.tensors[name + ".zero_points"] = zeros;
  }

  void add_operation(const std::string& name, const MacShape::Operation& operation) {
    const MacShape::Input& input = shape_.inputs[operation.input];
    const int64_t K = input.size, N = operation.outputs, M = shape_.tokens;
    TraceTensor weights{input.groups.empty() ? "F16" : "I8", {K, N}, {}};
    TraceTensor scales{"F32", {int64_t(input.groups.size()), N}, {}};
    for (int64_t i = 0; input.groups.empty() && i < K * N; ++i) weights.values.push_back(half());
    for (const MacGroup& group : input.groups) {
      const int64_t limit = int64_t{1} << (group.weight_bits - 1);
      for (int64_t i = 0; i < group.size * N; ++i) weights.values.push_back(integer(-limit, limit - 1));
      for (int64_t n = 0; n < N; ++n) scales.values.push_back(scale());
    }
    const std::string source = "i" + std::to_string(operation.input);
    pair_.weights.description["operations"].push_back({{"name", name}, {"input", source}, {"outputs", N}});
    pair_.activations.description["operations"].push_back({{"name", name}, {"input", source}});
    pair_.weights.tensors[name + ".weights"] = weights;
    if (!input.groups.empty()) pair_.weights.tensors[name + ".scales"] = scales;
    pair_.activations.tensors[name + ".expected"] = {"F32", {M, N}, std::vector<int64_t>(size_t(M * N), 0)};
  }

  const MacShape& shape_;
  std::mt19937 engine_;
  TracePair pair_;
};

}  // namespace

std::shared_ptr<const MacTrace> random_mac_trace(const MacShape& shape) {
  const TempFolder folder;
  auto trace = std::make_shared<MacTrace>(MacTrace::open(MacDraw(shape).pair().write(folder)));
  for (MacOperation& operation : trace->operations) operation.expected = run_mac_reference(*trace, operation);
  return trace;
}

}  // namespace spikeloom
