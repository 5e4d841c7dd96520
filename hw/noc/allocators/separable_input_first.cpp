#include "hw/noc/allocators/separable.h"

namespace spikeloom {

void SeparableInputFirst::match(AllocatorRequest* requests, size_t count) {
  for (size_t i = 0; i < count; ++i) inputs_.offer(requests[i].input, requests[i].output, requests[i].priority, int(i));
  for (size_t i = 0; i < count; ++i) {
    const AllocatorRequest& request = requests[i];
    const size_t chosen = size_t(inputs_.best(request.input));
    if (i != chosen && !(request.all && request.label == requests[chosen].label)) continue;
    outputs_.offer(request.output, request.input, request.priority, int(i));
  }
  for (const int output : outputs_.asked()) {
    AllocatorRequest& request = requests[outputs_.best(output)];
    grant(&request);
  }
  inputs_.clear();
  outputs_.clear();
}

}  // namespace spikeloom
