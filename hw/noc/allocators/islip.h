// iSLIP (N. McKeown, IEEE/ACM Trans. Networking 7(2), 1999): outputs grant, inputs accept, several times over what is
// still free; pointers move only when a grant of the first iteration is accepted. Knows no priorities.
#pragma once

#include <algorithm>

#include "hw/noc/allocators/allocator.h"

namespace spikeloom {

class Islip : public Allocator {
 public:
  Islip(int inputs, int outputs, int iterations) : Allocator(inputs, outputs), iterations_(iterations) {
    served.resize(std::max(served.size(), size_t(inputs)), -1);
    taken.resize(std::max(taken.size(), size_t(outputs)), false);
  }

 private:
  void match(AllocatorRequest* requests, size_t count) override;
  bool iterate(AllocatorRequest* requests, size_t count, bool first);

  int iterations_;
  // One for all allocators: of the matching that is made.
  inline static std::vector<int> served;  // [input]: label that was granted, -1
  inline static std::vector<bool> taken;  // [output]: granted
};

}  // namespace spikeloom
