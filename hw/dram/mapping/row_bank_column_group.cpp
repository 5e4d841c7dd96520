#include "hw/dram/mapping/mappings.h"

namespace spikeloom {

DramAddress RowBankColumnGroup::place(uint64_t burst) const {
  DramAddress at;
  const int group = take(&burst, device_.bank_groups);
  at.column = take(&burst, device_.row_bursts());
  at.bank = take(&burst, device_.banks / device_.bank_groups) * device_.bank_groups + group;
  at.row = int(burst);
  return at;
}

}  // namespace spikeloom
