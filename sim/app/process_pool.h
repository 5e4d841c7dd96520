// Runs pieces of work side by side, each in a child process of its own: SystemC elaborates once per process.
#pragma once

#include <functional>
#include <string>

namespace spikeloom {

// How a piece of work ended. status 0: `text` is what the work returned; 2: the message of its UserError; 3: that of
// another exception, or what ended the process.
struct PieceResult {
  int piece = 0, status = 0;
  std::string text;
};

struct Pieces {
  int count = 0;
  // In the child. May call `progress` with the share done, 0 to 1, as often as it likes.
  std::function<std::string(int piece, const std::function<void(double)>& progress)> work;
  // In the parent. What they throw ends all children.
  std::function<void(int piece, double share)> progressed;
  std::function<void(const PieceResult&)> ended;
};

// Starts the pieces in order, at most `jobs` at a time, and returns when all have ended. After a UserError no more are
// started. The caller must not have created any SystemC object. Throws Interrupted (interrupt.h), by when the children
// are gone; UserError when there is no process to be had.
void run_in_processes(const Pieces& pieces, int jobs);

// Processors that this process may use.
int processors();

}  // namespace spikeloom
