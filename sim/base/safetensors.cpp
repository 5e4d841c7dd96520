#include "sim/base/safetensors.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/base/regular_file.h"
#include "sim/base/sha256.h"

namespace spikeloom {

namespace {

// Far above any real header, far below what would exhaust memory.
constexpr uint64_t kMostHeaderBytes = 64ull << 20;

int dtype_bytes(const std::string& dtype) {
  static const std::map<std::string, int> sizes = {{"U8", 1},  {"I8", 1},  {"I16", 2}, {"I32", 4},
                                                   {"I64", 8}, {"F16", 2}, {"F32", 4}};
  const auto found = sizes.find(dtype);
  return found == sizes.end() ? 0 : found->second;
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

template <typename T>
std::vector<int64_t> widen(const Tensor& tensor) {
  std::vector<int64_t> values(tensor.bytes / sizeof(T));
  for (size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, tensor.data + i * sizeof(T), sizeof(T));
    values[i] = value;
  }
  return values;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& file) : file_(file) {
  namespace ipc = boost::interprocess;
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) fail("is a folder, not a safetensors file");
  if (const std::string why = why_no_file(file); !why.empty()) fail(why);
  size_ = std::filesystem::file_size(file);
  if (size_ < 8) fail("truncated: " + std::to_string(size_) + " bytes, a safetensors file has at least 8");
  try {
    region_ = ipc::mapped_region(ipc::file_mapping(file.c_str(), ipc::read_only), ipc::read_only);
  } catch (const ipc::interprocess_exception& problem) {
    fail(std::string("cannot be mapped: ") + problem.what());
  }
  begin_ = static_cast<const uint8_t*>(region_.get_address());
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, begin_, 8);
  if (header_bytes > size_ - 8 && size_ > 8 && begin_[8] != '{')
    fail("is not a safetensors file, as traces and recorded traffic are");
  if (header_bytes > kMostHeaderBytes)
    fail("header claims " + std::to_string(header_bytes) + " bytes (allowed: up to " +
         std::to_string(kMostHeaderBytes) + ")");
  if (header_bytes > size_ - 8)
    fail("truncated: header claims " + std::to_string(header_bytes) + " bytes, the file has " +
         std::to_string(size_ - 8) + " after the length");
  parse_header(header_bytes);
  check_overlaps();
}

bool SafetensorsFile::begins_like_one(const std::string& file) {
  if (!why_no_file(file).empty()) return false;  // to open a FIFO is to wait for it
  std::ifstream stream(file, std::ios::binary);
  char bytes[9] = {};
  if (!stream.read(bytes, sizeof bytes)) return false;
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes, 8);
  return header_bytes <= kMostHeaderBytes && bytes[8] == '{';
}

void SafetensorsFile::parse_header(uint64_t header_bytes) {
  const char* text = reinterpret_cast<const char*>(begin_) + 8;
  std::set<std::string> names;
  std::string twice;
  const auto note_names = [&](int depth, nlohmann::json::parse_event_t event, const nlohmann::json& key) {
    if (event == nlohmann::json::parse_event_t::key && depth == 1 && !names.insert(key.get<std::string>()).second)
      twice = key.get<std::string>();
    return true;
  };
  const nlohmann::json header = nlohmann::json::parse(text, text + header_bytes, note_names, false);
  if (!twice.empty()) fail("tensor '" + twice + "' is there twice");
  if (!header.is_object()) fail("the header is not a JSON object");
  const uint64_t data_bytes = size_ - 8 - header_bytes;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object() || !entry.contains("spikeloom") || !entry["spikeloom"].is_string())
        fail("metadata has no key 'spikeloom' with a JSON text (not a Spikeloom trace)");
      for (const auto& [key, unused] : entry.items())
        if (key != "spikeloom") fail("metadata key '" + key + "' is unknown (known here: spikeloom)");
      description_ = entry["spikeloom"].get<std::string>();
      continue;
    }
    Tensor tensor;
    uint64_t begin = 0, end = 0, expected = 0;
    try {
      tensor.dtype = entry.at("dtype").get<std::string>();
      if (!entry.at("shape").is_array()) fail("tensor '" + name + "': shape must be a list");
      for (const auto& size : entry.at("shape")) {
        if (!size.is_number_unsigned()) fail("tensor '" + name + "': a shape entry is not a whole number >= 0");
        tensor.shape.push_back(size.get<int64_t>());
      }
      const auto& offsets = entry.at("data_offsets");
      if (offsets.size() != 2 || !offsets[0].is_number_unsigned() || !offsets[1].is_number_unsigned())
        fail("tensor '" + name + "': data_offsets must be two whole numbers >= 0");
      begin = offsets[0].get<uint64_t>();
      end = offsets[1].get<uint64_t>();
    } catch (const nlohmann::json::exception&) {
      fail("tensor '" + name + "': needs dtype, shape and data_offsets");
    }
    expected = dtype_bytes(tensor.dtype);
    if (expected == 0)
      fail("tensor '" + name + "': dtype " + tensor.dtype + " (allowed: U8, I8, I16, I32, I64, F16, F32)");
    for (const int64_t size : tensor.shape)
      if (__builtin_mul_overflow(expected, static_cast<uint64_t>(size), &expected))
        fail("tensor '" + name + "': shape " + shape_text(tensor.shape) + " overflows");
    if (begin > end || end > data_bytes)
      fail("tensor '" + name + "': data_offsets [" + std::to_string(begin) + ", " + std::to_string(end) +
           "] lie outside the file's " + std::to_string(data_bytes) + " data bytes (truncated?)");
    if (end - begin != expected)
      fail("tensor '" + name + "': shape " + shape_text(tensor.shape) + " of " + tensor.dtype + " needs " +
           std::to_string(expected) + " bytes, data_offsets span " + std::to_string(end - begin));
    tensor.data = begin_ + 8 + header_bytes + begin;
    tensor.bytes = end - begin;
    tensors_.emplace(name, std::move(tensor));
  }
  if (description_.empty()) fail("has no __metadata__ (not a Spikeloom trace)");
}

void SafetensorsFile::check_overlaps() const {
  std::vector<std::pair<const uint8_t*, std::string>> order;
  for (const auto& [name, tensor] : tensors_)
    if (tensor.bytes > 0) order.emplace_back(tensor.data, name);
  std::sort(order.begin(), order.end());
  for (size_t i = 1; i < order.size(); ++i) {
    const Tensor& before = tensors_.at(order[i - 1].second);
    if (before.data + before.bytes > order[i].first)
      fail("tensors '" + order[i - 1].second + "' and '" + order[i].second + "' overlap");
  }
  if (order.empty()) return;
  const Tensor& last = tensors_.at(order.back().second);
  if (const auto behind = begin_ + size_ - (last.data + last.bytes); behind > 0)
    fail(std::to_string(behind) + " bytes behind the last tensor '" + order.back().second + "' (overwritten in part?)");
}

const uint8_t* SafetensorsFile::bytes(const std::string& name, const std::vector<int64_t>& shape,
                                      const std::string& dtype) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) fail("missing tensor '" + name + "' (expected " + dtype + " " + shape_text(shape) + ")");
  read_.insert(name);
  const Tensor& tensor = found->second;
  if (tensor.dtype != dtype || tensor.shape != shape)
    fail("tensor '" + name + "': is " + tensor.dtype + " " + shape_text(tensor.shape) + ", expected " + dtype + " " +
         shape_text(shape));
  return tensor.data;
}

std::vector<int64_t> SafetensorsFile::integers(const std::string& name, const std::vector<int64_t>& shape,
                                               const std::string& dtype) const {
  bytes(name, shape, dtype);
  const Tensor& tensor = tensors_.at(name);
  if (dtype == "U8") return widen<uint8_t>(tensor);
  if (dtype == "I8") return widen<int8_t>(tensor);
  if (dtype == "I16") return widen<int16_t>(tensor);
  if (dtype == "I32") return widen<int32_t>(tensor);
  return widen<int64_t>(tensor);
}

std::vector<float> SafetensorsFile::reals(const std::string& name, const std::vector<int64_t>& shape) const {
  const uint8_t* data = bytes(name, shape, "F32");
  std::vector<float> values(tensors_.at(name).bytes / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), data, values.size() * sizeof(float));
  return values;
}

void SafetensorsFile::finish() const {
  for (const auto& [name, unused] : tensors_)
    if (read_.count(name) == 0) fail("tensor '" + name + "' is not one that the description calls for");
}

const std::string& SafetensorsFile::sha256() const {
  if (sha256_.empty()) sha256_ = sha256_of(begin_, size_);
  return sha256_;
}

std::string safetensors_bytes(const std::string& description, const std::vector<TensorToWrite>& tensors) {
  nlohmann::ordered_json header;
  header["__metadata__"] = {{"spikeloom", description}};
  std::string data;
  for (const TensorToWrite& tensor : tensors) {
    const size_t begin = data.size(), width = size_t(dtype_bytes(tensor.dtype));
    for (const int64_t value : tensor.values) data.append(reinterpret_cast<const char*>(&value), width);
    header[tensor.name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // tensors begin at a multiple of 8 bytes
  const uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + text + data;
}

}  // namespace spikeloom
