// The router's SystemVerilog twin by its ports.
#pragma once

// clang-format off
#define PORTS(X)                                                                                                      \
  X(clk) X(reset) X(x) X(y) X(to_node) X(arrival_channels) X(memory_x) X(memory_y) X(memory_port) X(branches)         \
  X(in_valid) X(in_vc) X(in_head) X(in_tail) X(in_ordered) X(in_flow) X(in_destination) X(in_bits) X(in_credit)       \
  X(out_valid) X(out_vc) X(out_head) X(out_tail) X(out_ordered) X(out_flow) X(out_destination) X(out_bits)            \
  X(out_credit)
// clang-format on

#include "tests/lockstep/twin.h"
