// iSLIP (N. McKeown, IEEE/ACM Trans. Networking 7(2), 1999): outputs grant, inputs accept, several times over what is
// still free; pointers move only when a grant of the first iteration is accepted. Knows no priorities.
#pragma once

#include "hw/noc/allocators/allocator.h"
#include "hw/noc/allocators/round_robin.h"

namespace spikeloom {

class Islip : public Allocator {
 public:
  Islip(int inputs, int outputs, int iterations)
      : accepts_(inputs, outputs),
        grants_(outputs, inputs),
        iterations_(iterations),
        served_(static_cast<size_t>(inputs), -1),
        taken_(static_cast<size_t>(outputs), false) {}
  void allocate(std::vector<AllocatorRequest>& requests) override;

 private:
  bool iterate(std::vector<AllocatorRequest>& requests, bool first);

  RoundRobinArbiters accepts_, grants_;
  int iterations_;
  std::vector<int> served_;  // [input]: label that was granted in this cycle, -1
  std::vector<bool> taken_;  // [output]: granted in this cycle
};

}  // namespace spikeloom
