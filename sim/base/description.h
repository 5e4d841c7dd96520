// Internal to sim/base: typed access to the JSON description of a trace file, with messages that name file and key.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/base/safetensors.h"

namespace spikeloom {

constexpr int kMostSize = 1 << 20;
constexpr int kMostTokens = 1 << 20;
constexpr int kMostF = 30;      // fraction bits of thresholds
constexpr int kMostGamma = 64;  // either sign

// The description of a file. Throws UserError if it is no JSON object.
nlohmann::json parse_description(const SafetensorsFile& file);

// An object of the description; refers to the file and to the JSON value. Whatever is not as asked for is a UserError.
class Description {
 public:
  Description(const SafetensorsFile& file, const nlohmann::json& value, std::string path)
      : file_(file), value_(value), path_(std::move(path)) {}

  // Throws unless the object has exactly these keys; those of `optional` may be missing.
  void keys(const std::vector<std::string>& names, const std::vector<std::string>& optional = {}) const;
  bool has(const char* key) const { return value_.contains(key); }
  const nlohmann::json& at(const char* key) const;
  std::string text(const char* key) const;
  int integer(const char* key, int least, int most) const { return static_cast<int>(count(key, least, most)); }
  int64_t count(const char* key, int64_t least, int64_t most) const;
  double real(const char* key) const;
  double positive(const char* key) const;
  double share(const char* key) const;  // 0..1
  bool flag(const char* key) const;
  int choice(const char* key, const std::vector<std::string>& names) const;
  Description section(const char* key) const;
  // An object whose values are all texts.
  std::vector<std::pair<std::string, std::string>> texts(const char* key) const;
  // A list of objects with at least `least` entries (0 or 1).
  std::vector<Description> list(const char* key, size_t least = 1) const;
  [[noreturn]] void fail(const char* key, const std::string& what) const {
    file_.fail("description: " + path_ + key + ": " + what);
  }

 private:
  const SafetensorsFile& file_;
  const nlohmann::json& value_;
  std::string path_;
};

// The index of the item with this name, or -1.
template <typename Item>
int index_of(const std::vector<Item>& items, const std::string& name) {
  for (size_t i = 0; i < items.size(); ++i)
    if (items[i].name == name) return static_cast<int>(i);
  return -1;
}

// `name` of an entry, which none of the items read before may have. `what` it names: "input".
template <typename Item>
std::string new_name(const Description& entry, const std::string& what, const std::vector<Item>& items) {
  const std::string name = entry.text("name");
  if (index_of(items, name) >= 0) entry.fail("name", "repeated " + what + " '" + name + "'");
  return name;
}

// The entries of an activations file's list, which must have the names and the order of the weights file's `items`.
template <typename Item>
std::vector<Description> matching(const Description& top, const char* key, const std::vector<Item>& items) {
  const std::vector<Description> entries = top.list(key);
  if (entries.size() != items.size()) top.fail(key, std::string("the weights file has another number of ") + key);
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string name = entries[i].text("name");
    if (name != items[i].name)
      entries[i].fail("name", "'" + name + "' stands where the weights file has '" + items[i].name + "'");
  }
  return entries;
}

// `input` of an operation of the weights file, as an index.
template <typename Item>
int input_index(const Description& entry, const std::vector<Item>& inputs) {
  const int index = index_of(inputs, entry.text("input"));
  if (index < 0) entry.fail("input", "names no input of this file");
  return index;
}

// `input` of an operation of the activations file must be the weights file's.
inline void check_same_input(const Description& entry, const std::string& name) {
  if (entry.text("input") != name) entry.fail("input", "differs from the weights file's '" + name + "'");
}

// `size` of an input of the activations file must be the weights file's.
inline void check_same_size(const Description& entry, int size) {
  if (entry.integer("size", 1, kMostSize) != size) entry.fail("size", "differs from the weights file");
}

}  // namespace spikeloom
