// Allocators: a matching between inputs and outputs, once a cycle.
//
// Contract: sets `granted` of some requests so that every output is granted once and every input once, but for inputs
// whose requests may all be served (`all`, the branches of one multicast flit: the same label). Round-robin pointers
// move on by what was granted; nothing else is remembered. The order of the requests matters in one case only: where
// several of an input are granted, its pointer follows the last.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hw/noc/allocators/round_robin.h"

namespace spikeloom {

struct AllocatorRequest {
  uint16_t input, output;
  uint16_t label;    // whose request it is, where several share an input
  uint8_t priority;  // higher goes first, where the allocator knows priorities
  bool all;          // may be granted beside others of this input and label
  bool granted;      // the result; false before
};

class alignas(64) Allocator {
 public:
  Allocator(int inputs, int outputs);
  virtual ~Allocator();
  Allocator(const Allocator&) = delete;
  Allocator& operator=(const Allocator&) = delete;

  void allocate(AllocatorRequest* requests, size_t count) {
    if (!grant_apart(requests, count) && !grant_one_of(requests, count)) match(requests, count);
  }
  // Serves a request that no other one meets, as allocate() would (both arbiters advance; without their cache lines).
  void grant(int input, int output) {
    served_[input] = uint16_t(output);
    served_[inputs_ + output] = uint16_t(input);
  }
  void allocate(std::vector<AllocatorRequest>& requests) { allocate(requests.data(), requests.size()); }

 protected:
  // Arbiters, one each: inputs' choose among outputs, and the other way. Nothing is offered to them.
  RoundRobinArbiters of_inputs() { return {served_, outputs_, &offers_to_inputs}; }
  RoundRobinArbiters of_outputs() { return {served_ + inputs_, inputs_, &offers_to_outputs}; }
  virtual void match(AllocatorRequest* requests, size_t count) = 0;
  void grant(AllocatorRequest* request) {
    request->granted = true;
    grant(request->input, request->output);
  }

 private:
  // One for all allocators: empty between two matchings.
  inline static RoundRobinArbiters::Offers offers_to_inputs, offers_to_outputs;

  // What each arbiter served last, inputs' and outputs': with few of them all that granting touches is one cache line.
  uint16_t* const served_;
  const uint16_t inputs_, outputs_;
  std::array<uint16_t, 22> few_;

  // What every policy does alike, for speed: grants all requests if no two of them meet; or one, if they are one
  // input's. False: neither is so.
  bool grant_apart(AllocatorRequest* requests, size_t count);
  bool grant_one_of(AllocatorRequest* requests, size_t count);
};

// By index into allocator_names(): islip, separable_input_first, separable_output_first.
const std::vector<std::string>& allocator_names();
std::unique_ptr<Allocator> make_allocator(int index, int inputs, int outputs, int iterations);

}  // namespace spikeloom
