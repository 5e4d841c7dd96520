// Banked weight SRAM in two halves: one half is read while the other is filled.
//
// Timing   none of its own: the block that owns it accesses one row a cycle in each direction.
// Energy   WeightRowRead and WeightRowWrite per row, at the price of one bank (capacity / banks, word = one row).
// Config   sizes from SynapseArraySpec.
// Differs  a half is never read and written at once (DEVIATIONS 3).
#pragma once

#include <cassert>
#include <cstdlib>
#include <memory>
#include <string>

#include "hw/neuron_array/lane_kernels.h"
#include "sim/base/energy_ledger.h"

namespace spikeloom {

class BankedSram {
 public:
  // rows per half; row_bytes per row.
  BankedSram(const std::string& name, int half_rows, int row_bytes, SramMacro bank, EnergyLedger& ledger)
      : stride_(padded_half(2 * row_bytes)),
        half_rows_(half_rows),
        data_(static_cast<uint8_t*>(std::calloc(size_t(2) * half_rows, stride_)), &std::free),
        read_(ledger.sram_counter(name, EnergyEvent::kWeightRowRead, bank)),
        write_(ledger.sram_counter(name, EnergyEvent::kWeightRowWrite, bank)) {}

  // Writes a row of `count` bytes: returns where the caller is to put them.
  uint8_t* write_row(Cycle now, int half, int row, size_t count, uint32_t phase) {
    assert(row < half_rows_ && count <= size_t(stride_));
    write_.add(now, 1, phase);
    return data_.get() + begin_of(half, row);
  }
  void read_row(Cycle now) {
    read_.add(now, 1);
    ++rows_read_;
  }
  // Where a row lies. Its contents stay until the half is released and loaded again.
  const uint8_t* row(int half, int row) const { return data_.get() + begin_of(half, row); }
  uint64_t rows_read() const { return rows_read_; }

 private:
  size_t begin_of(int half, int row) const { return (size_t(half) * half_rows_ + row) * stride_; }

  int stride_, half_rows_;                          // bytes from row to row on the host
  std::unique_ptr<uint8_t, void (*)(void*)> data_;  // zeroed by the system when first touched
  EnergyCounter &read_, &write_;
  uint64_t rows_read_ = 0;
};

}  // namespace spikeloom
