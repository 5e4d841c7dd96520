#include "hw/noc/allocators/separable.h"

namespace spikeloom {

void SeparableInputFirst::allocate(std::vector<AllocatorRequest>& requests) {
  for (size_t i = 0; i < requests.size(); ++i)
    inputs_.offer(requests[i].input, requests[i].output, requests[i].priority, int(i));
  for (size_t i = 0; i < requests.size(); ++i) {
    const AllocatorRequest& request = requests[i];
    const size_t chosen = size_t(inputs_.best(request.input));
    if (i != chosen && !(request.all && request.label == requests[chosen].label)) continue;
    outputs_.offer(request.output, request.input, request.priority, int(i));
  }
  for (const int output : outputs_.asked()) {
    AllocatorRequest& request = requests[outputs_.best(output)];
    request.granted = true;
    inputs_.advance(request.input, output);
    outputs_.advance(output, request.input);
  }
  inputs_.clear();
  outputs_.clear();
}

}  // namespace spikeloom
