// The synapse array's SystemVerilog twin by its ports.
#pragma once

// clang-format off
#define PORTS(X)                                                                                                      \
  X(clk) X(reset) X(code_keeps_slopes) X(item_valid) X(item_pass) X(item_batch) X(item_tokens) X(item_first_slice)    \
  X(item_last_slice) X(item_releases_load) X(item_load) X(item_needs_fired) X(item_wide_row) X(item_rows)             \
  X(item_wides) X(item_wide) X(format_slope_bits) X(format_sign) X(format_steps) X(window_group) X(window_last)       \
  X(format_row_shifts) X(format_slots) X(format_digits) X(format_all_digits) X(lane_serves) X(lane_first)             \
  X(lane_inputs) X(spikes_in_valid) X(spikes_in_head) X(spikes_in_bits) X(weights_in_valid) X(weights_in_head)        \
  X(weights_in_parameters) X(weights_in_tag) X(weights_in_bits) X(load_row_bytes) X(parameters_out_ready)             \
  X(membrane_free_in_valid) X(neurons_out_room) X(window_done) X(spikes_in_pop) X(weights_in_pop) X(load_index)       \
  X(parameters_out_push) X(membrane_free_in_pop) X(neurons_out_batch_start) X(neurons_out_pass) X(neurons_out_batch)  \
  X(neurons_out_tokens) X(neurons_out_window_start) X(neurons_out_group) X(neurons_out_shifts) X(neurons_out_row)     \
  X(neurons_out_weights) X(neurons_out_slot) X(neurons_out_slope) X(neurons_out_negative)                             \
  X(neurons_out_unsigned_weights) X(neurons_out_mark) X(neurons_out_step) X(neurons_out_slice_end)                    \
  X(neurons_out_batch_complete) X(neurons_out_releases_load) X(neurons_out_load) X(neurons_out_needs_fired)           \
  X(weight_read) X(weight_waits)
// clang-format on

#include "tests/lockstep/twin.h"
