// The vector unit as its config describes it, section memory_node.vector_unit.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/base/config.h"
#include "sim/base/energy_ledger.h"

namespace spikeloom {

// Widths and table sizes that a number format of models/vector_unit.py asks for.
struct NumberFormat {
  const char* name;
  int element_bits, sum_bits;
  SramMacro exponential_table;  // T[i] and T[i+1] - T[i], i = 0 .. 1023
  SramMacro seed_table;         // 8-bit seeds of reciprocals, then of reciprocal roots, 256 each, in 2 bytes
};

struct VectorUnitSpec {
  int number_format = 0;  // index into number_formats()
  int lanes = 0;          // each: a binary32 adder and multiplier, a binary64 adder, shifters, comparators
  // From operands to result, pipelined: one operation a cycle each.
  int add_cycles = 0, multiply_cycles = 0, double_add_cycles = 0, double_multiply_cycles = 0;
  int table_ports = 0, table_cycles = 0;  // copies of both tables, each read once a cycle
  int buffer_bytes = 0;                   // vector buffer, words of one element per lane
  int vectors_in_flight = 0;              // at most; fewer where the vector buffer holds fewer

  const NumberFormat& format() const;
  SramMacro buffer() const { return {uint64_t(buffer_bytes), uint64_t(lanes) * format().element_bits / 8}; }
  // Elements of the longest vector that the vector buffer holds: what a layer's longest must not exceed.
  int64_t longest_vector() const { return int64_t(buffer().bytes / buffer().word_bytes) * lanes; }
  // Bits of a histogram counter.
  int counter_bits() const;

  // Reads the section. Throws UserError for missing, out-of-range or unknown values.
  static VectorUnitSpec read(ConfigNode& section);
};

const std::vector<NumberFormat>& number_formats();

// What leaks, in the terms of hw/chip's inventory.
struct VectorUnitInventory {
  uint64_t register_bits = 0, adder_bits = 0;
  std::vector<std::pair<SramMacro, int>> srams;  // macro, how many
};
VectorUnitInventory inventory(const VectorUnitSpec& spec);

}  // namespace spikeloom
