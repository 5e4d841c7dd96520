#include "sim/base/text.h"

#include <cstdint>
#include <cstdio>

namespace spikeloom {

namespace {

std::string hex(char byte) {
  char text[8];
  std::snprintf(text, sizeof text, "0x%02x", static_cast<unsigned char>(byte));
  return text;
}

// Bytes of the well-formed character that begins at `at`; 0 where none does.
size_t character_bytes(const std::string& text, size_t at) {
  const auto byte = [&text](size_t i) -> uint32_t { return i < text.size() ? static_cast<uint8_t>(text[i]) : 0; };
  const uint32_t lead = byte(at);
  if (lead < 0x80) return 1;
  const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  uint32_t code = lead & (0xff >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(at + i) & 0x3f);
  }
  const bool is_longer_than_need_be = code < (bytes == 4 ? 0x10000u : bytes == 3 ? 0x800u : 0x80u);
  return is_longer_than_need_be || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0 : bytes;
}

}  // namespace

size_t first_not_utf8(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = character_bytes(text, at);
    if (bytes == 0) return at;
    at += bytes;
  }
  return std::string::npos;
}

std::string not_utf8(const std::string& text, size_t at) { return "not UTF-8 (byte " + hex(text[at]) + ")"; }

std::string printable(const std::string& text) {
  std::string whole;
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = character_bytes(text, at);
    const bool is_shown = bytes > 0 && first_control(text.substr(at, bytes)) == std::string::npos;
    whole += is_shown ? text.substr(at, bytes) : "\xef\xbf\xbd";
    at += bytes == 0 ? 1 : bytes;
  }
  return whole;
}

size_t first_control(const std::string& text, const std::string& allowed) {
  for (size_t at = 0; at < text.size(); ++at) {
    const uint8_t byte = static_cast<uint8_t>(text[at]);
    if ((byte < 0x20 || byte == 0x7f) && allowed.find(text[at]) == std::string::npos) return at;
  }
  return std::string::npos;
}

std::string control(const std::string& text, size_t at) { return "control character " + hex(text[at]); }

}  // namespace spikeloom
