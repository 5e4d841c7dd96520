// Small traces written from C++, with one thing at a time to be broken; and a good one whose results are known by hand.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

namespace spikeloom {

struct TraceTensor {
  std::string dtype;
  std::vector<int64_t> shape;
  std::vector<int64_t> values;  // row-major; written in the width of dtype
};

struct TraceFile {
  nlohmann::json description;
  std::map<std::string, TraceTensor> tensors;
  std::function<void(nlohmann::json&)> edit_header;  // the last word on the JSON header
  std::function<void(std::string&)> edit_bytes;      // and on the whole file

  std::string bytes() const;
};

struct TracePair {
  TraceFile weights, activations;
  bool bind = true;  // put the hash of the weights file into the activations file

  // Writes both files and returns the path of the activations file.
  std::string write(const TempFolder& folder) const;
  static std::string weights_path(const TempFolder& folder) { return folder.file("small.weights.safetensors"); }
};

// Two tokens, B = 8, signed codes. Operation `p` (3 outputs) reads `a` (4 inputs, windows of 2, a wide one with digits,
// g and h); `q` (2 outputs) reads `b` (9 inputs). Values and results: small_trace_test.cpp.
TracePair small_trace();

// The bits of a binary32, as TraceTensor takes them.
int64_t float_bits(float value);
std::vector<int64_t> float_bits(const std::vector<float>& values);

// Bytes 2i and 2i+1 of each row become one: low and high nibble of row [.., N].
TraceTensor pack_weights(const std::vector<std::vector<int>>& nibbles);

}  // namespace spikeloom
