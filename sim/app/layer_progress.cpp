#include "sim/app/layer_progress.h"

#include <unistd.h>

#include <cstdio>

#include "sim/app/number_text.h"

namespace spikeloom {

namespace {

constexpr auto kLineEvery = std::chrono::milliseconds(200);  // on a terminal
constexpr auto kPlainLineEvery = std::chrono::seconds(30);

std::string time_text(double seconds) {
  if (seconds < 90) return format("%.0f s", seconds);
  if (seconds < 5400) return format("%.0f min", seconds / 60);
  return format("%.1f h", seconds / 3600);
}

}  // namespace

LayerProgress::LayerProgress(int layers, int missing, bool quiet)
    : layers_(layers),
      missing_(missing),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO)),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

LayerProgress::~LayerProgress() { clear(); }

void LayerProgress::clear() {
  if (shown_) std::fprintf(stderr, "\r\033[K");
  shown_ = false;
}

double LayerProgress::share_done() const {
  double sum = finished_;
  for (const auto& [layer, share] : running_) sum += share;
  return missing_ > 0 ? sum / missing_ : 1;
}

void LayerProgress::show() {
  const auto now = std::chrono::steady_clock::now();
  if (quiet_ || now - last_ < (terminal_ ? std::chrono::milliseconds(kLineEvery) : kPlainLineEvery)) return;
  last_ = now;
  const double share = share_done(), seconds = std::chrono::duration<double>(now - start_).count();
  const std::string line =
      format("simulating: %d of %d layers done, %.0f %%", layers_ - missing_ + finished_, layers_, 100 * share) +
      (share > 0 ? ", " + time_text(seconds * (1 - share) / share) + " left" : "");
  std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "%s\n", line.c_str());
  std::fflush(stderr);
  shown_ = terminal_;
}

void LayerProgress::update(int layer, double share) {
  running_[layer] = share;
  show();
}

void LayerProgress::finish(int layer) {
  running_.erase(layer);
  ++finished_;
  show();
}

void LayerProgress::say(const std::string& line) {
  clear();
  std::fprintf(stderr, "%s\n", line.c_str());
}

}  // namespace spikeloom
