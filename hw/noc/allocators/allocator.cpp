#include "hw/noc/allocators/allocator.h"

#include <algorithm>

#include "hw/noc/allocators/islip.h"
#include "hw/noc/allocators/separable.h"

namespace spikeloom {

Allocator::Allocator(int inputs, int outputs)
    : served_(size_t(inputs + outputs) > few_.size() ? new uint16_t[size_t(inputs + outputs)] : few_.data()),
      inputs_(uint16_t(inputs)),
      outputs_(uint16_t(outputs)) {
  std::fill_n(served_, inputs, uint16_t(outputs - 1));  // the first choice is next
  std::fill_n(served_ + inputs, outputs, uint16_t(inputs - 1));
  offers_to_inputs.grow(inputs);
  offers_to_outputs.grow(outputs);
}

Allocator::~Allocator() {
  if (served_ != few_.data()) delete[] served_;
}

bool Allocator::grant_apart(AllocatorRequest* requests, size_t count) {
  uint64_t inputs = 0, outputs = 0;  // bit i % 64: i was seen; another one with that bit counts as a meeting, too
  for (size_t i = 0; i < count; ++i) {
    const uint64_t input = uint64_t{1} << (requests[i].input % 64), output = uint64_t{1} << (requests[i].output % 64);
    if ((inputs & input) || (outputs & output)) return false;
    inputs |= input;
    outputs |= output;
  }
  for (size_t i = 0; i < count; ++i) grant(&requests[i]);
  return true;
}

bool Allocator::grant_one_of(AllocatorRequest* requests, size_t count) {
  const RoundRobinArbiters arbiters = of_inputs();
  AllocatorRequest* best = requests;
  for (size_t i = 0; i < count; ++i) {
    AllocatorRequest& request = requests[i];
    if (request.input != best->input || request.priority != best->priority || request.all) return false;
    if (arbiters.distance(request.input, request.output) < arbiters.distance(best->input, best->output))
      best = &request;
  }
  grant(best);
  return true;
}

const std::vector<std::string>& allocator_names() {
  static const std::vector<std::string> names = {"islip", "separable_input_first", "separable_output_first"};
  return names;
}

std::unique_ptr<Allocator> make_allocator(int index, int inputs, int outputs, int iterations) {
  if (index == 1) return std::make_unique<SeparableInputFirst>(inputs, outputs);
  if (index == 2) return std::make_unique<SeparableOutputFirst>(inputs, outputs);
  return std::make_unique<Islip>(inputs, outputs, iterations);
}

}  // namespace spikeloom
