#include "sim/base/energy_ledger.h"

#include <algorithm>

namespace spikeloom {

void EnergyCounter::open_window(Cycle now) {
  close_window();
  window_begin_ = now - now % window_cycles_;
}

void EnergyCounter::close_window() {
  if (pending_ > 0) ledger_->records_.push_back({window_begin_, id_, ledger_->phase_, pending_});
  total_ += pending_;
  pending_ = 0;
}

void EnergyCounter::add_span(Cycle first, Cycle cycles, uint64_t count) {
  while (cycles > 0) {
    if (first - window_begin_ >= window_cycles_) open_window(first);
    const Cycle here = std::min(cycles, window_begin_ + window_cycles_ - first);
    pending_ += here * count;
    first += here;
    cycles -= here;
  }
}

EnergyCounter& EnergyLedger::counter(const std::string& block, EnergyEvent event, double scale) {
  auto counter = std::make_unique<EnergyCounter>();
  counter->ledger_ = this;
  counter->window_cycles_ = window_cycles_;
  counter->id_ = static_cast<uint32_t>(counters_.size());
  counter->block_ = block;
  counter->event_ = event;
  counter->scale_ = scale;
  counters_.push_back(std::move(counter));
  return *counters_.back();
}

EnergyCounter& EnergyLedger::sram_counter(const std::string& block, EnergyEvent event, SramMacro macro) {
  assert(info(event).price != PriceKind::kListed);
  EnergyCounter& made = counter(block, event);
  made.macro_ = macro;
  return made;
}

void EnergyLedger::begin_phase(uint32_t phase) {
  for (auto& counter : counters_) counter->close_window();
  phase_ = phase;
}

void EnergyLedger::close() {
  for (auto& counter : counters_) counter->close_window();
}

}  // namespace spikeloom
