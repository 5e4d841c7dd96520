// Which of a channel's waiting bursts may have their column command next, once their rows are open.
//
// Contract: the answer is a number n >= 1: the n oldest may. Rows are opened ahead of time whatever the policy: a
// bank's oldest burst may have its row activated, and another row closed that none of the n wants.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace spikeloom {

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  // Of `waiting` bursts; `passed`: how many younger ones have gone before the oldest.
  virtual int may_go(int waiting, int passed) const = 0;
};

// By index into scheduler_names(). `queue_depth`: bursts that a channel's queue holds.
const std::vector<std::string>& scheduler_names();
std::unique_ptr<Scheduler> make_scheduler(int index, int queue_depth);

}  // namespace spikeloom
