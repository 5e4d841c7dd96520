// The address mappings; each is one file beside this one.
#pragma once

#include "hw/dram/mapping/address_mapping.h"

namespace spikeloom {

// A stream fills a row, then the same row of the next bank: the next row can be opened while this one is read.
class RowBankColumn : public AddressMapping {
 public:
  using AddressMapping::AddressMapping;
  DramAddress place(uint64_t burst) const override;
};

// A stream stays in one bank: every new row waits for the old one to be closed.
class BankRowColumn : public AddressMapping {
 public:
  using AddressMapping::AddressMapping;
  DramAddress place(uint64_t burst) const override;
};

// Each burst of a stream lies in the next bank: all banks are open at once.
class RowColumnBank : public AddressMapping {
 public:
  using AddressMapping::AddressMapping;
  DramAddress place(uint64_t burst) const override;
};

// As RowBankColumn, but a stream's bursts alternate between the bank groups, so that they follow at tCCD_S.
class RowBankColumnGroup : public AddressMapping {
 public:
  using AddressMapping::AddressMapping;
  DramAddress place(uint64_t burst) const override;
};

}  // namespace spikeloom
