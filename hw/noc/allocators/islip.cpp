#include "hw/noc/allocators/islip.h"

namespace spikeloom {

void Islip::match(AllocatorRequest* requests, size_t count) {
  for (int i = 0; i < iterations_; ++i)
    if (!iterate(requests, count, i == 0)) break;
  for (size_t i = 0; i < count; ++i) {
    served[requests[i].input] = -1;
    taken[requests[i].output] = false;
  }
}

// Whether anything was granted.
bool Islip::iterate(AllocatorRequest* requests, size_t count, bool first) {
  RoundRobinArbiters inputs = of_inputs(), outputs = of_outputs();
  for (size_t i = 0; i < count; ++i) {
    const AllocatorRequest& request = requests[i];
    const int label = served[request.input];
    if (!taken[request.output] && (label < 0 || (request.all && label == request.label)))
      outputs.offer(request.output, request.input, 0, int(i));
  }
  for (const int output : outputs.asked()) {
    const int index = outputs.best(output);
    inputs.offer(requests[index].input, output, 0, index);
  }
  for (const int output : outputs.asked()) {
    AllocatorRequest& request = requests[outputs.best(output)];
    const AllocatorRequest& accepted = requests[inputs.best(request.input)];
    if (&request != &accepted && !(request.all && request.label == accepted.label)) continue;
    request.granted = true;
    served[request.input] = request.label;
    taken[output] = true;
    if (!first) continue;
    outputs.advance(output, request.input);
    inputs.advance(request.input, output);
  }
  const bool granted = !outputs.asked().empty();
  outputs.clear();
  inputs.clear();
  return granted;
}

}  // namespace spikeloom
