#include "hw/noc/allocators/allocator.h"

#include "hw/noc/allocators/islip.h"
#include "hw/noc/allocators/separable.h"

namespace spikeloom {

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
