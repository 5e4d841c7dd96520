// Whether a name leads to a file that can be read as a whole.
#pragma once

#include <string>

namespace spikeloom {

// Empty for a regular file; else what is there instead: "no such file", "is a folder, not a file", "is a FIFO, not a
// regular file".
std::string why_no_file(const std::string& file);

}  // namespace spikeloom
