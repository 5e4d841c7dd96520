#include "tests/support/rate_files.h"

#include <random>

namespace spikeloom {

namespace {

using nlohmann::json;
using Matrix = std::vector<std::vector<int>>;

json description(const std::string& format, const std::string& quantizer, int bits) {
  json common = {{"format", format},        {"version", 1},
                 {"synthetic", true},       {"assumptions", json::object()},
                 {"inputs", json::array()}, {"operations", json::array()}};
  if (bits > 0)
    common.update({{"model", "small"},
                   {"model_source", "a test"},
                   {"license", "none"},
                   {"layer", 0},
                   {"quantizer", quantizer},
                   {"bits", bits}});
  return common;
}

TracePair empty_pair(const std::string& quantizer, int bits, int tokens, int steps) {
  TracePair pair;
  pair.weights.description = description("spikeloom-rate-weights", quantizer, bits);
  pair.activations.description = description("spikeloom-rate-activations", "", 0);
  pair.activations.description.update({{"weights", {{"file", "small.weights.safetensors"}, {"sha256", ""}}},
                                       {"tokens", tokens},
                                       {"steps", steps},
                                       {"text", {{"source", "none"}, {"sha256", ""}, {"excerpt", ""}}}});
  return pair;
}

// Fields of `bits` bits, row by row, each row from a byte of its own on.
TraceTensor bit_rows(const std::vector<int64_t>& shape, const Matrix& rows, int bits) {
  TraceTensor tensor{"U8", shape, {}};
  for (const std::vector<int>& row : rows) {
    std::vector<int64_t> bytes((row.size() * bits + 7) / 8, 0);
    for (size_t i = 0; i < row.size() * bits; ++i) bytes[i / 8] |= int64_t(row[i / bits] >> (i % bits) & 1) << (i % 8);
    tensor.values.insert(tensor.values.end(), bytes.begin(), bytes.end());
  }
  return tensor;
}

int bytes_of(size_t bits) { return static_cast<int>((bits + 7) / 8); }

class Builder {
 public:
  explicit Builder(const RateShape& shape)
      : shape_(shape),
        bits_(shape.kind == WeightKind::kFourBits  ? 4
              : shape.kind == WeightKind::kTernary ? 2
                                                   : 1),
        pair_(empty_pair(bits_ == 4   ? "int4"
                         : bits_ == 2 ? "ternary"
                                      : "binary",
                         bits_, shape.tokens, shape.steps)),
        random_(shape.seed) {}

  Matrix random_spikes(int size) {
    Matrix rows(size_t(shape_.tokens) * shape_.steps, std::vector<int>(size));
    for (auto& row : rows)
      for (int& spike : row) spike = random_() % 4 == 0;
    return rows;
  }
  void add_input(const std::string& name, const Matrix& spikes) {
    const int size = static_cast<int>(spikes[0].size());
    for (TraceFile* file : {&pair_.weights, &pair_.activations})
      file->description["inputs"].push_back({{"name", name}, {"size", size}});
    pair_.activations.tensors[name + ".spikes"] = bit_rows({shape_.tokens, shape_.steps, bytes_of(size)}, spikes, 1);
  }
  // Returns its spikes, or none.
  Matrix add_operation(const std::string& name, const std::string& input, const Matrix& spikes, int outputs,
                       bool fires) {
    const int K = static_cast<int>(spikes[0].size());
    Matrix weights(K, std::vector<int>(outputs));
    for (auto& row : weights)
      for (int& w : row) w = random_weight();
    Matrix fields = weights;
    for (auto& row : fields)
      for (int& w : row) w = bits_ == 1 ? w > 0 : w & ((1 << bits_) - 1);
    pair_.weights.description["operations"].push_back({{"name", name}, {"input", input}, {"outputs", outputs}});
    pair_.weights.tensors[name + ".weights"] = bit_rows({K, bytes_of(size_t(outputs) * bits_)}, fields, bits_);
    const int F = fires ? 8 : 0;
    pair_.activations.description["operations"].push_back(
        {{"name", name}, {"input", input}, {"F", F}, {"fires", fires}});
    return fires ? fire(name, spikes, weights, outputs, F) : sum(name, spikes, weights, outputs);
  }
  void add_work(const std::string& name, const std::string& kind, int elements, int vectors) {
    pair_.activations.description["vector_unit"].push_back(
        {{"name", name}, {"kind", kind}, {"elements", elements}, {"vectors", vectors}});
  }
  TracePair finish() { return pair_; }

 private:
  int random_weight() {
    if (bits_ == 1) return random_() % 2 ? 1 : -1;
    return bits_ == 2 ? int(random_() % 3) - 1 : int(random_() % 16) - 8;
  }
  int64_t dot(const std::vector<int>& spikes, const Matrix& weights, int n) const {
    int64_t sum = 0;
    for (size_t k = 0; k < spikes.size(); ++k) sum += spikes[k] * weights[k][n];
    return sum;
  }
  Matrix fire(const std::string& name, const Matrix& spikes, const Matrix& weights, int outputs, int F) {
    std::vector<int64_t> theta, bias;
    for (int n = 0; n < outputs; ++n) {
      theta.push_back(1024 + random_() % 900);
      bias.push_back(int(random_() % 500) - 100);
    }
    Matrix fired(spikes.size(), std::vector<int>(outputs, 0));
    for (int n = 0; n < outputs; ++n) {
      int64_t V = 0;
      for (size_t row = 0; row < spikes.size(); ++row) {
        if (row % shape_.steps == 0) V = 0;
        V += (dot(spikes[row], weights, n) << F) + bias[n];
        fired[row][n] = V >= theta[n];
        V -= fired[row][n] * theta[n];
      }
    }
    pair_.activations.tensors[name + ".theta"] = {"I64", {outputs}, theta};
    pair_.activations.tensors[name + ".bias"] = {"I64", {outputs}, bias};
    pair_.activations.tensors[name + ".expected"] =
        bit_rows({shape_.tokens, shape_.steps, bytes_of(outputs)}, fired, 1);
    return fired;
  }
  Matrix sum(const std::string& name, const Matrix& spikes, const Matrix& weights, int outputs) {
    TraceTensor expected{"I32", {shape_.tokens, shape_.steps, outputs}, {}};
    std::vector<int64_t> sums(outputs);
    for (size_t row = 0; row < spikes.size(); ++row)
      for (int n = 0; n < outputs; ++n) {
        if (row % shape_.steps == 0) sums[n] = 0;
        expected.values.push_back(sums[n] += dot(spikes[row], weights, n));
      }
    pair_.activations.tensors[name + ".expected"] = expected;
    return {};
  }

  RateShape shape_;
  int bits_;
  TracePair pair_;
  std::mt19937 random_;
};

}  // namespace

TracePair small_rate_trace() {
  TracePair pair = empty_pair("ternary", 2, 2, 3);
  for (TraceFile* file : {&pair.weights, &pair.activations})
    file->description["inputs"] = {{{"name", "a"}, {"size", 3}}};
  pair.weights.description["operations"] = {{{"name", "p"}, {"input", "a"}, {"outputs", 2}},
                                            {{"name", "q"}, {"input", "a"}, {"outputs", 1}}};
  pair.weights.tensors["p.weights"] = bit_rows({3, 1}, {{1, -1}, {1, 0}, {-1, 1}}, 2);
  pair.weights.tensors["q.weights"] = bit_rows({3, 1}, {{1}, {1}, {1}}, 2);
  pair.activations.description["operations"] = {{{"name", "p"}, {"input", "a"}, {"F", 10}, {"fires", true}},
                                                {{"name", "q"}, {"input", "a"}, {"F", 0}, {"fires", false}}};
  pair.activations.tensors["a.spikes"] =
      bit_rows({2, 3, 1}, {{1, 1, 0}, {1, 0, 0}, {1, 0, 1}, {0, 0, 1}, {0, 0, 1}, {0, 1, 1}}, 1);
  pair.activations.tensors["p.theta"] = {"I64", {2}, {1500, 1024}};
  pair.activations.tensors["p.bias"] = {"I64", {2}, {100, -24}};
  pair.activations.tensors["p.expected"] = bit_rows({2, 3, 1}, {{1, 0}, {1, 0}, {0, 0}, {0, 0}, {0, 1}, {0, 1}}, 1);
  pair.activations.tensors["q.expected"] = {"I32", {2, 3, 1}, {2, 3, 5, 1, 2, 4}};
  return pair;
}

TracePair random_rate_trace(const RateShape& shape) {
  Builder builder(shape);
  const Matrix a = builder.random_spikes(40), c = builder.random_spikes(24);
  builder.add_input("a", a);
  builder.add_operation("p", "a", a, 10, true);
  builder.add_operation("q", "a", a, 7, false);
  const Matrix b = builder.add_operation("b", "a", a, 9, true);
  builder.add_input("b", b);
  builder.add_input("c", c);
  builder.add_operation("r", "b", b, 6, false);
  builder.add_operation("s", "c", c, 5, true);
  builder.add_work("norm", "layer_norm", 6 * shape.tokens, shape.tokens);
  builder.add_work("c", "integrate_fire", 24 * shape.tokens, shape.tokens);
  TracePair pair = builder.finish();
  pair.activations.description["watched"] = {{"name", "c"}, {"size", 24}};
  return pair;
}

}  // namespace spikeloom
