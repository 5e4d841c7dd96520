#include "hw/noc/allocators/islip.h"

namespace spikeloom {

void Islip::match(AllocatorRequest* requests, size_t count) {
  for (int i = 0; i < iterations_; ++i)
    if (!iterate(requests, count, i == 0)) break;
  for (size_t i = 0; i < count; ++i) {
    served_[requests[i].input] = -1;
    taken_[requests[i].output] = false;
  }
}

// Whether anything was granted.
bool Islip::iterate(AllocatorRequest* requests, size_t count, bool first) {
  for (size_t i = 0; i < count; ++i) {
    const AllocatorRequest& request = requests[i];
    const int served = served_[request.input];
    if (!taken_[request.output] && (served < 0 || (request.all && served == request.label)))
      outputs_.offer(request.output, request.input, 0, int(i));
  }
  for (const int output : outputs_.asked()) {
    const int index = outputs_.best(output);
    inputs_.offer(requests[index].input, output, 0, index);
  }
  for (const int output : outputs_.asked()) {
    AllocatorRequest& request = requests[outputs_.best(output)];
    const AllocatorRequest& accepted = requests[inputs_.best(request.input)];
    if (&request != &accepted && !(request.all && request.label == accepted.label)) continue;
    request.granted = true;
    served_[request.input] = request.label;
    taken_[output] = true;
    if (!first) continue;
    outputs_.advance(output, request.input);
    inputs_.advance(request.input, output);
  }
  const bool granted = !outputs_.asked().empty();
  outputs_.clear();
  inputs_.clear();
  return granted;
}

}  // namespace spikeloom
