#include "hw/noc/allocators/separable.h"

namespace spikeloom {

void SeparableInputFirst::match(AllocatorRequest* requests, size_t count) {
  RoundRobinArbiters inputs = of_inputs(), outputs = of_outputs();
  for (size_t i = 0; i < count; ++i) inputs.offer(requests[i].input, requests[i].output, requests[i].priority, int(i));
  for (size_t i = 0; i < count; ++i) {
    const AllocatorRequest& request = requests[i];
    const size_t chosen = size_t(inputs.best(request.input));
    if (i != chosen && !(request.all && request.label == requests[chosen].label)) continue;
    outputs.offer(request.output, request.input, request.priority, int(i));
  }
  for (const int output : outputs.asked()) {
    AllocatorRequest& request = requests[outputs.best(output)];
    grant(&request);
  }
  inputs.clear();
  outputs.clear();
}

}  // namespace spikeloom
