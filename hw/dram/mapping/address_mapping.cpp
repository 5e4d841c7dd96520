#include "hw/dram/mapping/address_mapping.h"

#include "hw/dram/mapping/mappings.h"

namespace spikeloom {

const std::vector<std::string>& mapping_names() {
  static const std::vector<std::string> names = {"row_bank_column", "bank_row_column", "row_column_bank",
                                                 "row_bank_column_group"};
  return names;
}

std::unique_ptr<AddressMapping> make_mapping(int index, const DramDeviceSpec& device) {
  if (index == 1) return std::make_unique<BankRowColumn>(device);
  if (index == 2) return std::make_unique<RowColumnBank>(device);
  if (index == 3) return std::make_unique<RowBankColumnGroup>(device);
  return std::make_unique<RowBankColumn>(device);
}

}  // namespace spikeloom
