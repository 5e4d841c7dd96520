// Allocators: a matching between inputs and outputs, once a cycle.
//
// Contract: sets `granted` of some requests so that every output is granted once and every input once, but for inputs
// whose requests may all be served (`all`, the branches of one multicast flit: the same label). Round-robin pointers
// move on by what was granted; nothing else is remembered. The order of the requests matters in one case only: where
// several of an input are granted, its pointer follows the last.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace spikeloom {

struct AllocatorRequest {
  uint16_t input = 0, output = 0;
  uint16_t label = 0;    // whose request it is, where several share an input
  uint8_t priority = 0;  // higher goes first, where the allocator knows priorities
  bool all = false;      // may be granted beside others of this input and label
  bool granted = false;  // the result
};

class Allocator {
 public:
  virtual ~Allocator() = default;
  virtual void allocate(std::vector<AllocatorRequest>& requests) = 0;
};

// By index into allocator_names(): islip, separable_input_first, separable_output_first.
const std::vector<std::string>& allocator_names();
std::unique_ptr<Allocator> make_allocator(int index, int inputs, int outputs, int iterations);

}  // namespace spikeloom
