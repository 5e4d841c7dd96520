#include "sim/base/technology.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/property.h"
#include "tests/support/temp_folder.h"
#include "tests/support/user_error.h"

namespace spikeloom {
namespace {

const std::string kEnergyFolder = SPIKELOOM_SOURCE_DIR "/configs/energy/";

Technology read(const std::string& file) {
  ConfigNode root = ConfigNode::load(file);
  Technology technology = Technology::read(root.section("technology"));
  root.finish();
  return technology;
}

class CommittedTechnologyUnit : public testing::TestWithParam<const char*> {};

TEST_P(CommittedTechnologyUnit, PricesEveryEventAndNamesItsSource) {
  const Technology technology = read(kEnergyFolder + GetParam() + ".yaml");
  EXPECT_EQ(technology.name(), GetParam());
  EnergyLedger ledger(1);
  for (const EnergyEventInfo& event : kEnergyEvents) {
    if (event.price == PriceKind::kDram) continue;  // the chip's device has these
    const bool listed = event.price == PriceKind::kListed;
    const auto& counter = listed ? ledger.counter("b", event.event) : ledger.sram_counter("b", event.event, {4096, 8});
    EXPECT_GT(technology.pj(counter), 0) << event.name;
    EXPECT_FALSE(technology.source(event.event).empty()) << event.name;
  }
  for (const auto& [name, price] : technology.leakage()) {
    if (name == "dram_standby") continue;
    EXPECT_GT(price.pj, 0) << name;
    EXPECT_FALSE(price.source.empty()) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Configs, CommittedTechnologyUnit, testing::Values("22nm", "45nm"),
                         [](const auto& info) { return "at_" + std::string(info.param); });

TEST(TechnologyUnit, ListedPricesAreTheFilesTimesTheScale) {
  const Technology technology = read(kEnergyFolder + "45nm.yaml");
  EnergyLedger ledger(1);
  EXPECT_DOUBLE_EQ(technology.pj(ledger.counter("b", EnergyEvent::kSlopeAddBit)), 0.003125);
  EXPECT_DOUBLE_EQ(technology.pj(ledger.counter("b", EnergyEvent::kSlopeAddBit, 3)), 3 * 0.003125);
}

TEST(TechnologyUnit, SramEventsCostTheReadOrWriteOfTheirMacro) {
  const Technology technology = read(kEnergyFolder + "22nm.yaml");
  EnergyLedger ledger(1);
  const SramMacro macro{1024, 8};  // sram_22nm.csv: itrs-lstp,1024,8,0.380161,0.784551
  EXPECT_DOUBLE_EQ(technology.pj(ledger.sram_counter("b", EnergyEvent::kWeightRowRead, macro)), 0.380161);
  EXPECT_DOUBLE_EQ(technology.pj(ledger.sram_counter("b", EnergyEvent::kWeightRowWrite, macro)), 0.784551);
}

// Two sizes and two words; x of the other cell type must not be seen.
const char* const kTable =
    "# comment\n"
    "cell,bytes,word_bytes,read_pj,write_pj,leakage_mw,area_mm2,access_ns,cycle_ns\n"
    "x,256,8,1,2,3,4,1,1\n"
    "x,1024,8,4,8,12,16,1,1\n"
    "x,512,8,2,2,6,5,1,1\n"
    "x,256,16,4,2,3,4,1,1\n"
    "x,512,16,8,2,3,4,1,1\n"
    "y,1024,8,99,99,99,99,1,1\n";

class SramTableUnit : public testing::Test {
 protected:
  SramRow price(uint64_t bytes, uint64_t word) const { return table_.price({bytes, word}, "chip.block"); }
  TempFolder folder_;
  std::string file_ = folder_.write("sram.csv", kTable);
  SramTable table_ = SramTable::load(file_, "x");
};

TEST_F(SramTableUnit, GridPointsAreExact) {
  const SramRow row = price(1024, 8);
  EXPECT_EQ(row.read_pj, 4);
  EXPECT_EQ(row.write_pj, 8);
  EXPECT_EQ(row.leakage_mw, 12);
  EXPECT_EQ(row.area_mm2, 16);
}

TEST_F(SramTableUnit, BetweenGridPointsThePowerLawThroughThemHolds) {
  EXPECT_NEAR(price(384, 8).read_pj, 1.5, 1e-12);                      // 1 at 256, 2 at 512: proportional to size
  EXPECT_NEAR(price(256, 12).read_pj, std::pow(1.5, 2), 1e-12);        // 1 at 8, 4 at 16: its square
  EXPECT_NEAR(price(384, 12).read_pj, 1.5 * std::pow(1.5, 2), 1e-12);  // both
}

TEST_F(SramTableUnit, OutsideIsAnErrorThatNamesBlockAndTable) {
  const auto message = [this](const std::string& macro, const std::string& there) {
    return "chip.block: an SRAM bank of " + macro + " bytes lies outside the table " + file_ + ", which has " + there +
           "; change the chip's memory or extend the table";
  };
  EXPECT_EQ(user_error_of([&] { price(255, 8); }),
            message("255 bytes with words of 8", "banks of 256 to 1024 bytes with such words"));
  EXPECT_EQ(user_error_of([&] { price(1025, 8); }),
            message("1025 bytes with words of 8", "banks of 256 to 1024 bytes with such words"));
  EXPECT_EQ(user_error_of([&] { price(256, 7); }), message("256 bytes with words of 7", "words of 8 to 16 bytes"));
  EXPECT_EQ(user_error_of([&] { price(256, 17); }), message("256 bytes with words of 17", "words of 8 to 16 bytes"));
  EXPECT_EQ(user_error_of([&] { price(1024, 16); }),
            message("1024 bytes with words of 16", "banks of 256 to 512 bytes with such words"));
}

TEST(SramTableConfig, BadTablesGiveFileLineAndReason) {
  const TempFolder folder;
  const std::string head = "cell,bytes,word_bytes,read_pj,write_pj,leakage_mw,area_mm2,access_ns,cycle_ns\n";
  const auto message = [&](const std::string& text, const std::string& cell) {
    const std::string file = folder.write("t.csv", text);
    return user_error_of([&] { SramTable::load(file, cell); });
  };
  const std::string file = folder.file("t.csv");
  EXPECT_EQ(message(head + "x,256,8,1,one,3,4,1,1\n", "x"), file + ":2:1: 'one' is not a number from 0 to 1e12");
  EXPECT_EQ(message(head + "x,256,8,1,-1,3,4,1,1\n", "x"), file + ":2:1: '-1' is not a number from 0 to 1e12");
  EXPECT_EQ(message(head + "x,256,8,,2,3,4,1,1\n", "x"), file + ":2:1: '' is not a number from 0 to 1e12");
  for (const char* row : {"x,256,8\n", "x,256,8,1,2,3,4,1,1,1\n", "x,256;8;1;2;3;4;1;1\n"})
    EXPECT_EQ(message(head + row, "x"),
              file + ":2:1: a row has as many values as the head: " + head.substr(0, head.size() - 1));
  for (const char* value : {"1e400", "1e300", "nan", "inf"})
    EXPECT_EQ(message(head + "x,256,8," + value + ",2,3,4,1,1\n", "x"),
              file + ":2:1: '" + value + "' is not a number from 0 to 1e12");
  const std::string row = "x,256,8,1,2,3,4,1,1\n";
  EXPECT_EQ(message(head + row + row, "x"), file + ":3:1: a bank of this size and word is there twice");
  EXPECT_EQ(message(head + "x,256,8,1,2,3,4,1,1\n", "z"), file + ": no rows of cell type 'z'");
  EXPECT_EQ(message("a,b\n", "x"), file + ":1:1: the columns must be " + head.substr(0, head.size() - 1));
  EXPECT_EQ(user_error_of([&] { SramTable::load(file + "none", "x"); }),
            file + "none: cannot read the SRAM table: no such file");
  EXPECT_EQ(message("", "x"), file + ": cannot read the SRAM table: it is empty (`make sram` writes one)");
}

RC_GTEST_PROP(CommittedSramUnit, AnyMacroCostsBetweenItsNeighboursOnTheGrid, ()) {
  static const SramTable table = SramTable::load(kEnergyFolder + "sram_22nm.csv", "itrs-lstp");
  const auto bytes = any_in<uint64_t>(1024, 65536);
  const auto word = any_in<uint64_t>(1, 17);
  const auto floor2 = [](uint64_t x) { return uint64_t{1} << (63 - __builtin_clzll(x)); };
  double least = INFINITY, most = 0;
  for (const uint64_t b : {floor2(bytes), 2 * floor2(bytes)})
    for (const uint64_t w : {floor2(word), 2 * floor2(word)}) {
      const double corner = table.price({b, w}, "").read_pj;
      least = std::min(least, corner);
      most = std::max(most, corner);
    }
  const double read = table.price({bytes, word}, "").read_pj;
  RC_ASSERT(read >= least * (1 - 1e-12));
  RC_ASSERT(read <= most * (1 + 1e-12));
}

RC_GTEST_PROP(CommittedSramUnit, PriceIsMonotoneBetweenTwoGridSizes, ()) {
  static const SramTable table = SramTable::load(kEnergyFolder + "sram_45nm.csv", "itrs-lstp");
  const uint64_t low = uint64_t{1} << any_in(10, 16);
  const auto a = any_in<uint64_t>(0, low), b = any_in<uint64_t>(0, low);
  const auto read = [&](uint64_t bytes) { return table.price({bytes, 8}, "").read_pj; };
  const double slope = read(2 * low) - read(low);
  RC_ASSERT((read(low + std::max(a, b)) - read(low + std::min(a, b))) * slope >= -1e-12);
}

}  // namespace
}  // namespace spikeloom
