// Small multiply-accumulate traces, whose results are known by hand.
#pragma once

#include <memory>

#include "sim/base/mac_trace.h"
#include "tests/support/trace_files.h"

namespace spikeloom {

// Two tokens. Input `a` of 4, groups of 2: activations of 4 and 3 bits with zero points, weights of 4 and 3 bits; it is
// read by `p` (2 outputs). Values and results: mac_reference_test.cpp.
TracePair small_mac_trace();
// binary16, one token: `a` of 4 is read by `p` (2 outputs).
TracePair small_binary16_trace();

// Random integers, or binary16 values where an input has no groups.
struct MacShape {
  struct Input {
    int size;
    std::vector<MacGroup> groups;  // none: binary16, as all inputs of a trace are then
  };
  struct Operation {
    int input, outputs;
  };
  int tokens = 1;
  bool symmetric = true;
  std::vector<Input> inputs;
  std::vector<Operation> operations;
  double zeros = 0.25;  // share of codes, or values, that are 0
  unsigned seed = 1;
};
// With the expected outputs that the reference of models/ computes.
std::shared_ptr<const MacTrace> random_mac_trace(const MacShape& shape);

}  // namespace spikeloom
