#include "hw/dram/schedulers/scheduler.h"

#include "hw/dram/schedulers/first_ready.h"
#include "hw/dram/schedulers/in_order.h"

namespace spikeloom {

const std::vector<std::string>& scheduler_names() {
  static const std::vector<std::string> names = {"in_order", "first_ready"};
  return names;
}

std::unique_ptr<Scheduler> make_scheduler(int index, int queue_depth) {
  if (index == 1) return std::make_unique<FirstReady>(queue_depth);
  return std::make_unique<InOrder>();
}

}  // namespace spikeloom
