#include "hw/dram/mapping/mappings.h"

namespace spikeloom {

DramAddress RowColumnBank::place(uint64_t burst) const {
  DramAddress at;
  at.bank = take(&burst, device_.banks);
  at.column = take(&burst, device_.row_bursts());
  at.row = int(burst);
  return at;
}

}  // namespace spikeloom
