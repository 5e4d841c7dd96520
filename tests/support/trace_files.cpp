#include "tests/support/trace_files.h"

#include <openssl/evp.h>

#include <cstdio>
#include <cstring>

namespace spikeloom {

namespace {

using nlohmann::json;

int width_of(const std::string& dtype) {
  return dtype == "I64" ? 8 : dtype == "I32" || dtype == "F32" ? 4 : dtype == "I16" || dtype == "F16" ? 2 : 1;
}

std::string little_endian(uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i) & 255);
  return bytes;
}

std::string sha256_of(const std::string& bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr);
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", digest[i]);
    text += hex;
  }
  return text;
}

json weights_description() {
  return {{"format", "spikeloom-weights"},
          {"version", 1},
          {"synthetic", true},
          {"model", "small"},
          {"model_source", "a test"},
          {"license", "none"},
          {"layer", 0},
          {"quantizer", "by hand"},
          {"assumptions", json::object()},
          {"inputs",
           {{{"name", "a"}, {"size", 4}, {"wide_inputs", 1}, {"group", 2}},
            {{"name", "b"}, {"size", 9}, {"wide_inputs", 0}, {"group", 0}}}},
          {"operations",
           {{{"name", "p"}, {"input", "a"}, {"outputs", 3}, {"has_h", true}},
            {{"name", "q"}, {"input", "b"}, {"outputs", 2}, {"has_h", false}}}}};
}

json input_description(const std::string& name, int size, bool digits, int most_E, int most_E7, int most_g) {
  return {{"name", name},
          {"size", size},
          {"salient_format", "floating"},
          {"digits", digits},
          {"has_g", digits},
          {"z", 0},
          {"u", 0.5},
          {"E_max", most_E},
          {"E7_max", most_E7},
          {"g_max", most_g},
          {"salient_rule", "none"},
          {"salient_k", 0},
          {"salient_share", 0.25}};
}

json activations_description() {
  return {{"format", "spikeloom-activations"},
          {"version", 1},
          {"synthetic", true},
          {"weights", {{"file", "small.weights.safetensors"}, {"sha256", ""}}},
          {"code", "signed"},
          {"tokens", 2},
          {"text", {{"source", "none"}, {"sha256", ""}, {"excerpt", ""}}},
          {"u_r", 1.0},
          {"output_bits", 8},
          {"inputs", {input_description("a", 4, true, 2, 3, 2), input_description("b", 9, false, 0, 0, 0)}},
          {"operations",
           {{{"name", "p"}, {"input", "a"}, {"F", 3}, {"gamma", 0}},
            {{"name", "q"}, {"input", "b"}, {"F", 8}, {"gamma", -1}}}},
          {"assumptions", {{"codes", "by hand"}}}};
}

}  // namespace

std::string TraceFile::bytes() const {
  json header;
  header["__metadata__"] = {{"spikeloom", description.dump()}};
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    const size_t begin = data.size();
    for (const int64_t value : tensor.values) data += little_endian(value, width_of(tensor.dtype));
    header[name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  if (edit_header) edit_header(header);
  const std::string text = header.dump();
  std::string all = little_endian(text.size(), 8) + text + data;
  if (edit_bytes) edit_bytes(all);
  return all;
}

std::string TracePair::write(const TempFolder& folder) const {
  const std::string weight_bytes = weights.bytes();
  folder.write("small.weights.safetensors", weight_bytes);
  TraceFile bound = activations;
  if (bind && bound.description.contains("weights") && bound.description["weights"].is_object())
    bound.description["weights"]["sha256"] = sha256_of(weight_bytes);
  return folder.write("small.signed.safetensors", bound.bytes());
}

int64_t float_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

std::vector<int64_t> float_bits(const std::vector<float>& values) {
  std::vector<int64_t> bits;
  for (const float value : values) bits.push_back(float_bits(value));
  return bits;
}

TraceTensor pack_weights(const std::vector<std::vector<int>>& nibbles) {
  const int64_t row_bytes = (nibbles[0].size() + 1) / 2;
  TraceTensor packed{"U8", {static_cast<int64_t>(nibbles.size()), row_bytes}, {}};
  for (std::vector<int> row : nibbles) {
    row.resize(2 * row_bytes, 0);
    for (int64_t i = 0; i < row_bytes; ++i) packed.values.push_back((row[2 * i] & 15) | (row[2 * i + 1] & 15) << 4);
  }
  return packed;
}

TracePair small_trace() {
  TracePair pair;
  pair.weights.description = weights_description();
  // Rows 0..3 of `a`, of which row 1 holds `lo`; row 4 holds `hi` of input 1: w[1] = {21, -16, -33}.
  pair.weights.tensors["p.weights"] = pack_weights({{1, -2, 3}, {5, 0, 15}, {-8, 7, 0}, {2, 2, -1}, {1, -1, -3}});
  pair.weights.tensors["a.wide"] = {"I32", {1}, {1}};
  pair.weights.tensors["p.h"] = {"U8", {2, 3}, {0, 1, 2, 3, 0, 1}};
  pair.weights.tensors["q.weights"] = pack_weights(std::vector<std::vector<int>>(9, {7, -8}));

  auto& tensors = pair.activations.tensors;
  pair.activations.description = activations_description();
  tensors["a.codes"] = {"U8", {2, 4}, {11, 21, 27, 0, 0, 71, 7, 9}};  // -3, 84, -112, 0; 8, -7, 7, -1
  tensors["a.salient_mask"] = {"U8", {2, 1}, {0b0100, 0b0011}};
  tensors["a.e"] = {"I8", {2}, {0, -1}};
  tensors["a.E"] = {"U8", {2}, {1, 0}};
  tensors["a.E7"] = {"U8", {2}, {2, 0}};
  tensors["a.g"] = {"U8", {2, 2}, {0, 1, 2, 0}};
  tensors["b.codes"] = {"U8", {2, 9}, {7, 7, 7, 7, 7, 7, 7, 7, 7, 1, 2, 3, 4, 5, 6, 7, 9, 13}};  // ..., 80 at the end
  tensors["b.salient_mask"] = {"U8", {2, 2}, {0, 0, 0, 1}};
  tensors["b.e"] = {"I8", {2}, {0, 0}};
  tensors["b.E"] = {"U8", {2}, {0, 0}};
  tensors["p.theta"] = {"I64", {3}, {1024, 1500, 2048}};
  tensors["p.v0"] = {"I64", {3}, {0, 0, 0}};
  tensors["p.expected"] = {"I16", {2, 3}, {126, -23, -43, -8, 4, 16}};
  tensors["q.theta"] = {"I64", {2}, {1024, 1030}};
  tensors["q.v0"] = {"I64", {2}, {0, 0}};
  tensors["q.expected"] = {"I16", {2, 2}, {110, -125, 127, -128}};
  return pair;
}

}  // namespace spikeloom
