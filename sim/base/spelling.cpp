#include "sim/base/spelling.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace spikeloom {

namespace {

constexpr size_t kShortest = 5, kLong = 8;  // letters of names that are compared, and that may differ in two

// Letters to insert, remove or change, to make one word of the other (Levenshtein).
size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row[b.size()];
}

}  // namespace

bool is_close(const std::string& a, const std::string& b) {
  const std::string &shorter = a.size() < b.size() ? a : b, &longer = a.size() < b.size() ? b : a;
  if (shorter.size() < kShortest) return false;
  if (longer.compare(0, shorter.size() + 1, shorter + "_") == 0) return true;
  return distance(a, b) <= (shorter.size() < kLong ? 1 : 2);
}

}  // namespace spikeloom
