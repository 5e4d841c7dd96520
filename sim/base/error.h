// The one exception for mistakes of the user: bad configs, bad traces, unwritable folders.
// `main` catches it once, prints one line and exits with status 2. Bugs are asserts.
#pragma once

#include <stdexcept>
#include <string>

namespace spikeloom {

class UserError : public std::runtime_error {
 public:
  explicit UserError(const std::string& message) : std::runtime_error(message) {}
};

}  // namespace spikeloom
