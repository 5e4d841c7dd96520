#include "sim/app/number_text.h"

#include <cstdarg>
#include <cstdio>

namespace spikeloom {

std::string format(const char* pattern, ...) {
  char line[512];
  va_list values;
  va_start(values, pattern);
  std::vsnprintf(line, sizeof line, pattern, values);
  va_end(values);
  return line;
}

std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (int at = int(text.size()) - 3; at > 0; at -= 3) text.insert(at, ",");
  return text;
}

std::string energy(double pj) {
  if (pj >= 1e9) return format("%10.3f mJ", pj / 1e9);
  if (pj >= 1e6) return format("%10.3f uJ", pj / 1e6);
  if (pj >= 1e3) return format("%10.3f nJ", pj / 1e3);
  return format("%10.3f pJ", pj);
}

std::string trimmed(const std::string& text) { return text.substr(text.find_first_not_of(' ')); }

}  // namespace spikeloom
