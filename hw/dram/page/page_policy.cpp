#include "hw/dram/page/page_policy.h"

#include "hw/dram/page/closed.h"
#include "hw/dram/page/open.h"

namespace spikeloom {

const std::vector<std::string>& page_policy_names() {
  static const std::vector<std::string> names = {"open", "closed"};
  return names;
}

std::unique_ptr<PagePolicy> make_page_policy(int index) {
  if (index == 1) return std::make_unique<ClosedPage>();
  return std::make_unique<OpenPage>();
}

}  // namespace spikeloom
