// LPDDR4-3200 at 3.2 clocks a cycle of the chip. Clocks as in dram_device_test.cpp. A request that is pushed in cycle
// 10 is taken in 11; its first command may be issued in clock ceil(11 x 3.2) = 36. Bytes of row r, bank b lie at 2048 x
// (b + 8 r) with row_bank_column.
#include "hw/dram/dram_controller.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "tests/support/dram_probe.h"

namespace spikeloom {
namespace {

constexpr uint64_t kRow = 2048, kNextRow = 8 * kRow;  // the next bank; the next row of a bank

// The cycle in which a consumer sees data that end before clock d.
Cycle seen(DramClock d) { return ceil_div(d * 10, 32); }

// Activate 36, read 65, data end 65 + 42 = 107.
TEST(DramControllerTiming, C01_AReadOfAClosedRowTakesActivateReadAndBurst) {
  DramProbe probe(lpddr4());
  probe.read(10, 0);
  probe.run();
  EXPECT_EQ(probe.cycles(), std::vector<Cycle>{seen(107)});
  EXPECT_EQ(seen(107), 34u);
}

// Taken in 101, clock 324: the row is open, read at once.
TEST(DramControllerTiming, C02_AReadOfAnOpenRowTakesReadAndBurst) {
  DramProbe probe(lpddr4());
  probe.read(10, 0);
  probe.read(100, 64);
  probe.run();
  EXPECT_EQ(probe.cycles().at(1), seen(324 + 42));
  EXPECT_EQ(probe.dram.stats().row_hits, 1u);
}

// Precharge 324, activate 353, read 382.
TEST(DramControllerTiming, C03_AReadOfAnotherRowTakesThePrechargeToo) {
  DramProbe probe(lpddr4());
  probe.read(10, 0);
  probe.read(100, kNextRow);
  probe.run();
  EXPECT_EQ(probe.cycles().at(1), seen(324 + 29 + 29 + 42));
  EXPECT_EQ(probe.dram.stats().row_misses, 1u);
  EXPECT_EQ(probe.dram.stats().row_conflicts, 1u);
}

TEST(DramControllerTiming, C04_AWriteIsAcknowledgedAfterItsData) {
  DramProbe probe(lpddr4());
  probe.write(10, 0);
  probe.run();
  EXPECT_EQ(probe.cycles(), std::vector<Cycle>{seen(65 + 14 + 1 + 8)});
  EXPECT_TRUE(probe.sinks[0].values[0].write);
}

// Write 65; the read waits for WL + tDQSS + burst + tWTR = 39 clocks.
TEST(DramControllerTiming, C05_AReadAfterAWriteWaitsForTheTurnaround) {
  DramProbe probe(lpddr4("row_bank_column", "in_order"));
  probe.write(10, 0);
  probe.read(10, 64);
  probe.run();
  EXPECT_EQ(probe.cycles().at(1), seen(65 + 39 + 42));
}

// Read 65; the write waits for RL + tDQSCK + burst + tWPRE - WL = 30 clocks.
TEST(DramControllerTiming, C06_AWriteAfterAReadWaitsForTheTurnaround) {
  DramProbe probe(lpddr4("row_bank_column", "in_order"));
  probe.read(10, 0);
  probe.write(10, 64);
  probe.run();
  EXPECT_EQ(probe.cycles().at(1), seen(65 + 30 + 23));
}

// Bursts of one request: reads in 65, 73, ...: one every 8 clocks.
TEST(DramControllerTiming, C07_BurstsOfARowFollowEachOtherAtTCCD) {
  DramProbe probe(lpddr4());
  probe.read(10, 0, 10 * 32);
  probe.run();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(probe.cycles().at(i), seen(65 + 8 * i + 42)) << i;
}

// Due in 6246. Pushed in 1951, taken in 1952: clock 6247. The refresh of closed banks is issued in 6246 and over in
// 6694.
TEST(DramControllerTiming, C08_ARequestBehindARefreshWaitsForIt) {
  DramProbe probe(lpddr4());
  probe.read(1951, 0);
  probe.run();
  EXPECT_EQ(probe.cycles(), std::vector<Cycle>{seen(6246 + 448 + 29 + 42)});
}

// Taken in 1951: clock 6244. The activate goes before the refresh; the row may be closed in 6244 + 68, the refresh
// follows 34 later, and the row is opened again.
TEST(DramControllerTiming, C09_ARefreshClosesARowThatWasJustOpened) {
  DramProbe probe(lpddr4());
  probe.read(1950, 0);
  probe.run();
  EXPECT_EQ(probe.cycles(), std::vector<Cycle>{seen(6244 + 68 + 34 + 448 + 29 + 42)});
  EXPECT_EQ(probe.dram.stats().activates, 2u);
}

// The chip runs on long after the only request: 100,000 cycles are 320,000 clocks, 51 refreshes of 6246.
TEST(DramControllerUnit, C10_IdleDevicesAreRefreshedAllTheSame) {
  DramProbe probe(lpddr4());
  probe.read(10, 0);
  sc_core::sc_start();
  probe.dram.finish(100000);
  EXPECT_EQ(probe.dram.stats().refreshes, 51u);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kDramRefresh), 51u);
  // Open from the activate in 36 to the first refresh in 6246, then 448 clocks a refresh.
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kDramActiveClock), 6246u - 36 + 51 * 448);
}

// Two bursts of row 0, between them one of row 1 of the same bank.
TEST(DramControllerUnit, C11_FirstReadyServesAnOpenRowFirst) {
  DramProbe probe(lpddr4());
  probe.read(10, 0);
  probe.read(10, kNextRow);
  probe.read(10, 64);
  probe.run();
  EXPECT_EQ(probe.ids(), (std::vector<uint64_t>{0, 2, 1}));
  EXPECT_EQ(probe.dram.stats().activates, 2u);
}

TEST(DramControllerUnit, C12_InOrderServesBurstsAsTheyCame) {
  DramProbe probe(lpddr4("row_bank_column", "in_order"));
  probe.read(10, 0);
  probe.read(10, kNextRow);
  probe.read(10, 64);
  probe.run();
  EXPECT_EQ(probe.ids(), (std::vector<uint64_t>{0, 1, 2}));
  EXPECT_EQ(probe.dram.stats().activates, 3u);
}

// Burst 1 wants another row; hits of the open one keep coming. It is passed 4 times, the queue's depth, no more.
TEST(DramControllerUnit, C13_ABurstIsPassedAtMostQueueDepthTimes) {
  DramSpec spec = lpddr4();
  spec.queue_depth = 4;
  DramProbe probe(spec);
  probe.read(10, 0);
  probe.read(10, kNextRow);
  for (int i = 0; i < 20; ++i) probe.read(10, 64 + 32 * i);
  probe.run();
  const std::vector<uint64_t> ids = probe.ids();
  EXPECT_EQ(std::find(ids.begin(), ids.end(), 1u) - ids.begin(), 1 + 4);
}

// The read, a hit, could go before the write, which waits for the read-to-write turnaround; but it reads what is
// written.
TEST(DramControllerUnit, C14_AReadDoesNotPassAWriteOfItsAddress) {
  DramProbe probe(lpddr4());
  probe.read(10, 0);
  probe.write(10, 64);
  probe.read(10, 64);
  probe.read(10, 128);
  probe.run();
  const std::vector<uint64_t> ids = probe.ids();
  EXPECT_LT(std::find(ids.begin(), ids.end(), 1u), std::find(ids.begin(), ids.end(), 2u));
  EXPECT_LT(std::find(ids.begin(), ids.end(), 3u), std::find(ids.begin(), ids.end(), 1u));  // this one may
}

// With open rows the second access would be a hit (42 clocks), and one of another row a conflict (100).
TEST(DramControllerTiming, C15_AClosedPageCostsAnActivateButNoPrecharge) {
  DramProbe probe(lpddr4("row_bank_column", "first_ready", true));
  probe.read(10, 0);
  probe.read(100, 64);
  probe.read(200, kNextRow);
  probe.run();
  EXPECT_EQ(probe.cycles().at(1), seen(324 + 29 + 42));
  EXPECT_EQ(probe.cycles().at(2), seen(ceil_div(201 * 32, 10) + 29 + 42));
  EXPECT_EQ(probe.dram.stats().row_misses, 3u);
}

// A row is kept for what waits for it.
TEST(DramControllerUnit, C16_AClosedPageStaysOpenForTheQueue) {
  DramProbe probe(lpddr4("row_bank_column", "first_ready", true));
  probe.read(10, 0, 8 * 32);
  probe.run();
  EXPECT_EQ(probe.dram.stats().activates, 1u);
  EXPECT_EQ(probe.dram.stats().row_hits, 7u);
}

double share_of_peak(const DramProbe& probe) {
  const double clocks = double(probe.cycles().back()) * 3.2;
  return double(probe.cycles().size()) * 8 / clocks;
}

// A refresh takes tRPab + tRFCab + tRCD = 511 clocks out of 6246, and up to tRTP + tCCD before it. Rows are opened
// ahead: precharge and activate of the next bank may push a read back by less than the 2 and the 4 clocks that they
// take on the command bus, once in a row of 64 bursts (512 clocks). So the stream reaches at most 1 - 511/6246 = 0.9182
// of the peak, at least (1 - 531/6246) x 512/518 = 0.9044.
TEST(DramControllerTiming, C17_AStreamReachesThePeakLessRefreshAndRowSwitches) {
  DramProbe probe(lpddr4());
  probe.read(10, 0, 1 << 20);
  probe.run();
  EXPECT_LE(share_of_peak(probe), 0.9182);
  EXPECT_GE(share_of_peak(probe), 0.9044);
  // Every row is opened once, and once more where a refresh closes it halfway.
  const uint64_t rows = (1 << 20) / kRow, opened = probe.dram.stats().activates;
  EXPECT_GE(opened, rows);
  EXPECT_LE(opened, rows + 2 * probe.dram.stats().refreshes);
}

// In one bank a row takes 63 x 8 clocks of reads, then tRTP + tRPpb + tRCD = 70 to the first read of the next: 574
// clocks for 64 bursts, 0.8920 of the peak, less refreshes.
TEST(DramControllerTiming, C18_AStreamInOneBankPaysEveryRowSwitch) {
  DramProbe probe(lpddr4("bank_row_column"));
  probe.read(10, 0, 1 << 20);
  probe.run();
  EXPECT_NEAR(share_of_peak(probe), 512.0 / 574 * (1 - 511.0 / 6246), 0.01);
}

// Every burst another row of one bank: one every tRC = 97 clocks.
TEST(DramControllerTiming, C19_RandomRowsOfOneBankFollowAtTRC) {
  DramProbe probe(lpddr4());
  for (int i = 0; i < 40; ++i) probe.read(10, uint64_t(i) * kNextRow);
  probe.run();
  for (int i = 0; i < 40; ++i) EXPECT_EQ(probe.cycles().at(i), seen(107 + 97 * DramClock(i))) << i;
}

// Every burst another row, bank by bank: four activates in tFAW = 64 clocks, so that a burst takes 16, half the peak. A
// read comes 29 clocks after its activate and occupies the command bus when the activate 32 after it is due: that one
// waits a clock, so that a burst takes at most 17.
TEST(DramControllerTiming, C20_RandomRowsOfAllBanksFollowAtTFAW) {
  DramProbe probe(lpddr4());
  for (int i = 0; i < 200; ++i) probe.read(10, uint64_t(i % 8) * kRow + uint64_t(i) * kNextRow);
  probe.run();
  for (int i = 8; i + 4 < 200; ++i) EXPECT_GE(probe.cycles().at(i + 4) - probe.cycles().at(i), 64u * 10 / 32) << i;
  EXPECT_LE(double(probe.cycles().at(199) - probe.cycles().at(8)) * 3.2 / 191, 17);
}

// LPDDR5-6400: 8 bursts of 2 clocks at tCCD_L = 4 in one row of one group, at tCCD_S = 2 in alternate groups.
Cycle eight_bursts(const std::string& mapping) {
  DramSpec spec = lpddr4(mapping);
  spec.device = committed_dram("lpddr5_6400");
  DramProbe probe(spec);
  probe.read(10, 0, 8 * 32);
  probe.run();
  return probe.cycles().back();
}
// Taken in 11, clock 18: activate 18, read 33, the eighth 7 x 4 later, its data end 23 after it; 1.6 clocks a cycle.
TEST(DramControllerTiming, C21_ARowOfOneBankGroupIsReadAtTCCDL) {
  EXPECT_EQ(eight_bursts("row_bank_column"), ceil_div((33 + 7 * 4 + 23) * 10, 16));
}
// Activates of the four groups 18, 22, 26, 30 (tRRD); their first reads 33, 37, 41, 45; a second one of a group at the
// earliest tCCD_L after its first: 37 is taken, so group 0 again in 39, and so on, the last in 49.
TEST(DramControllerTiming, C22_AlternateBankGroupsAreReadAtTCCDS) {
  EXPECT_EQ(eight_bursts("row_bank_column_group"), ceil_div((49 + 23) * 10, 16));
}

// Two channels, 64 bytes in turn: each has half of the bursts.
TEST(DramControllerUnit, C23_ChannelsShareAStreamByTheInterleave) {
  DramSpec spec = lpddr4();
  spec.channels = 2;
  DramProbe probe(spec);
  probe.read(10, 0, 64 * 32);
  probe.run();
  std::set<uint64_t> first;
  for (const DramResponse& response : probe.sinks[0].values) first.insert(response.id);
  EXPECT_EQ(first.size(), 32u);
  for (const uint64_t id : first) EXPECT_EQ(id / 2 % 2, 0u);
  EXPECT_EQ(probe.sinks[0].cycles, probe.sinks[1].cycles);
}

// Nothing is taken before cycle 400: as many bursts are read as responses can wait, then the channel stops.
TEST(DramControllerUnit, C24_ResponsesThatAreNotTakenStopTheChannel) {
  DramProbe probe(lpddr4());
  probe.sinks[0].stall(0, 400);
  probe.read(10, 0, 64 * 32);
  probe.run();
  EXPECT_EQ(probe.sinks[0].count_by(400), 16u);
  EXPECT_EQ(probe.sinks[0].count(), 64u);
  EXPECT_GE(probe.cycles().at(16), seen(ceil_div(401 * 32, 10) + 42));
  EXPECT_GT(probe.dram.activity().cycles(ActivityState::kStalledOutput), 200u);
}

// Reads and writes at random over rows, banks and two channels, with sinks that stall at random.
TEST(DramControllerUnit, C25_EveryBurstOfEveryRequestIsAnsweredOnce) {
  DramSpec spec = lpddr4();
  spec.channels = 2;
  DramProbe probe(spec, 1000);
  std::mt19937 random(5);
  uint64_t bursts = 0, reads = 0;
  for (int i = 0; i < 3000; ++i) {
    const uint64_t address = random() % (1 << 16) * (i % 3 ? 32 : 256);
    const uint32_t bytes = 1 + random() % 300;
    const bool write = random() % 3 == 0;
    probe.request(1 + i, address, bytes, write);
    const uint64_t count = (address + bytes - 1) / 32 - address / 32 + 1;
    bursts += count;
    reads += write ? 0 : count;
  }
  for (auto& sink : probe.sinks) sink.stall_when([](Cycle cycle) { return cycle * 2654435761u % 7 < 3; });
  probe.run();
  std::set<uint64_t> ids;
  for (const auto& sink : probe.sinks)
    for (const DramResponse& response : sink.values) EXPECT_TRUE(ids.insert(response.id).second) << response.id;
  EXPECT_EQ(ids.size(), bursts);
  EXPECT_EQ(*ids.rbegin(), bursts - 1);
  const DramStats& stats = probe.dram.stats();
  EXPECT_EQ(probe.dram.bytes_read(), 32 * reads);
  EXPECT_EQ(probe.dram.bytes_written(), 32 * (bursts - reads));
  EXPECT_EQ(stats.row_hits + stats.row_misses + stats.row_conflicts, bursts);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kDramReadBit), 8 * 32 * reads);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kDramWriteBit), 8 * 32 * (bursts - reads));
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kDramActivate), stats.activates);
}

// From cycle 11 to 107 clocks (34): stalled but for the data, clocks 99 to 107, cycles 30 to 33. Then idle.
TEST(DramControllerUnit, C26_CyclesAreBusyWithDataStalledOrIdle) {
  DramProbe probe(lpddr4());
  probe.read(10, 0);
  probe.run();
  Activity activity = probe.dram.activity();
  activity.close(100);
  EXPECT_EQ(activity.cycles(ActivityState::kBusy), 4u);
  EXPECT_EQ(activity.cycles(ActivityState::kStalledInput), 30u - 11);
  EXPECT_EQ(activity.cycles(ActivityState::kIdle), 100u - 4 - 19);
}

// Activate in clock 36 of 3.2 a cycle; windows of one cycle: open for 3 or 4 clocks in each.
TEST(DramControllerEnergy, C27_ActiveStandbyLandsInItsOwnWindows) {
  DramProbe probe(lpddr4());
  probe.read(10, 0);
  probe.run();
  probe.ledger.close();
  std::map<Cycle, uint64_t> windows;
  for (const EnergyRecord& record : probe.ledger.records())
    if (probe.ledger.counters()[record.counter]->event() == EnergyEvent::kDramActiveClock)
      windows[record.window_begin] += record.count;
  const Cycle end = probe.clock.now() + 1;
  EXPECT_EQ(windows.begin()->first, 11u);
  EXPECT_EQ(windows[11], 39u - 36);  // cycle 12 begins with clock 39
  EXPECT_EQ(windows[12], 42u - 39);
  EXPECT_EQ(windows[14], 48u - 45);
  EXPECT_EQ(windows[15], 52u - 48);
  EXPECT_EQ(windows.rbegin()->first, end - 1);
}

}  // namespace
}  // namespace spikeloom
