#include "sim/base/energy_ledger.h"

#include <algorithm>

namespace spikeloom {

void EnergyCounter::open_window(Slot* slot, Cycle now, uint32_t phase) {
  close_window(slot);
  slot->window_begin = now - now % window_cycles_;
  slot->phase = phase;
}

void EnergyCounter::close_window(Slot* slot) {
  if (slot->pending > 0) ledger_->records_.push_back({slot->window_begin, id_, slot->phase, slot->pending});
  total_ += slot->pending;
  slot->pending = 0;
}

void EnergyCounter::add_span(Cycle first, Cycle cycles, uint64_t count, uint32_t phase) {
  while (cycles > 0) {
    const Cycle here = std::min(cycles, window_cycles_ - first % window_cycles_);
    add(first, here * count, phase);
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
  phase_ = phase;
  if (phase_observer_) phase_observer_(phase);
}

EnergyBundle::EnergyBundle(EnergyLedger& ledger, std::vector<Part> parts)
    : rest_(new Rest{ledger.window_cycles_, std::move(parts)}) {
  ledger.bundles_.push_back(this);
}

void EnergyBundle::add_parts(const std::vector<Part>& parts) {
  rest_->parts.insert(rest_->parts.end(), parts.begin(), parts.end());
}

void EnergyBundle::open_window(Cycle now, uint32_t phase) {
  settle();
  window_end_ = now - now % rest_->window_cycles + rest_->window_cycles;
  phase_ = phase;
}

void EnergyBundle::settle() {
  if (pending_ == 0) return;
  for (const Part& part : rest_->parts)
    part.counter->add(window_end_ - rest_->window_cycles, pending_ * part.weight, phase_);
  rest_->settled += pending_;
  pending_ = 0;
}

void EnergyLedger::settle() {
  for (EnergyBundle* bundle : bundles_) bundle->settle();
}

void EnergyLedger::close() {
  settle();
  for (auto& counter : counters_)
    for (auto& slot : counter->slots_) counter->close_window(&slot);
}

}  // namespace spikeloom
