#include "hw/noc/allocators/separable.h"

namespace spikeloom {

void SeparableOutputFirst::match(AllocatorRequest* requests, size_t count) {
  for (size_t i = 0; i < count; ++i)
    outputs_.offer(requests[i].output, requests[i].input, requests[i].priority, int(i));
  for (const int output : outputs_.asked()) {
    const int index = outputs_.best(output);
    inputs_.offer(requests[index].input, output, requests[index].priority, index);
  }
  for (const int output : outputs_.asked()) {
    AllocatorRequest& request = requests[outputs_.best(output)];
    const AllocatorRequest& chosen = requests[inputs_.best(request.input)];
    if (&request != &chosen && !(request.all && request.label == chosen.label)) continue;
    grant(&request);
  }
  inputs_.clear();
  outputs_.clear();
}

}  // namespace spikeloom
