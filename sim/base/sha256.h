// SHA-256, as lower-case hex.
#pragma once

#include <cstddef>
#include <string>

namespace spikeloom {

std::string sha256_of(const void* bytes, size_t size);
std::string sha256_of(const std::string& text);
// Of a whole file. Throws UserError when it cannot be read.
std::string sha256_of_file(const std::string& file);

}  // namespace spikeloom
