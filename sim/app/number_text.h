// Numbers as the reports for a terminal show them.
#pragma once

#include <cstdint>
#include <string>

namespace spikeloom {

// As printf.
std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));
// 1,234,567
std::string grouped(uint64_t number);
// In the unit that suits it, 13 characters wide up to 999,999 mJ.
std::string energy(double pj);
// Without the spaces in front.
std::string trimmed(const std::string& text);

}  // namespace spikeloom
