#include "hw/dram/mapping/mappings.h"

namespace spikeloom {

DramAddress BankRowColumn::place(uint64_t burst) const {
  DramAddress at;
  at.column = take(&burst, device_.row_bursts());
  at.row = take(&burst, device_.rows);
  at.bank = int(burst);
  return at;
}

}  // namespace spikeloom
