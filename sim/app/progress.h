// A progress line with the time left, on a terminal only.
#pragma once

#include <chrono>
#include <string>

namespace spikeloom {

class Progress {
 public:
  // Prints to stderr when it is a terminal; otherwise every call does nothing.
  explicit Progress(const std::string& what);
  ~Progress();
  // `share` of the work done, 0 to 1. Prints at most a few times a second.
  void update(double share);
  // Takes the line away, for other output, until the next update.
  void clear();

 private:
  std::string what_;
  bool terminal_, shown_ = false;
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace spikeloom
