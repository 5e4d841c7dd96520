// Ctrl-C, and the signal that `kill` sends.
#pragma once

#include <signal.h>

namespace spikeloom {

// Thrown where work ends because of a signal.
struct Interrupted {
  int signal;
};

// While it lives, SIGINT and SIGTERM are noted instead of ending the process.
class SignalGuard {
 public:
  SignalGuard();
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

  // The last one that came, 0 for none.
  static int caught();
  // Throws Interrupted where one came.
  static void check();

 private:
  struct sigaction old_int_ = {}, old_term_ = {};
};

}  // namespace spikeloom
