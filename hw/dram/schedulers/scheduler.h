// Which of a channel's waiting bursts may have their column command next, once their rows are open.
//
// Contract: the oldest alone may, or all. Rows are opened ahead of time whatever the policy: a bank's oldest burst may
// have its row activated, and another row closed that none wants that may go.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace spikeloom {

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  // `passed`: how many younger bursts have gone before the oldest.
  virtual bool oldest_only(int passed) const = 0;
};

// By index into scheduler_names(). `queue_depth`: bursts that a channel's queue holds.
const std::vector<std::string>& scheduler_names();
std::unique_ptr<Scheduler> make_scheduler(int index, int queue_depth);

}  // namespace spikeloom
