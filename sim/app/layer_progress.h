// Progress over layers that are simulated side by side: a line with the time left on a terminal, else a plain line now
// and then.
#pragma once

#include <chrono>
#include <map>
#include <string>

namespace spikeloom {

class LayerProgress {
 public:
  // `missing` of all `layers` are to be simulated. `quiet`: only what `say` is given is printed.
  LayerProgress(int layers, int missing, bool quiet);
  ~LayerProgress();
  // `share` of a running layer's work is done, 0 to 1.
  void update(int layer, double share);
  void finish(int layer);
  // Prints a line on stderr, whatever the progress line shows.
  void say(const std::string& line);

 private:
  void show();
  void clear();
  double share_done() const;

  int layers_, missing_, finished_ = 0;
  bool quiet_, terminal_, shown_ = false;
  std::map<int, double> running_;  // share done
  std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace spikeloom
