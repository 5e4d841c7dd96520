#include "sim/app/progress.h"

#include <unistd.h>

#include <cstdio>

namespace spikeloom {

Progress::Progress(const std::string& what)
    : what_(what), terminal_(isatty(STDERR_FILENO)), start_(std::chrono::steady_clock::now()), last_(start_) {}

Progress::~Progress() { clear(); }

void Progress::clear() {
  if (shown_) std::fprintf(stderr, "\r\033[K");
  shown_ = false;
}

void Progress::update(double share) {
  if (!terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(200)) return;
  last_ = now;
  shown_ = true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double left = share > 0 ? seconds * (1 - share) / share : 0;
  std::fprintf(stderr, "\r\033[K%s: %3.0f %%, %.0f s left", what_.c_str(), 100 * share, left);
  std::fflush(stderr);
}

}  // namespace spikeloom
