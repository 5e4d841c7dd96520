#include "sim/app/interrupt.h"

namespace spikeloom {

namespace {

volatile sig_atomic_t caught_signal = 0;
void catch_signal(int signal) { caught_signal = signal; }

}  // namespace

SignalGuard::SignalGuard() {
  caught_signal = 0;
  struct sigaction action = {};
  action.sa_handler = catch_signal;
  sigaction(SIGINT, &action, &old_int_);
  sigaction(SIGTERM, &action, &old_term_);
}

SignalGuard::~SignalGuard() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
}

int SignalGuard::caught() { return caught_signal; }

void SignalGuard::check() {
  if (caught_signal != 0) throw Interrupted{caught_signal};
}

}  // namespace spikeloom
