// What bytes must be to be text, which all results hold.
#pragma once

#include <string>

namespace spikeloom {

// Where the first byte stands that belongs to no character of UTF-8 (RFC 3629: no surrogates, nothing written longer
// than need be); npos where all do.
size_t first_not_utf8(const std::string& text);
// "not UTF-8 (byte 0xff)" of the byte there.
std::string not_utf8(const std::string& text, size_t at);
// Every such byte, and every control character, replaced by U+FFFD, for messages of one line.
std::string printable(const std::string& text);
// Where the first control character stands, apart from those in `allowed`; npos where there is none.
size_t first_control(const std::string& text, const std::string& allowed = "");
// "control character 0x00" of the byte there.
std::string control(const std::string& text, size_t at);

}  // namespace spikeloom
