#include "sim/base/technology.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "sim/base/regular_file.h"

namespace spikeloom {

namespace {

constexpr double kMost = 1e12;  // of a price, or of anything in a row of the SRAM table
const char* const kSramColumns = "cell,bytes,word_bytes,read_pj,write_pj,leakage_mw,area_mm2,access_ns,cycle_ns";

Price read_price(ConfigNode& parent, const std::string& key, const std::string& unit) {
  ConfigNode& node = parent.section(key);
  Price price;
  price.pj = node.real(unit, 0, kMost);
  price.source = node.text("source");
  return price;
}

SramRow parse_row(const std::string& line, const std::string& place) {
  std::stringstream fields(line.substr(line.find(',') + 1));
  SramRow row{};
  if (std::count(line.begin(), line.end(), ',') !=
      std::count(kSramColumns, kSramColumns + std::strlen(kSramColumns), ','))
    throw UserError(place + ": a row has as many values as the head: " + kSramColumns);
  double* const targets[] = {&row.bytes, &row.word_bytes, &row.read_pj, &row.write_pj, &row.leakage_mw, &row.area_mm2};
  for (double* target : targets) {
    std::string field;
    std::getline(fields, field, ',');
    char* end = nullptr;
    *target = std::strtod(field.c_str(), &end);
    if (field.empty() || *end != 0 || !(*target >= 0 && *target <= kMost))
      throw UserError(place + ": '" + field + "' is not a number from 0 to 1e12");
  }
  return row;
}

// Weight of `high` when x lies between two grid points that are powers of two.
double log_fraction(double x, double low, double high) {
  return low == high ? 0 : std::log(x / low) / std::log(high / low);
}

double mix(double low, double high, double fraction) {
  if (fraction == 0) return low;  // grid points exactly
  if (low <= 0 || high <= 0) return low + (high - low) * fraction;
  return std::exp(std::log(low) + (std::log(high) - std::log(low)) * fraction);
}

SramRow mix(const SramRow& low, const SramRow& high, double fraction) {
  return {mix(low.bytes, high.bytes, fraction),           mix(low.word_bytes, high.word_bytes, fraction),
          mix(low.read_pj, high.read_pj, fraction),       mix(low.write_pj, high.write_pj, fraction),
          mix(low.leakage_mw, high.leakage_mw, fraction), mix(low.area_mm2, high.area_mm2, fraction)};
}

// The sizes of banks with words of `word` bytes, least and most; (inf, 0) where there are none.
std::pair<double, double> sizes(const std::vector<SramRow>& rows, double word) {
  std::pair<double, double> range = {INFINITY, 0};
  for (const SramRow& row : rows)
    if (row.word_bytes == word) range = {std::min(range.first, row.bytes), std::max(range.second, row.bytes)};
  return range;
}

// What a table has for words between two that it may have.
std::string offer(const std::vector<SramRow>& rows, double low_word, double high_word) {
  const auto low = sizes(rows, low_word), high = sizes(rows, high_word);
  const double least = std::max(low.first, high.first), most = std::min(low.second, high.second);
  const auto from_to = [](double from, double to) {
    return std::to_string(int64_t(from)) + " to " + std::to_string(int64_t(to)) + " bytes";
  };
  if (least <= most) return "banks of " + from_to(least, most) + " with such words";
  const auto [narrow, wide] = std::minmax_element(
      rows.begin(), rows.end(), [](const SramRow& a, const SramRow& b) { return a.word_bytes < b.word_bytes; });
  return "words of " + from_to(narrow->word_bytes, wide->word_bytes);
}

}  // namespace

SramTable SramTable::load(const std::string& file, const std::string& cell) {
  if (const std::string why = why_no_file(file); !why.empty())
    throw UserError(file + ": cannot read the SRAM table: " + why);
  std::ifstream stream(file);
  if (!stream) throw UserError(file + ": cannot read the SRAM table: it may not be read");
  if (stream.peek() == std::ifstream::traits_type::eof())
    throw UserError(file + ": cannot read the SRAM table: it is empty (`make sram` writes one)");
  SramTable table;
  table.file_ = file;
  std::string line;
  bool header_seen = false;
  for (int number = 1; std::getline(stream, line); ++number) {
    if (line.empty() || line[0] == '#') continue;
    const std::string place = file + ":" + std::to_string(number) + ":1";
    if (!header_seen) {
      if (line != kSramColumns) throw UserError(place + ": the columns must be " + kSramColumns);
      header_seen = true;
    } else if (line.compare(0, cell.size() + 1, cell + ",") == 0) {
      const SramRow row = parse_row(line, place);
      if (table.at(row.bytes, row.word_bytes)) throw UserError(place + ": a bank of this size and word is there twice");
      table.rows_.push_back(row);
    }
  }
  if (table.rows_.empty()) throw UserError(file + ": no rows of cell type '" + cell + "'");
  return table;
}

const SramRow* SramTable::at(double bytes, double word_bytes) const {
  for (const auto& row : rows_)
    if (row.bytes == bytes && row.word_bytes == word_bytes) return &row;
  return nullptr;
}

SramRow SramTable::price(const SramMacro& macro, const std::string& block) const {
  const auto below = [](double x) { return std::exp2(std::floor(std::log2(x))); };
  const auto above = [](double x) { return std::exp2(std::ceil(std::log2(x))); };
  const double bytes = macro.bytes, word = macro.word_bytes;
  const SramRow* corner[2][2];
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2; ++j) corner[i][j] = at(i ? above(bytes) : below(bytes), j ? above(word) : below(word));
  if (!corner[0][0] || !corner[0][1] || !corner[1][0] || !corner[1][1])
    throw UserError(block + ": an SRAM bank of " + std::to_string(macro.bytes) + " bytes with words of " +
                    std::to_string(macro.word_bytes) + " bytes lies outside the table " + file_ + ", which has " +
                    offer(rows_, below(word), above(word)) + "; change the chip's memory or extend the table");
  const double along_bytes = log_fraction(bytes, below(bytes), above(bytes));
  const double along_word = log_fraction(word, below(word), above(word));
  return mix(mix(*corner[0][0], *corner[0][1], along_word), mix(*corner[1][0], *corner[1][1], along_word), along_bytes);
}

Technology Technology::read(ConfigNode& section) {
  Technology technology;
  technology.name_ = section.name("name");
  section.integer("node_nm", 1, 1000);
  section.real("supply_v", 0.1, 10);
  ConfigNode& sram = section.section("sram");
  const std::string table = sram.path("table");
  const std::string cell = sram.text("cell");
  technology.sram_source_ = sram.text("source");
  ConfigNode& events = section.section("events");
  for (const auto& event : kEnergyEvents) {
    if (event.price != PriceKind::kListed) continue;
    technology.prices_[static_cast<size_t>(event.event)] = read_price(events, event.name, "pj");
  }
  ConfigNode& leakage = section.section("leakage");
  technology.register_bit_ = read_price(leakage, "register_bit", "nw");
  technology.adder_bit_ = read_price(leakage, "adder_bit", "nw");
  ConfigNode& area = section.section("area");
  technology.register_area_ = read_price(area, "register_bit", "um2");
  technology.adder_area_ = read_price(area, "adder_bit", "um2");
  technology.sram_ = SramTable::load(table, cell);
  return technology;
}

void Technology::set_dram(const DramPrices& prices) {
  prices_[static_cast<size_t>(EnergyEvent::kDramActivate)] = prices.activate;
  prices_[static_cast<size_t>(EnergyEvent::kDramReadBit)] = prices.read_bit;
  prices_[static_cast<size_t>(EnergyEvent::kDramWriteBit)] = prices.write_bit;
  prices_[static_cast<size_t>(EnergyEvent::kDramRefresh)] = prices.refresh;
  prices_[static_cast<size_t>(EnergyEvent::kDramActiveClock)] = prices.active_clock;
  dram_standby_ = prices.standby_nw;
}

double Technology::pj(const EnergyCounter& counter) const {
  const EnergyEventInfo& event = info(counter.event());
  if (event.price == PriceKind::kListed || event.price == PriceKind::kDram)
    return prices_[static_cast<size_t>(event.event)].pj * counter.scale();
  const SramRow row = sram_.price(counter.macro(), counter.block());
  return event.price == PriceKind::kSramRead ? row.read_pj : row.write_pj;
}

std::string Technology::source(EnergyEvent event) const {
  const PriceKind kind = info(event).price;
  const bool sram = kind == PriceKind::kSramRead || kind == PriceKind::kSramWrite;
  return sram ? sram_source_ : prices_[static_cast<size_t>(event)].source;
}

double Technology::sram_leakage_mw(const SramMacro& macro, const std::string& block) const {
  return sram_.price(macro, block).leakage_mw;
}

double Technology::sram_area_mm2(const SramMacro& macro, const std::string& block) const {
  return sram_.price(macro, block).area_mm2;
}

std::vector<std::pair<std::string, Price>> Technology::area() const {
  return {{"register_bit", register_area_}, {"adder_bit", adder_area_}};
}

std::vector<std::pair<std::string, Price>> Technology::leakage() const {
  return {{"register_bit", register_bit_}, {"adder_bit", adder_bit_}, {"dram_standby", dram_standby_}};
}

}  // namespace spikeloom
