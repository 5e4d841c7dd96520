#include "hw/neuron_array/slope_bank.h"

namespace spikeloom {

bool SlopeBank::is_open(const WeightedRow& row) const { return active_[row.slot] & 1u << row.slope; }

void SlopeBank::open(const WeightedRow& row) {
  std::fill_n(registers(row.slot, row.slope), 2 * half_, 0);
  active_[row.slot] |= 1u << row.slope;
}

void SlopeBank::add_products(const NeuronCommand& command) {
  for (int i = 0; i < command.count; ++i)
    if (!is_open(command.rows[i])) open(command.rows[i]);
  add(command);
}

// Rows of one slope at a time, so that the kernel keeps it in registers.
void SlopeBank::add(const NeuronCommand& command) {
  const auto key = [&](int i) { return command.rows[i].slot * kMostSlopes + command.rows[i].slope; };
  const bool products = command.kind == NeuronCommand::Kind::kProducts;
  uint32_t left = command.count == 32 ? ~0u : (1u << command.count) - 1;
  while (left) {
    const int lead = __builtin_ctz(left);
    const WeightedRow& first = command.rows[lead];
    const uint8_t* rows[NeuronCommand::kMostRows];
    int8_t factors[NeuronCommand::kMostRows];
    int count = 0;
    for (uint32_t rest = left; rest; rest &= rest - 1) {
      const int i = __builtin_ctz(rest);
      const WeightedRow& row = command.rows[i];
      if (key(i) != key(lead) || row.unsigned_weights != first.unsigned_weights) continue;
      rows[count] = row.data;
      factors[count++] = int8_t(row.negative ? -int(row.magnitude) : row.magnitude);
      left &= ~(1u << i);
    }
    if (products)
      add_weight_products(registers(first.slot, first.slope), half_, rows, factors, count, first.unsigned_weights);
    else
      add_weight_rows(registers(first.slot, first.slope), half_, rows, factors, count, first.unsigned_weights);
  }
}

}  // namespace spikeloom
