// Where an address lies in a device: bank, row, column.
//
// Contract: `place` maps the bursts 0 .. capacity - 1 one to one. The names list the fields from the highest address
// bits to the lowest. Bank b belongs to bank group b % bank_groups.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hw/dram/dram_spec.h"

namespace spikeloom {

struct DramAddress {
  int bank = 0, row = 0, column = 0;  // column: in bursts
  bool operator==(const DramAddress& other) const {
    return bank == other.bank && row == other.row && column == other.column;
  }
};

class AddressMapping {
 public:
  explicit AddressMapping(const DramDeviceSpec& device) : device_(device) {}
  virtual ~AddressMapping() = default;
  // `burst`: number of the burst within the device.
  virtual DramAddress place(uint64_t burst) const = 0;

 protected:
  // Splits the lowest field of `size` values off.
  static int take(uint64_t* address, int size) {
    const uint64_t count = uint64_t(size), whole = *address;
    *address = (count & (count - 1)) == 0 ? whole >> __builtin_ctzll(count) : whole / count;  // much faster so
    return int(whole - *address * count);
  }
  DramDeviceSpec device_;
};

// By index into mapping_names().
const std::vector<std::string>& mapping_names();
std::unique_ptr<AddressMapping> make_mapping(int index, const DramDeviceSpec& device);

}  // namespace spikeloom
