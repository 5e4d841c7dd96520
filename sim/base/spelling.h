// Names that may be meant by others.
#pragma once

#include <string>

namespace spikeloom {

// Whether one name may be the other misspelt: one letter apart, of long ones two, or its beginning.
bool is_close(const std::string& a, const std::string& b);

}  // namespace spikeloom
