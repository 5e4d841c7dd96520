#include "hw/noc/allocators/islip.h"

namespace spikeloom {

void Islip::allocate(std::vector<AllocatorRequest>& requests) {
  if (requests.size() == 1) {  // served whatever the pointers say
    AllocatorRequest& request = requests[0];
    request.granted = true;
    grants_.advance(request.output, request.input);
    accepts_.advance(request.input, request.output);
    return;
  }
  for (int i = 0; i < iterations_; ++i)
    if (!iterate(requests, i == 0)) break;
  for (const AllocatorRequest& request : requests) {
    served_[request.input] = -1;
    taken_[request.output] = false;
  }
}

// Whether anything was granted.
bool Islip::iterate(std::vector<AllocatorRequest>& requests, bool first) {
  for (size_t i = 0; i < requests.size(); ++i) {
    const AllocatorRequest& request = requests[i];
    const int served = served_[request.input];
    if (!taken_[request.output] && (served < 0 || (request.all && served == request.label)))
      grants_.offer(request.output, request.input, 0, int(i));
  }
  for (const int output : grants_.asked()) {
    const int index = grants_.best(output);
    accepts_.offer(requests[index].input, output, 0, index);
  }
  for (const int output : grants_.asked()) {
    AllocatorRequest& request = requests[grants_.best(output)];
    const AllocatorRequest& accepted = requests[accepts_.best(request.input)];
    if (&request != &accepted && !(request.all && request.label == accepted.label)) continue;
    request.granted = true;
    served_[request.input] = request.label;
    taken_[output] = true;
    if (!first) continue;
    grants_.advance(output, request.input);
    accepts_.advance(request.input, output);
  }
  const bool granted = !grants_.asked().empty();
  grants_.clear();
  accepts_.clear();
  return granted;
}

}  // namespace spikeloom
