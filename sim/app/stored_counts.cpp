// counts.csv: what a run leaves, so that it can be priced again. Its last row adds all others up: what is not whole
// shows.

#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

#include "sim/app/bill.h"
#include "sim/base/error.h"

namespace spikeloom {

namespace {

const char* const kColumns = "counter,block,event,count";
// Events of the first row and of the last; their block is the chip.
const char* const kCycles = "cycles";
const char* const kTotal = "total";
const char* const kRemedy = "; `spikeloom run -o FOLDER` writes it anew";

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

// A row counts a counter once, in the order of the chip's counters.
void check_order(const StoredCounts& counts, const StoredCounts::Row& next, const std::string& place) {
  if (counts.cycles == 0) throw UserError(place + ": the row of the run's cycles must come first" + kRemedy);
  if (counts.rows.empty() || counts.rows.back().counter < next.counter) return;
  throw UserError(place + ": counter " + std::to_string(next.counter) +
                  (counts.rows.back().counter == next.counter ? " is there twice" : " is out of order") + kRemedy);
}

void check_whole(const StoredCounts& counts, const std::optional<uint64_t>& total, const std::string& file) {
  if (counts.cycles == 0) throw UserError(file + ": has no row of the run's cycles" + kRemedy);
  if (!total) throw UserError(file + ": ends without the total of its counts: rows are missing" + kRemedy);
  if (*total != counts.total())
    throw UserError(file + ": its counts add up to " + std::to_string(counts.total()) + ", not to the total " +
                    std::to_string(*total) + " in its last row: rows are missing or changed" + kRemedy);
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
  return text + ",chip," + kTotal + "," + std::to_string(total()) + "\n";
}

uint64_t StoredCounts::total() const {
  uint64_t sum = cycles;
  for (const Row& row : rows) sum += row.count;
  return sum;
}

StoredCounts StoredCounts::read(const std::string& folder) {
  const std::string file = folder + "/counts.csv";
  std::ifstream stream(file);
  if (!stream) throw UserError(file + ": cannot be read; `spikeloom run -o FOLDER` writes it");
  std::string line;
  if (!std::getline(stream, line) || line != kColumns) throw UserError(file + ":1: the columns must be " + kColumns);
  StoredCounts counts;
  std::optional<uint64_t> total;
  for (int number = 2; std::getline(stream, line); ++number) {
    const std::string place = file + ":" + std::to_string(number);
    const std::vector<std::string> fields = fields_of(line);
    if (fields.size() != 4) throw UserError(place + ": not 4 columns");
    if (total) throw UserError(place + ": a row after the total, which comes last" + kRemedy);
    const uint64_t count = number_of(fields[3], place);
    if (fields[2] == kTotal) {
      total = count;
    } else if (fields[2] == kCycles) {
      if (number > 2) throw UserError(place + ": the run's cycles come once, first" + kRemedy);
      counts.cycles = count;
    } else {
      const StoredCounts::Row row = {number_of(fields[0], place), fields[1], fields[2], count};
      check_order(counts, row, place);
      counts.rows.push_back(row);
    }
  }
  check_whole(counts, total, file);
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
