#include "hw/noc/network_interface.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/fifo_probe.h"

namespace spikeloom {
namespace {

// Two producers, the interface, its link, and a taker for each of two virtual channels.
struct InterfaceProbe {
  Clock clock{"clock", 500};
  EnergyLedger ledger{1};
  VirtualChannels channels{2, 1, 1, {}};
  FlitFormat format{128, 2, 2};
  Link link{clock, "link", "router", {4, 1, 1, 0.0}, format, ledger};
  RegisteredFifo<Flit> first_fifo{clock, 4}, second_fifo{clock, 4};
  FifoSource<Flit> first{"first", clock}, second{"second", clock};
  NetworkInterface interface { "interface", clock, 2, channels };
  FifoSink<Flit> channel_0{"channel_0", clock}, channel_1{"channel_1", clock};

  InterfaceProbe() {
    first.out(first_fifo);
    second.out(second_fifo);
    interface.in[0](first_fifo);
    interface.in[1](second_fifo);
    interface.out(link);
    channel_0.in(link.channel(0));
    channel_1.in(link.channel(1));
  }
  static std::vector<Flit> packet(int flits, int vc, uint64_t id) {
    std::vector<Flit> made(flits);
    for (Flit& flit : made) {
      flit.message_class = uint8_t(vc);
      flit.bits[0] = id;
    }
    made.front().head = made.back().tail = true;
    return made;
  }
};

// Pushed in 10, visible and on the link in 11, to be taken in 12.
TEST(NetworkInterfaceTiming, FlitIsOnTheLinkInTheCycleInWhichItIsVisible) {
  InterfaceProbe probe;
  probe.first.add_all(10, InterfaceProbe::packet(1, 0, 1));
  sc_core::sc_start();
  EXPECT_EQ(probe.channel_0.cycles, (std::vector<Cycle>{12}));
}

TEST(NetworkInterfaceTiming, TwoChannelsShareOneFlitACycle) {
  InterfaceProbe probe;
  probe.first.add_all(10, InterfaceProbe::packet(20, 0, 1));
  probe.second.add_all(10, InterfaceProbe::packet(20, 1, 2));
  sc_core::sc_start();
  std::vector<Cycle> all = probe.channel_0.cycles;
  all.insert(all.end(), probe.channel_1.cycles.begin(), probe.channel_1.cycles.end());
  std::sort(all.begin(), all.end());
  ASSERT_EQ(all.size(), 40u);
  for (Cycle i = 0; i < 40; ++i) EXPECT_EQ(all[i], 12 + i);
  for (int i = 1; i < 20; ++i) EXPECT_EQ(probe.channel_0.cycles[i] - probe.channel_0.cycles[i - 1], 2u) << i;
}

TEST(NetworkInterfaceUnit, PacketsOfOneChannelAreNotInterleaved) {
  InterfaceProbe probe;
  for (uint64_t i = 0; i < 4; ++i) {
    probe.first.add_all(10, InterfaceProbe::packet(5, 0, 100 + i));
    probe.second.add_all(10, InterfaceProbe::packet(5, 0, 200 + i));
  }
  probe.channel_0.stall_when([](Cycle c) { return c % 5 == 2; });
  sc_core::sc_start();
  ASSERT_EQ(probe.channel_0.count(), 40u);
  for (size_t i = 0; i < 40; ++i)
    EXPECT_EQ(probe.channel_0.values[i].bits[0], probe.channel_0.values[i / 5 * 5].bits[0]) << i;
}

// One producer waits for credits of channel 0; the other's channel 1 has some.
TEST(NetworkInterfaceUnit, AProducerWithoutCreditsDoesNotBlockTheOther) {
  InterfaceProbe probe;
  probe.channel_0.stall(0, 200);
  probe.first.add_all(10, InterfaceProbe::packet(10, 0, 1));
  probe.second.add_all(50, InterfaceProbe::packet(10, 1, 2));
  sc_core::sc_start();
  EXPECT_EQ(probe.channel_1.cycles.back(), 50u + 9 + 2);
  EXPECT_EQ(probe.channel_0.count(), 10u);
}

TEST(NetworkInterfaceEnergy, TheLinkChargesEachFlitOnce) {
  InterfaceProbe probe;
  probe.first.add_all(10, InterfaceProbe::packet(7, 1, 1));
  probe.channel_1.stall(0, 50);
  sc_core::sc_start();
  const uint64_t wire_bits = 128 + 2 + 1;
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kLinkBitMm), 7 * wire_bits);
  EXPECT_EQ(counted(probe.ledger, EnergyEvent::kRouterBufferWriteBit, "router"), 7 * wire_bits);
}

}  // namespace
}  // namespace spikeloom
