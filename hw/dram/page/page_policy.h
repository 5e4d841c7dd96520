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
  // `wanted`: other bursts in the queue want the same row.
  virtual bool closes(bool wanted) const = 0;
};

// By index into page_policy_names().
const std::vector<std::string>& page_policy_names();
std::unique_ptr<PagePolicy> make_page_policy(int index);

}  // namespace spikeloom
