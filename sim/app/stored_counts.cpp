// counts.csv: what a run leaves, so that it can be priced again.

#include <fstream>
#include <sstream>
#include <vector>

#include "sim/app/bill.h"
#include "sim/base/error.h"

namespace spikeloom {

namespace {

const char* const kColumns = "counter,block,event,count";
const char* const kCycles = "cycles";  // event of the row that holds them; its block is the chip

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::stringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) fields.push_back(field);
  return fields;
}

uint64_t number_of(const std::string& field, const std::string& place) {
  if (field.empty() || field.find_first_not_of("0123456789") != std::string::npos || field.size() > 19)
    throw UserError(place + ": '" + field + "' is not a whole number");
  return std::stoull(field);
}

}  // namespace

StoredCounts StoredCounts::of(const Chip& chip) {
  StoredCounts counts;
  counts.cycles = chip.cycles();
  const auto& counters = chip.ledger().counters();
  for (size_t i = 0; i < counters.size(); ++i)
    if (counters[i]->total() > 0)
      counts.rows.push_back({i, counters[i]->block(), info(counters[i]->event()).name, counters[i]->total()});
  return counts;
}

std::string StoredCounts::csv() const {
  std::string text = std::string(kColumns) + "\n,chip," + kCycles + "," + std::to_string(cycles) + "\n";
  for (const Row& row : rows)
    text += std::to_string(row.counter) + "," + row.block + "," + row.event + "," + std::to_string(row.count) + "\n";
  return text;
}

StoredCounts StoredCounts::read(const std::string& folder) {
  const std::string file = folder + "/counts.csv";
  std::ifstream stream(file);
  if (!stream) throw UserError(file + ": cannot be read; `spikeloom run -o FOLDER` writes it");
  std::string line;
  if (!std::getline(stream, line) || line != kColumns) throw UserError(file + ":1: the columns must be " + kColumns);
  StoredCounts counts;
  for (int number = 2; std::getline(stream, line); ++number) {
    const std::string place = file + ":" + std::to_string(number);
    const std::vector<std::string> fields = fields_of(line);
    if (fields.size() != 4) throw UserError(place + ": not 4 columns");
    const uint64_t count = number_of(fields[3], place);
    if (fields[2] == kCycles)
      counts.cycles = count;
    else
      counts.rows.push_back({number_of(fields[0], place), fields[1], fields[2], count});
  }
  if (counts.cycles == 0) throw UserError(file + ": has no row of the run's cycles");
  return counts;
}

void StoredCounts::give_to(EnergyLedger& ledger) const {
  const auto& counters = ledger.counters();
  for (const Row& row : rows) {
    const EnergyCounter* counter = row.counter < counters.size() ? counters[row.counter].get() : nullptr;
    if (!counter || counter->block() != row.block || info(counter->event()).name != row.event)
      throw UserError("the counts are of another chip or layer: here counter " + std::to_string(row.counter) +
                      " is not " + row.event + " of " + row.block);
    counters[row.counter]->add(0, row.count, 0);
  }
  ledger.close();
}

}  // namespace spikeloom
