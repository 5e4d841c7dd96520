#include "hw/dram/mapping/mappings.h"

namespace spikeloom {

DramAddress RowBankColumn::place(uint64_t burst) const {
  DramAddress at;
  at.column = take(&burst, device_.row_bursts());
  at.bank = take(&burst, device_.banks);
  at.row = int(burst);
  return at;
}

}  // namespace spikeloom
