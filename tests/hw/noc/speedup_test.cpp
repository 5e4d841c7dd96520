// What a router has as BookSim 2's has it: virtual channels that wait for their tails' credits, and several crossbar
// inputs for an input port.
#include <gtest/gtest.h>

#include "hw/noc/network_interface.h"
#include "tests/support/mesh_probe.h"

namespace spikeloom {
namespace {

// Packets of four flits one behind the other from node 0 to its neighbour, over one virtual channel of `places`: the
// cycles in which the flits of packet k arrive are `first` and k times `period`.
void packets_follow_each_other(NetworkSpec spec, bool speculative, const std::vector<Cycle>& first, Cycle period) {
  spec.router.speculative = speculative;
  MeshProbe mesh(spec, 1);
  for (int k = 0; k < 6; ++k) mesh.send(0, 10, 1, 4);
  sc_core::sc_start();
  ASSERT_EQ(mesh.sink(1).count(), 24u);
  for (size_t i = 0; i < 24; ++i) EXPECT_EQ(mesh.sink(1).cycles[i], first[i % 4] + period * (i / 4)) << i;
}

NetworkSpec two_routers(int buffer_flits, bool wait) {
  NetworkSpec spec = small_network(2, 1, buffer_flits);
  spec.router.wait_for_tail_credit = wait;
  return spec;
}

// The first head is at the first router in c = 12. It has its channel in c, the switch in c + 1, and so at the second
// router in c + 4 and c + 5; the flits behind it follow one a cycle. There the tail leaves in c + 8: its credit can be
// used in c + 11 (wires, bookkeeping), and the next head has the channel then. Without waiting it has it in c + 5, when
// the tail has left the first router.
TEST(TailCreditTiming, TheNextPacketHasTheChannelWhenTheTailsCreditIsBack) {
  packets_follow_each_other(two_routers(8, true), false, {20, 21, 22, 23}, 11);
}
TEST(TailCreditTiming, WithoutWaitingItHasTheChannelWhenTheTailIsGone) {
  packets_follow_each_other(two_routers(8, false), false, {20, 21, 22, 23}, 5);
}
// As many places as a packet has flits are enough.
TEST(TailCreditTiming, PlacesForOnePacketServeAsWellAsMore) {
  packets_follow_each_other(two_routers(4, true), false, {20, 21, 22, 23}, 11);
}
// Channel and switch in c, and in c + 3 at the second router; the tail in c + 3 and c + 6, its credit in c + 9.
TEST(TailCreditTiming, ASpeculativeHeadCrossesInTheCycleOfTheCredit) {
  packets_follow_each_other(two_routers(8, true), true, {18, 19, 20, 21}, 9);
}
// Two places: the head leaves the second router in c + 5, so that the third flit has its credit in c + 8; the second
// leaves there in c + 6, and the tail has its credit in c + 9, leaves there in c + 12 and is told of in c + 15.
TEST(TailCreditTiming, APacketLongerThanTheBufferWaitsForItsOwnCreditsFirst) {
  packets_follow_each_other(two_routers(2, true), false, {20, 21, 26, 27}, 15);
}

// Two flits a packet, sent in 11 and 12; the tail is seen and taken in 13, its credit can be used in 14.
TEST(TailCreditTiming, AnInterfaceSendsTheNextPacketWhenTheTailsCreditIsBack) {
  Clock clock("clock", 500);
  EnergyLedger ledger(1);
  const VirtualChannels channels{1, 1, 1, {}};
  LinkSpec spec{4, 1, 1, 0.0};
  spec.wait_for_tail_credit = true;
  Link link(clock, "link", "router", spec, {128, 2, 1}, ledger);
  RegisteredFifo<Flit> fifo(clock, 8);
  FifoSource<Flit> source("source", clock);
  NetworkInterface interface("interface", clock, 1, channels);
  FifoSink<Flit> sink("sink", clock);
  source.out(fifo);
  interface.in[0](fifo);
  interface.out(link);
  sink.in(link.channel(0));
  for (int i = 0; i < 6; ++i) {
    Flit flit;
    flit.head = i % 2 == 0;
    flit.tail = i % 2 == 1;
    source.add(10, flit);
  }
  sc_core::sc_start();
  EXPECT_EQ(sink.cycles, (std::vector<Cycle>{12, 13, 15, 16, 18, 19}));
}

TEST(TailCreditUnit, TheWarningOfShallowBuffersPromisesNoMoreThanAPacketsThroughput) {
  EXPECT_EQ(two_routers(6, true).warning(), "");
  EXPECT_NE(two_routers(3, true).warning().find("reaches all of it within a packet"), std::string::npos);
  EXPECT_EQ(two_routers(3, false).warning().find("within a packet"), std::string::npos);
}

// Four nodes at a router. Node 0 sends 16 flits to node 2 and 16 to node 3, of two classes, a channel each; half of
// them wait in the buffers of the two outputs and half in those of the input when the nodes begin to take one a cycle,
// in 100. Credits come back from 103 on, and a flit that is granted the switch then is there in 106. Returns how many
// cycles later than one a cycle the last flits come.
std::pair<int, int> lost_cycles(int input_speedup, int first_class, int second_class) {
  NetworkSpec spec = small_network(1, 1, 8);
  spec.concentration = 4;
  spec.router.input_speedup = input_speedup;
  MeshProbe mesh(spec, 4);
  mesh.send(0, 10, 2, 16, first_class);
  mesh.send(0, 10, 3, 16, second_class);
  mesh.sink(2, first_class).stall(0, 100);
  mesh.sink(3, second_class).stall(0, 100);
  sc_core::sc_start();
  EXPECT_EQ(mesh.sink(2, first_class).count() + mesh.sink(3, second_class).count(), 32u);
  return {int(mesh.sink(2, first_class).cycles.back()) - 115, int(mesh.sink(3, second_class).cycles.back()) - 115};
}

// The eighth flit from 103 on is granted in 103 + 2 * 7 or a cycle later, as the two take turns, and there 3 cycles
// later: in 120 and 121.
const std::pair<int, int> kInTurn = {5, 6}, kBoth = {0, 0};

TEST(InputSpeedupTiming, TheChannelsOfAnInputTakeTurns) { EXPECT_EQ(lost_cycles(1, 0, 1), kInTurn); }
TEST(InputSpeedupTiming, TwoCrossbarInputsServeTwoChannelsAtOnce) { EXPECT_EQ(lost_cycles(2, 0, 1), kBoth); }
TEST(InputSpeedupTiming, ChannelsOfTheSameCrossbarInputTakeTurns) { EXPECT_EQ(lost_cycles(2, 1, 3), kInTurn); }
TEST(InputSpeedupTiming, ACrossbarInputForEachChannelServesAllAtOnce) { EXPECT_EQ(lost_cycles(4, 1, 3), kBoth); }
TEST(InputSpeedupTiming, ChannelsAreDealtOutInTurn) { EXPECT_EQ(lost_cycles(3, 0, 3), kInTurn); }

// Nodes 0 and `second` send a flit each to node 3 in the same cycle, and `second` another one, to a node that nobody
// else sends to. Returns when it is there. The first router sees the first two in 12, and lets go that of node 0, which
// is there in 15; the other one is on the link a cycle later, whether it waits before the crossbar or behind it.
Cycle flit_behind_arrives(int output_speedup, int second) {
  NetworkSpec spec = small_network(1, 1, 8);
  spec.concentration = 4;
  spec.router.output_speedup = output_speedup;
  MeshProbe mesh(spec, 2);
  mesh.send(0, 10, 3, 1, 0);
  mesh.send(second, 10, 3, 1, 1);
  mesh.send(second, 10, 3 - second, 1, 1);
  sc_core::sc_start();
  EXPECT_EQ(mesh.sink(3, 0).cycles, (std::vector<Cycle>{15}));
  EXPECT_EQ(mesh.sink(3, 1).cycles, (std::vector<Cycle>{16}));
  return mesh.sink(3 - second, 1).cycles.at(0);
}

// Behind a flit that leaves its buffer in 13 the next one leaves in 14, and is there in 17.
TEST(OutputSpeedupTiming, InputsTakeTurnsAtAnOutput) { EXPECT_EQ(flit_behind_arrives(1, 1), 17u); }
TEST(OutputSpeedupTiming, TwoCrossbarOutputsTakeAFlitEachAndQueueThem) { EXPECT_EQ(flit_behind_arrives(2, 1), 16u); }
TEST(OutputSpeedupTiming, InputsOfTheSameCrossbarOutputTakeTurns) { EXPECT_EQ(flit_behind_arrives(2, 2), 17u); }

}  // namespace
}  // namespace spikeloom
