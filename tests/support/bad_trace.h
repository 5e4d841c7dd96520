// A good trace with one thing broken at a time, and the one line that it must give.
#pragma once

#include <gtest/gtest.h>

#include "sim/base/safetensors.h"
#include "tests/support/trace_files.h"
#include "tests/support/user_error.h"

namespace spikeloom {

using Damage = std::function<void(TracePair&)>;

struct BadTrace {
  const char* name;
  Damage damage;
  std::string message;  // {weights}, {activations}: the paths of the two files; {sha256}: of the weights file
};

inline void PrintTo(const BadTrace& bad, std::ostream* out) { *out << bad.name; }
inline std::string bad_trace_name(const testing::TestParamInfo<BadTrace>& info) { return info.param.name; }

inline nlohmann::json& weights(TracePair& pair) { return pair.weights.description; }
inline nlohmann::json& activations(TracePair& pair) { return pair.activations.description; }
inline TraceTensor& tensor(TracePair& pair, const std::string& name) {
  auto& file = pair.activations.tensors.count(name) ? pair.activations : pair.weights;
  return file.tensors.at(name);
}

// One value of a tensor, by its flat index.
inline Damage set_value(const char* name, int index, int64_t value) {
  return [=](TracePair& pair) { tensor(pair, name).values.at(index) = value; };
}
// One key of the activations file's description, by its JSON pointer.
inline Damage set_key(const char* pointer, nlohmann::json value) {
  return [=](TracePair& pair) { activations(pair)[nlohmann::json::json_pointer(pointer)] = value; };
}
inline Damage set_weights_key(const char* pointer, nlohmann::json value) {
  return [=](TracePair& pair) { weights(pair)[nlohmann::json::json_pointer(pointer)] = value; };
}
inline Damage erase_key(const char* object, const char* key) {
  return [=](TracePair& pair) { activations(pair)[nlohmann::json::json_pointer(object)].erase(key); };
}
inline Damage erase_tensor(const char* name) {
  return [=](TracePair& pair) { pair.activations.tensors.erase(name) || pair.weights.tensors.erase(name); };
}

// `open(file)` of the damaged pair must throw the message.
template <typename Open>
void expect_refused(TracePair pair, const BadTrace& bad, Open open) {
  const TempFolder folder;
  bad.damage(pair);
  const std::string file = pair.write(folder), weights_file = TracePair::weights_path(folder);
  std::string message = fill_in(fill_in(bad.message, "activations", file), "weights", weights_file);
  message = fill_in(message, "folder", std::filesystem::path(file).parent_path().string());
  if (message.find("{sha256}") != std::string::npos)
    message = fill_in(message, "sha256", SafetensorsFile(weights_file).sha256());
  EXPECT_EQ(user_error_of([&] { open(file); }), message);
}

}  // namespace spikeloom
