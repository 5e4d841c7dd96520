#include "hw/dram/dram_device.h"

#include <cassert>

namespace spikeloom {

DramDevice::DramDevice(const DramDeviceSpec& spec) : spec_(spec), banks_(spec.banks), groups_(spec.bank_groups) {
  for (int bank = 0; bank < spec.banks; ++bank) banks_[bank].group = bank % spec.bank_groups;
}

DramClock DramDevice::activate_at(int bank) const {
  return std::max({command_from_, banks_[bank].activate_from, group_of(bank).activate_from, all_.activate_from,
                   faw_from_[oldest_activate_]});
}

DramClock DramDevice::column_at(int bank, bool write) const {
  const Group& group = group_of(bank);
  const DramClock data =
      write ? std::max(group.write_from, all_.write_from) : std::max(group.read_from, all_.read_from);
  return std::max({command_from_, banks_[bank].column_from, data});
}

void DramDevice::activate(int bank, int row, DramClock at) {
  assert(at >= activate_at(bank) && banks_[bank].row < 0);
  const DramTiming& t = spec_.timing;
  Bank& b = banks_[bank];
  b.row = row;
  b.column_from = at + t.tRCD;
  b.precharge_from = at + t.tRAS;
  b.activate_from = at + t.tRC();
  group_of(bank).activate_from = at + t.tRRD_L;
  all_.activate_from = at + t.tRRD_S;
  faw_from_[oldest_activate_] = at + t.tFAW;
  oldest_activate_ = (oldest_activate_ + 1) % int(faw_from_.size());
  use_bus(at, t.activate_command);
  opens(at);
}

void DramDevice::precharge(int bank, DramClock at) {
  assert(at >= precharge_at(bank) && banks_[bank].row >= 0);
  Bank& b = banks_[bank];
  b.row = -1;
  b.activate_from = std::max(b.activate_from, at + spec_.timing.tRPpb);
  use_bus(at, spec_.timing.precharge_command);
  closes(at);
}

DramClock DramDevice::column(int bank, bool write, bool close, DramClock at) {
  assert(at >= column_at(bank, write) && banks_[bank].row >= 0);
  const DramTiming& t = spec_.timing;
  Bank& b = banks_[bank];
  Group& group = group_of(bank);
  const DramClock end = at + (write ? t.write_data_end() : t.read_data_end());
  const auto later = [](DramClock* from, DramClock clock) { *from = std::max(*from, clock); };
  later(write ? &all_.write_from : &all_.read_from, at + t.tCCD_S);
  later(write ? &group.write_from : &group.read_from, at + t.tCCD_L);
  if (write) {
    later(&all_.read_from, end + t.tWTR_S);
    later(&group.read_from, end + t.tWTR_L);
    later(&b.precharge_from, end + t.tWR);
  } else {
    later(&all_.write_from, at + t.read_to_write());
    later(&b.precharge_from, at + t.tRTP);
  }
  use_bus(at, t.column_command);
  if (close) {
    b.row = -1;
    later(&b.activate_from, b.precharge_from + t.tRPpb);
    closes(b.precharge_from);
  }
  return end;
}

DramClock DramDevice::refresh(DramClock due) {
  const DramTiming& t = spec_.timing;
  DramClock at = std::max(due, command_from_);
  if (open_banks_ > 0) {
    for (const Bank& b : banks_)
      if (b.row >= 0) at = std::max(at, b.precharge_from);
    for (Bank& b : banks_) {
      if (b.row < 0) continue;
      b.row = -1;
      closes(at);
    }
    use_bus(at, t.precharge_command);
    at = std::max(at + t.tRPab, command_from_);
  }
  for (const Bank& b : banks_) at = std::max(at, b.activate_from);
  for (Bank& b : banks_) b.activate_from = at + t.tRFCab;
  use_bus(at, t.refresh_command);
  opens(at);
  closes(at + t.tRFCab);
  return at;
}

void DramDevice::opens(DramClock at) {
  if (open_banks_++ > 0 || at <= active_until_) return;
  if (active_until_ > active_since_) active_.emplace_back(active_since_, active_until_);
  active_since_ = at;
}

void DramDevice::closes(DramClock at) {
  --open_banks_;
  active_until_ = std::max(active_until_, at);
}

}  // namespace spikeloom
