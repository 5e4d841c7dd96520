// Banked weight SRAM in two halves: one half is read while the other is filled.
//
// Timing   none of its own: the block that owns it accesses one row a cycle in each direction. Banks that both halves
//          share have one port each, which it asks for; row r of half h lies at word h * half_rows + r (BankPorts).
// Energy   WeightRowRead and WeightRowWrite per row, at the price of one bank (capacity / banks, word = one row).
// Config   sizes and banks from SynapseArraySpec.
// Differs  a half is never read and written at once (DEVIATIONS 3).
#pragma once

#include <cassert>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>

#include "hw/neuron_array/lane_kernels.h"
#include "hw/sram/bank_ports.h"
#include "sim/base/energy_ledger.h"

namespace spikeloom {

class BankedSram {
 public:
  // rows per half; row_bytes per row; shared_banks: those of both halves, 0 where each has its own.
  BankedSram(const std::string& name, int half_rows, int row_bytes, SramMacro bank, int shared_banks,
             EnergyLedger& ledger)
      : stride_(padded_half(2 * row_bytes)),
        half_rows_(half_rows),
        data_(static_cast<uint8_t*>(std::calloc(size_t(2) * half_rows, stride_)), &std::free),
        read_(ledger.sram_counter(name, EnergyEvent::kWeightRowRead, bank)),
        write_(ledger.sram_counter(name, EnergyEvent::kWeightRowWrite, bank)),
        ports_(shared_banks) {}

  // Where the caller is to put the `count` bytes of a row that is about to be written.
  uint8_t* place_of(int half, int row, size_t count) {
    assert(row < half_rows_ && count <= size_t(stride_));
    return data_.get() + begin_of(half, row);
  }
  void write_row(Cycle at, uint32_t phase) { write_.add(at, 1, phase); }
  void read_row(Cycle at) { read_rows(at, 1); }
  // One a cycle from `first` on.
  void read_rows(Cycle first, int count) {
    read_.add_span(first, Cycle(count), 1);
    rows_read_ += uint64_t(count);
  }
  // Shared banks: the read of a row in cycle `at`, now or later, is to find its bank free. In the order of cycles.
  void keep_port(Cycle now, Cycle at, int half, int row) {
    assert(at >= now && (reads_.empty() || reads_.back().at <= at));
    while (!reads_.empty() && reads_.front().at < now) reads_.pop_front();
    reads_.push_back({at, word_of(half, row)});
  }
  // Shared banks, once all reads of this cycle are known: whether a row could be written, its bank being free.
  bool take_port(Cycle now, int half, int row) {
    for (; !reads_.empty() && reads_.front().at <= now; reads_.pop_front())
      if (reads_.front().at == now) ports_.take(now, reads_.front().word, 1);
    return ports_.take(now, word_of(half, row), 1);
  }
  // Where a row lies. Its contents stay until the half is released and loaded again.
  const uint8_t* row(int half, int row) const { return data_.get() + begin_of(half, row); }
  uint64_t rows_read() const { return rows_read_; }

 private:
  struct Read {
    Cycle at;
    uint64_t word;
  };
  uint64_t word_of(int half, int row) const { return uint64_t(half) * half_rows_ + row; }
  size_t begin_of(int half, int row) const { return word_of(half, row) * stride_; }

  int stride_, half_rows_;                          // bytes from row to row on the host
  std::unique_ptr<uint8_t, void (*)(void*)> data_;  // zeroed by the system when first touched
  EnergyCounter &read_, &write_;
  uint64_t rows_read_ = 0;
  BankPorts ports_;         // of shared banks
  std::deque<Read> reads_;  // of now and later
};

}  // namespace spikeloom
