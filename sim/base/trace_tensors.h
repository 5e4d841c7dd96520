// Internal to sim/base: tensors that several kinds of operations have, and their ranges.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/safetensors.h"

namespace spikeloom {

// Throws UserError naming the first value outside `least`..`most` and its flat index.
void check_range(const SafetensorsFile& file, const std::string& tensor, const std::vector<int64_t>& values,
                 int64_t least, int64_t most);
// What check_range says of one value.
[[noreturn]] void fail_range(const SafetensorsFile& file, const std::string& tensor, int64_t value, size_t index,
                             int64_t least, int64_t most);

// `<operation>.theta` [count]: firing thresholds, at least 1024.
std::vector<int64_t> read_thresholds(const SafetensorsFile& file, const std::string& operation, int count);
// `<operation>.expected`: output codes of `output_bits`.
std::vector<int64_t> read_expected(const SafetensorsFile& file, const std::string& operation,
                                   const std::vector<int64_t>& shape, int output_bits);

}  // namespace spikeloom
