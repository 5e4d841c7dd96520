// Whether a row stays open after a column command.
//
// Contract: asked once per column command; true: the command closes its row (auto-precharge).
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace spikeloom {

class PagePolicy {
 public:
  virtual ~PagePolicy() = default;
  // `waiting`: bursts in the queue that want the same row.
  virtual bool closes(int waiting) const = 0;
};

// By index into page_policy_names().
const std::vector<std::string>& page_policy_names();
std::unique_ptr<PagePolicy> make_page_policy(int index);

}  // namespace spikeloom
