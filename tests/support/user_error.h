// The message of the UserError that an action throws, for comparing it whole.
#pragma once

#include <string>

#include "sim/base/error.h"

namespace spikeloom {

template <typename Action>
std::string user_error_of(const Action& action) {
  try {
    action();
  } catch (const UserError& error) {
    return error.what();
  }
  return "(no error)";
}

// `text` with every `{name}` replaced by `value`.
inline std::string fill_in(std::string text, const std::string& name, const std::string& value) {
  const std::string hole = "{" + name + "}";
  for (size_t at = text.find(hole); at != std::string::npos; at = text.find(hole, at + value.size()))
    text.replace(at, hole.size(), value);
  return text;
}

}  // namespace spikeloom
