#include "hw/dram/mapping/address_mapping.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/tiny_dram.h"

namespace spikeloom {
namespace {

DramDeviceSpec small(int groups) {
  DramDeviceSpec device = tiny_dram().device;
  device.bank_groups = groups;
  device.banks = 8;
  device.rows = 3;
  device.columns = 5 * device.burst_length;
  return device;
}

DramAddress place(const char* name, uint64_t burst, int groups = 1) {
  for (size_t i = 0; i < mapping_names().size(); ++i)
    if (mapping_names()[i] == name) return make_mapping(int(i), small(groups))->place(burst);
  return {-1, -1, -1};
}

TEST(AddressMappingUnit, M01_EveryMappingIsOneToOne) {
  for (size_t i = 0; i < mapping_names().size(); ++i) {
    std::set<std::tuple<int, int, int>> places;
    for (uint64_t burst = 0; burst < 8 * 3 * 5; ++burst) {
      const DramAddress at = make_mapping(int(i), small(2))->place(burst);
      EXPECT_TRUE(at.bank >= 0 && at.bank < 8 && at.row >= 0 && at.row < 3 && at.column >= 0 && at.column < 5);
      places.insert({at.bank, at.row, at.column});
    }
    EXPECT_EQ(places.size(), 8u * 3 * 5) << mapping_names()[i];
  }
}

// Burst 47 of 5 a row and 8 banks, with the fields from the lowest on.
TEST(AddressMappingUnit, M02_NamesListTheFieldsFromTheHighestBitsOn) {
  EXPECT_EQ(place("row_bank_column", 47), (DramAddress{1, 1, 2}));  // 47 = 2 + 5 x (1 + 8 x 1)
  EXPECT_EQ(place("bank_row_column", 47), (DramAddress{3, 0, 2}));  // 47 = 2 + 5 x (0 + 3 x 3)
  EXPECT_EQ(place("row_column_bank", 47), (DramAddress{7, 1, 0}));  // 47 = 7 + 8 x (0 + 5 x 1)
  // 47 = 1 + 2 x (3 + 5 x (0 + 4 x 1)): group 1, bank 0 of it, which is bank 0 x 2 + 1
  EXPECT_EQ(place("row_bank_column_group", 47, 2), (DramAddress{1, 1, 3}));
}

}  // namespace
}  // namespace spikeloom
