// iSLIP (N. McKeown, IEEE/ACM Trans. Networking 7(2), 1999): outputs grant, inputs accept, several times over what is
// still free; pointers move only when a grant of the first iteration is accepted. Knows no priorities.
#pragma once

#include "hw/noc/allocators/allocator.h"

namespace spikeloom {

class Islip : public Allocator {
 public:
  Islip(int inputs, int outputs, int iterations)
      : Allocator(inputs, outputs),
        iterations_(iterations),
        served_(static_cast<size_t>(inputs), -1),
        taken_(static_cast<size_t>(outputs), false) {}

 private:
  void match(AllocatorRequest* requests, size_t count) override;
  bool iterate(AllocatorRequest* requests, size_t count, bool first);

  int iterations_;
  std::vector<int> served_;  // [input]: label that was granted in this cycle, -1
  std::vector<bool> taken_;  // [output]: granted in this cycle
};

}  // namespace spikeloom
