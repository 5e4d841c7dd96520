// What a router's flits wait for, for the message about a stuck network.
#include <algorithm>

#include "hw/noc/router.h"

namespace spikeloom {

std::string Router::waits_for() const {
  const auto holds = [](const SlotGroup& group) { return group.occupied != 0; };
  return holds(first_group_) || std::any_of(more_groups_.begin(), more_groups_.end(), holds)
             ? "credits or virtual channels, with flits in its buffers"
             : "";
}

std::vector<Router::Waiting> Router::waiting() const {
  std::vector<Waiting> all;
  for (int i = 0; i < count_ * vcs_; ++i) {
    const Slot& slot = slots_[i];
    if (!slot.buffer || slot.buffer->empty()) continue;
    const Flit& flit = slot.buffer->front();
    std::string reason;
    const auto add = [&](int output, const std::string& what) {
      reason += (reason.empty() ? "" : "; ") + what + " at its " + port_name(output) + " output";
    };
    const unsigned allocated = slot.remaining & slot.allocated;
    for (int output = 0; output < count_; ++output) {
      if (allocated >> output & 1)
        add(output, "a credit of virtual channel " + std::to_string(slot.out_vc[output]));
      else if (slot.in_packet && slot.remaining >> output & 1)
        add(output, "a free virtual channel");
    }
    all.push_back(
        {flit.born, flit.head ? "head flit to destination " + std::to_string(flit.destination) : "body flit",
         std::string(name()) + ", " + port_name(slot.input) + " input, virtual channel " + std::to_string(slot.vc),
         reason.empty() ? "its turn" : reason});
  }
  return all;
}

}  // namespace spikeloom
