// The neuron array's SystemVerilog twin by its ports.
#pragma once

// clang-format off
#define INPUTS(X)                                                                                                   \
  X(clk) X(reset)                                                                                                   \
  X(config_write) X(config_pass) X(config_outputs) X(config_F) X(config_set) X(config_floating)                     \
  X(config_weight_shifts) X(config_receives_partials) X(config_sends_partials) X(config_destination)                \
  X(config_partials_from) X(config_row_shifts)                                                                      \
  X(commands_in_batch_start) X(commands_in_pass) X(commands_in_batch) X(commands_in_tokens)                         \
  X(commands_in_window_start) X(commands_in_group) X(commands_in_shifts)                                            \
  X(commands_in_row) X(commands_in_weights) X(commands_in_slot) X(commands_in_slope) X(commands_in_negative)        \
  X(commands_in_unsigned_weights) X(commands_in_mark) X(commands_in_step)                                           \
  X(commands_in_slice_end) X(commands_in_batch_complete) X(commands_in_releases_load) X(commands_in_needs_fired)    \
  X(parameters_in_valid) X(parameters_in_bits) X(parameters_in_tag) X(parameters_in_head) X(parameters_in_tail)     \
  X(parameters_in_last_packet)                                                                                      \
  X(partials_in_valid) X(partials_in_bits) X(partials_in_head) X(partials_in_tail) X(grants_in_valid)                \
  X(outputs_out_ready) X(partials_out_ready) X(control_out_ready)
#define FLIT(X, port)                                                                                               \
  X(port##_push) X(port##_bits) X(port##_tag) X(port##_destination) X(port##_class) X(port##_flow) X(port##_type) X(port##_head)      \
  X(port##_tail) X(port##_last_packet)
#define OUTPUTS(X)                                                                                                  \
  FLIT(X, outputs_out) FLIT(X, partials_out) FLIT(X, control_out) X(membrane_free_out_push)                         \
  X(parameters_in_pop) X(partials_in_pop) X(grants_in_pop) X(fire_valid) X(fire_V)
#define PORTS(X) INPUTS(X) OUTPUTS(X)
// clang-format on

#include "tests/lockstep/twin.h"

// A flit at ports of the twin.
#define READ_FLIT(port)                                      \
  [this] {                                                   \
    Flit flit;                                               \
    read_words(twin_.port##_bits, flit.bits.data());         \
    flit.tag = twin_.port##_tag.read();                      \
    flit.destination = twin_.port##_destination.read();      \
    flit.message_class = uint8_t(twin_.port##_class.read()); \
    flit.flow = uint8_t(twin_.port##_flow.read());           \
    flit.type = MessageType(twin_.port##_type.read());       \
    flit.head = twin_.port##_head.read();                    \
    flit.tail = twin_.port##_tail.read();                    \
    flit.last_packet = twin_.port##_last_packet.read();      \
    return flit;                                             \
  }()
