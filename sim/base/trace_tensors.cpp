#include "sim/base/trace_tensors.h"

namespace spikeloom {

namespace {

constexpr int64_t kLeastThreshold = 1024;
constexpr int64_t kMostThreshold = int64_t{1} << 40;

}  // namespace

void fail_range(const SafetensorsFile& file, const std::string& tensor, int64_t value, size_t index, int64_t least,
                int64_t most) {
  file.fail("tensor '" + tensor + "': value " + std::to_string(value) + " at flat index " + std::to_string(index) +
            " is out of range (allowed: " + std::to_string(least) + " to " + std::to_string(most) + ")");
}

void check_range(const SafetensorsFile& file, const std::string& tensor, const std::vector<int64_t>& values,
                 int64_t least, int64_t most) {
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i] < least || values[i] > most) fail_range(file, tensor, values[i], i, least, most);
}

std::vector<int64_t> read_thresholds(const SafetensorsFile& file, const std::string& operation, int count) {
  const auto theta = file.integers(operation + ".theta", {count}, "I64");
  check_range(file, operation + ".theta", theta, kLeastThreshold, kMostThreshold);
  return theta;
}

std::vector<int64_t> read_expected(const SafetensorsFile& file, const std::string& operation,
                                   const std::vector<int64_t>& shape, int output_bits) {
  const auto expected = file.integers(operation + ".expected", shape, "I16");
  const int64_t largest = int64_t{1} << (output_bits - 1);
  check_range(file, operation + ".expected", expected, -largest, largest - 1);
  return expected;
}

}  // namespace spikeloom
