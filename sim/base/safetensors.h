// A memory-mapped safetensors file: 8 bytes of header length, a JSON header, raw little-endian data.
// Every offset, shape and length is checked before any data is touched.
#pragma once

#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/base/error.h"

namespace spikeloom {

struct Tensor {
  std::string dtype;           // safetensors name: "U8", "I8", "I16", "I32", "I64", "F16", "F32"
  std::vector<int64_t> shape;  // outermost first
  const uint8_t* data = nullptr;
  uint64_t bytes = 0;
};

class SafetensorsFile {
 public:
  // Maps the file and checks its header. Throws UserError naming the file and the tensor.
  explicit SafetensorsFile(const std::string& file);
  // Whether a file begins with the length of a header and the header's brace.
  static bool begins_like_one(const std::string& file);

  const std::string& file() const { return file_; }
  // The value of the one metadata key `spikeloom`.
  const std::string& description() const { return description_; }
  const std::map<std::string, Tensor>& tensors() const { return tensors_; }

  // The tensor's data as mapped, when dtype and shape are as expected. Throws UserError otherwise.
  const uint8_t* bytes(const std::string& name, const std::vector<int64_t>& shape,
                       const std::string& dtype = "U8") const;
  // A copy widened to int64, for small tensors of any integer dtype.
  std::vector<int64_t> integers(const std::string& name, const std::vector<int64_t>& shape,
                                const std::string& dtype) const;
  // A copy of an F32 tensor.
  std::vector<float> reals(const std::string& name, const std::vector<int64_t>& shape) const;
  // Throws UserError naming the first tensor that nobody read.
  void finish() const;
  [[noreturn]] void fail(const std::string& what) const { throw UserError(file_ + ": " + what); }
  // SHA-256 of the whole file, lower-case hex; worked out once.
  const std::string& sha256() const;

 private:
  void parse_header(uint64_t header_bytes);
  void check_overlaps() const;

  std::string file_, description_;
  boost::interprocess::mapped_region region_;
  const uint8_t* begin_ = nullptr;
  uint64_t size_ = 0;
  std::map<std::string, Tensor> tensors_;
  mutable std::set<std::string> read_;
  mutable std::string sha256_;
};

// A tensor to be written; integers are narrowed to the width of `dtype`.
struct TensorToWrite {
  std::string name, dtype;
  std::vector<int64_t> shape;
  std::vector<int64_t> values;  // row-major
};
// The bytes of a file of these tensors, whose metadata key `spikeloom` is `description`.
std::string safetensors_bytes(const std::string& description, const std::vector<TensorToWrite>& tensors);

}  // namespace spikeloom
