#include "hw/vector_unit/vector_unit_spec.h"

#include "hw/vector_unit/vector_program.h"
#include "sim/base/bits.h"

namespace spikeloom {

namespace {

// Adder bits that leak as much as a unit: Aladdin's power_func.h at 2 ns, DesignWare floating-point units over
// a thirty-second of the relaxed 32-bit adder (2.381e-3 mW), the price of an adder bit.
constexpr uint64_t kAddAdderBits = 289;              // 2.149e-2 mW
constexpr uint64_t kMultiplyAdderBits = 799;         // 5.942e-2 mW
constexpr uint64_t kDoubleAddAdderBits = 605;        // 4.504e-2 mW
constexpr uint64_t kDoubleMultiplyAdderBits = 2617;  // 1.948e-1 mW
constexpr uint64_t kComparatorBits = 32;             // one comparator a lane

constexpr uint64_t kHistograms = 2;       // one is counted, one is searched
constexpr uint64_t kVectorRegisters = 4;  // per vector in flight: what reductions leave, scale, limit, exponents

}  // namespace

const std::vector<NumberFormat>& number_formats() {
  static const std::vector<NumberFormat> formats = {{"binary32-index-order", 32, 64, {1024 * 8, 8}, {512 * 2, 2}}};
  return formats;
}

const NumberFormat& VectorUnitSpec::format() const { return number_formats()[number_format]; }

int VectorUnitSpec::counter_bits() const { return ceil_log2(uint64_t(longest_vector()) + 1); }

VectorUnitSpec VectorUnitSpec::read(ConfigNode& section) {
  VectorUnitSpec spec;
  std::vector<std::string> names;
  for (const NumberFormat& format : number_formats()) names.push_back(format.name);
  spec.number_format = section.choice("number_format", names);
  spec.lanes = int(section.integer("lanes", 1, 32));  // the SRAM table's widest word is 128 bytes
  spec.add_cycles = int(section.integer("add_cycles", 1, 16));
  spec.multiply_cycles = int(section.integer("multiply_cycles", 1, 16));
  spec.double_add_cycles = int(section.integer("double_add_cycles", 1, 16));
  spec.double_multiply_cycles = int(section.integer("double_multiply_cycles", 1, 16));
  spec.table_ports = int(section.integer("table_ports", 1, spec.lanes));
  spec.table_cycles = int(section.integer("table_cycles", 1, 16));
  spec.buffer_bytes = int(section.integer("buffer_bytes", 256, 1 << 22));
  spec.vectors_in_flight = int(section.integer("vectors_in_flight", 1, 64));
  return spec;
}

VectorUnitInventory inventory(const VectorUnitSpec& spec) {
  const NumberFormat& format = spec.format();
  const uint64_t lanes = spec.lanes, element = format.element_bits, sum = format.sum_bits;
  const uint64_t counters = kHistograms * (1 << kDigitBits) * spec.counter_bits();
  // Per lane: stages of its adder and multiplier, of its binary64 adder, and as many partial sums as that has stages.
  const uint64_t lane = element * (spec.add_cycles + spec.multiply_cycles) + 2 * sum * spec.double_add_cycles;
  VectorUnitInventory all;
  all.register_bits = lanes * lane + sum * (spec.double_add_cycles + spec.double_multiply_cycles) + counters +
                      uint64_t(spec.vectors_in_flight) * kVectorRegisters * element;
  all.adder_bits = lanes * (kAddAdderBits + kMultiplyAdderBits + kDoubleAddAdderBits + kComparatorBits) +
                   kDoubleAddAdderBits + kDoubleMultiplyAdderBits;
  all.srams = {{spec.buffer(), 1}, {format.exponential_table, spec.table_ports}, {format.seed_table, spec.table_ports}};
  return all;
}

}  // namespace spikeloom
