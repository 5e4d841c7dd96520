// One constraint of the standard per test. LPDDR4-3200 in clocks of 625 ps: tRCD 18 ns = 29, tRPpb 29, tRPab 34, tRAS
// 68, tRRD 16, tFAW 64, tRTP 12, tWR 29, tWTR 16, tRFCab 448, RL 28, WL 14, tDQSCK 6, tDQSS 1, tWPRE 2, tCCD 8,
// burst 8. LPDDR5-6400 in clocks of 1.25 ns: RL 20, WL 11, tDQSCK 1, tWPRE 1, tCCD 2 / 4, tWTR 5 / 10, burst 2. A
// command may be issued in clock n and not in n - 1: the earliest clock is n.
#include "hw/dram/dram_device.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/committed_dram.h"
#include "tests/support/temp_folder.h"
#include "tests/support/user_error.h"

namespace spikeloom {
namespace {

struct Lpddr4 {
  explicit Lpddr4(DramDeviceSpec changed = committed_dram("lpddr4_3200")) : device(changed) {}
  DramDevice device;
};

TEST(DramDeviceTiming, D01_AColumnCommandWaitsTRCDForItsRow) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  EXPECT_EQ(d.device.open_row(0), 5);
  EXPECT_EQ(d.device.column_at(0, false), 100u + 29);
  EXPECT_EQ(d.device.column_at(0, true), 100u + 29);
}

TEST(DramDeviceTiming, D02_APrechargeWaitsTRASForItsRow) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  EXPECT_EQ(d.device.precharge_at(0), 100u + 68);
}

TEST(DramDeviceTiming, D03_AnActivateWaitsTRPAfterThePrecharge) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  d.device.precharge(0, 300);
  EXPECT_EQ(d.device.open_row(0), -1);
  EXPECT_EQ(d.device.activate_at(0), 300u + 29);
}

TEST(DramDeviceTiming, D04_ActivatesOfABankAreTRCApart) {
  DramDeviceSpec spec = committed_dram("lpddr4_3200");
  Lpddr4 d(spec);
  d.device.activate(0, 5, 100);
  d.device.precharge(0, 168);
  EXPECT_EQ(d.device.activate_at(0), 100u + 68 + 29);
}

TEST(DramDeviceTiming, D05_ActivatesOfTwoBanksAreTRRDApart) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  EXPECT_EQ(d.device.activate_at(1), 100u + 16);
}

// tFAW is four times tRRD in the standard; here it is longer, so that it shows.
TEST(DramDeviceTiming, D06_AFifthActivateWaitsTFAWAfterTheFirst) {
  DramDeviceSpec spec = committed_dram("lpddr4_3200");
  spec.timing.tFAW = 90;
  Lpddr4 d(spec);
  for (int bank = 0; bank < 4; ++bank) d.device.activate(bank, 5, 100 + 16 * bank);
  EXPECT_EQ(d.device.activate_at(4), 100u + 90);
  d.device.activate(4, 5, 190);
  EXPECT_EQ(d.device.activate_at(5), 190u + 16);  // later than 116 + 90
}

TEST(DramDeviceTiming, D07_ReadsAreTCCDApart) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  d.device.column(0, false, false, 129);
  EXPECT_EQ(d.device.column_at(0, false), 129u + 8);
}

TEST(DramDeviceTiming, D08_WritesAreTCCDApart) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  d.device.column(0, true, false, 129);
  EXPECT_EQ(d.device.column_at(0, true), 129u + 8);
}

TEST(DramDeviceTiming, D09_WithBankGroupsTCCDDependsOnTheGroup) {
  DramDevice device(committed_dram("lpddr5_6400"));
  for (int bank = 0; bank < 5; ++bank) device.activate(bank, 5, 100 + 4 * bank);  // 0 and 4 are of one group
  device.column(0, false, false, 200);
  EXPECT_EQ(device.column_at(4, false), 200u + 4);
  EXPECT_EQ(device.column_at(1, false), 200u + 2);
}

TEST(DramDeviceTiming, D10_AReadWaitsTWTRAfterTheDataOfAWrite) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  d.device.column(0, true, false, 200);
  EXPECT_EQ(d.device.column_at(0, false), 200u + 14 + 1 + 8 + 16);
}

TEST(DramDeviceTiming, D11_WithBankGroupsTWTRDependsOnTheGroup) {
  DramDevice device(committed_dram("lpddr5_6400"));
  for (int bank = 0; bank < 5; ++bank) device.activate(bank, 5, 100 + 4 * bank);
  device.column(0, true, false, 200);
  EXPECT_EQ(device.column_at(4, false), 200u + 11 + 2 + 10);
  EXPECT_EQ(device.column_at(1, false), 200u + 11 + 2 + 5);
}

// The read's data leave the bus before the write's preamble: RL + tDQSCK + burst + tWPRE - WL.
TEST(DramDeviceTiming, D12_AWriteWaitsForTheDataOfARead) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  d.device.column(0, false, false, 200);
  EXPECT_EQ(d.device.column_at(0, true), 200u + 28 + 6 + 8 + 2 - 14);
  DramDevice five(committed_dram("lpddr5_6400"));
  five.activate(0, 5, 100);
  five.column(0, false, false, 200);
  EXPECT_EQ(five.column_at(0, true), 200u + 20 + 1 + 2 + 1 - 11);
}

TEST(DramDeviceTiming, D13_APrechargeWaitsTRTPAfterARead) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  d.device.column(0, false, false, 200);
  EXPECT_EQ(d.device.precharge_at(0), 200u + 12);
}

TEST(DramDeviceTiming, D14_APrechargeWaitsTWRAfterTheDataOfAWrite) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  d.device.column(0, true, false, 200);
  EXPECT_EQ(d.device.precharge_at(0), 200u + 14 + 1 + 8 + 29);
}

// Read in 129: tRTP would allow the precharge in 141, tRAS does in 168; the next activate follows tRPpb later.
TEST(DramDeviceTiming, D15_AutoPrechargeWaitsAsAPrechargeDoes) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  d.device.column(0, false, true, 129);
  EXPECT_EQ(d.device.open_row(0), -1);
  EXPECT_EQ(d.device.activate_at(0), 168u + 29);
}

TEST(DramDeviceTiming, D16_DataEndTheirLatencyAndABurstAfterTheCommand) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  EXPECT_EQ(d.device.column(0, false, false, 200), 200u + 28 + 6 + 8);
  EXPECT_EQ(d.device.column(0, true, false, 300), 300u + 14 + 1 + 8);
}

// An activate occupies the command bus for 4 clocks, a column command for 4, a precharge for 2.
TEST(DramDeviceTiming, D17_CommandsDoNotOverlapOnTheirBus) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  d.device.activate(1, 5, 200);
  EXPECT_EQ(d.device.column_at(0, false), 204u);
  d.device.column(0, false, false, 210);
  EXPECT_EQ(d.device.activate_at(2), 216u);   // tRRD
  EXPECT_EQ(d.device.precharge_at(1), 268u);  // tRAS
  d.device.column(1, false, false, 229);
  EXPECT_EQ(d.device.activate_at(2), 233u);
}

TEST(DramDeviceTiming, D18_ARefreshOfClosedBanksComesWhenItIsDueAndBlocksThemForTRFC) {
  Lpddr4 d;
  EXPECT_EQ(d.device.refresh(6246), 6246u);
  for (int bank = 0; bank < 8; ++bank) EXPECT_EQ(d.device.activate_at(bank), 6246u + 448) << bank;
}

TEST(DramDeviceTiming, D19_ARefreshClosesOpenBanksFirst) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  d.device.activate(3, 7, 6200);  // may be closed in 6268 only
  EXPECT_EQ(d.device.refresh(6246), 6268u + 34);
  EXPECT_EQ(d.device.open_row(0), -1);
  EXPECT_EQ(d.device.open_row(3), -1);
  EXPECT_EQ(d.device.activate_at(0), 6268u + 34 + 448);
}

TEST(DramDeviceTiming, D20_ARefreshWaitsForAPrechargeUnderWay) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  d.device.precharge(0, 6240);
  EXPECT_EQ(d.device.refresh(6246), 6240u + 29);
}

// Bank 0 is open in 100..400, bank 1 in 200..600 (closed by auto-precharge), bank 2 from 1000 on; a refresh runs from
// the precharge of all in 2000 + 34 on.
TEST(DramDeviceUnit, D21_ActiveStandbyIsTheUnionOfAllBanksTimes) {
  Lpddr4 d;
  d.device.activate(0, 5, 100);
  d.device.activate(1, 5, 200);
  d.device.precharge(0, 400);
  d.device.column(1, false, true, 588);  // tRTP: closed in 600
  d.device.activate(2, 5, 1000);
  std::vector<std::pair<DramClock, DramClock>> spans;
  const auto note = [&](DramClock begin, DramClock end) { spans.emplace_back(begin, end); };
  d.device.report_active(1500, note);
  EXPECT_EQ(d.device.refresh(2000), 2034u);
  d.device.report_active(2100, note);
  d.device.report_active(9999, note);
  EXPECT_EQ(spans, (std::vector<std::pair<DramClock, DramClock>>{
                       {100, 600}, {1000, 1500}, {1500, 2000}, {2034, 2100}, {2100, 2034 + 448}}));
}

TEST(DramDeviceConfig, D22_CommittedDevicesHaveTheStandardsClocks) {
  const DramDeviceSpec four = committed_dram("lpddr4_3200"), five = committed_dram("lpddr5_6400");
  const DramTiming& t = four.timing;
  EXPECT_EQ(t.tRCD, 29);
  EXPECT_EQ(t.tRPab, 34);
  EXPECT_EQ(t.tRC(), 97);
  EXPECT_EQ(t.tFAW, 64);
  EXPECT_EQ(t.tREFI, 6246);
  EXPECT_EQ(t.tRFCab, 448);
  EXPECT_EQ(t.burst, 8);
  EXPECT_EQ(four.bytes(), uint64_t{1} << 30);
  EXPECT_EQ(four.peak_mb_s(), 6400);
  EXPECT_EQ(five.timing.tRCD, 15);
  EXPECT_EQ(five.timing.tRAS, 34);
  EXPECT_EQ(five.timing.tWTR_L, 10);
  EXPECT_EQ(five.timing.tREFI, 3124);
  EXPECT_EQ(five.timing.burst, 2);
  EXPECT_EQ(five.bytes(), uint64_t{2} << 30);
  EXPECT_EQ(five.peak_mb_s(), 12800);
}

// The committed file with one text in it replaced.
std::string error_with(const std::string& text, const std::string& other) {
  std::ifstream file(SPIKELOOM_SOURCE_DIR "/configs/dram/lpddr4_3200.yaml");
  std::stringstream whole;
  whole << file.rdbuf();
  std::string changed = whole.str();
  changed.replace(changed.find(text), text.size(), other);
  const TempFolder folder;
  const std::string name = folder.write("d.yaml", changed);
  const std::string error = user_error_of([&] {
    ConfigNode root = ConfigNode::load(name);
    DramDeviceSpec::read(root.section("device"));
    root.finish();
  });
  return error.substr(error.find(": ") + 2);
}

TEST(DramDeviceConfig, D23_EveryTimingHasAValueAndASource) {
  EXPECT_EQ(error_with("tFAW: {ns: 40, source", "tFAW: {ns: 40, origin"),
            "device.timing.tFAW.source: missing key (expected text)");
  EXPECT_EQ(error_with("tFAW: {ns: 40, ", "tFAW: {"),
            "device.timing.tFAW: needs ns, clocks, or both (the larger holds)");
}

TEST(DramDeviceConfig, D24_ADeviceWithBankGroupsNamesBothValues) {
  EXPECT_EQ(error_with("bank_groups: 1", "bank_groups: 2"),
            "device.timing.tCCD_S: missing key (expected a section of keys)");
  EXPECT_EQ(error_with("bank_groups: 1", "bank_groups: 3"), "device.geometry.banks: must be a multiple of bank_groups");
}

}  // namespace
}  // namespace spikeloom
