#include "hw/noc/allocators/separable.h"

namespace spikeloom {

void SeparableOutputFirst::match(AllocatorRequest* requests, size_t count) {
  RoundRobinArbiters inputs = of_inputs(), outputs = of_outputs();
  for (size_t i = 0; i < count; ++i) outputs.offer(requests[i].output, requests[i].input, requests[i].priority, int(i));
  for (const int output : outputs.asked()) {
    const int index = outputs.best(output);
    inputs.offer(requests[index].input, output, requests[index].priority, index);
  }
  for (const int output : outputs.asked()) {
    AllocatorRequest& request = requests[outputs.best(output)];
    const AllocatorRequest& chosen = requests[inputs.best(request.input)];
    if (&request != &chosen && !(request.all && request.label == chosen.label)) continue;
    grant(&request);
  }
  inputs.clear();
  outputs.clear();
}

}  // namespace spikeloom
