// Recorded traffic: what a chip's network interfaces injected, replayed on a network alone.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "hw/chip/chip.h"
#include "hw/noc/traffic/replay_network.h"
#include "hw/noc/traffic/traffic_recorder.h"
#include "tests/support/mesh_probe.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_layer.h"
#include "tests/support/user_error.h"

namespace spikeloom {
namespace {

using nlohmann::json;

// Six tiles and two memory nodes, inputs split over two tiles each, two passes: spikes to sets of tiles, weights,
// outputs, partial membranes and control.
ChipSpec small_chip() {
  ChipSpec spec = tiny_chip(3, 2);
  spec.memory_nodes.push_back({2, 1, kEast});
  spec.mapping.input_split = 2;
  return spec;
}

TinySpec small_layer() {
  TinySpec spec;
  spec.tokens = 3;
  spec.inputs = {40};
  spec.operations = {{0, 48}};
  spec.wide = 4;
  return spec;
}

// Router events, and flits of links between routers, by block and event; and of the nodes' links.
json events(const EnergyLedger& ledger, const std::string& prefix, const Network& network) {
  json counts = json::object();
  for (const auto& counter : ledger.counters()) {
    if (counter->block().compare(0, prefix.size(), prefix) != 0) continue;
    const std::string block = counter->block().substr(prefix.size());
    if (block.compare(0, 7, "router_") != 0 && block.compare(0, 5, "link_") != 0) continue;
    const std::string key = block + "/" + std::to_string(int(counter->event()));
    counts[key] = counts.value(key, uint64_t{0}) + counter->total();
  }
  counts["flit_hops"] = network.flit_hops();
  return counts;
}

// Runs in a process of its own: SystemC elaborates once.
void record(const std::string& file, const std::string& counts_file, Cycle from, Cycle to, uint64_t limit) {
  const TinyLayer layer(small_layer());
  Chip chip("chip", small_chip(), layer.trace, 1000);
  TrafficRecorder recorder(chip.clock(), chip.network(), chip.topology(), chip.routes(), from, to, limit);
  chip.run();
  RecordedTraffic traffic = recorder.finish(chip.cycles());
  traffic.chip = "tiny";
  traffic.link_bits = 128;
  for (int i = 0; i < chip.spec().classes().count(); ++i)
    traffic.classes.push_back({chip.spec().classes().name(i), i >= 2});
  json counts = events(chip.ledger(), "chip.", chip.network());
  uint64_t injected = 0, ejected = 0;
  for (int node = 0; node < chip.topology().nodes(); ++node) {
    injected += chip.network().link_into(node)->flits();
    ejected += chip.network().link_to(node)->flits();
  }
  counts["injected"] = injected;
  counts["ejected"] = ejected;
  counts["cycles"] = chip.cycles();
  counts["full"] = recorder.full();
  std::ofstream(file, std::ios::binary) << traffic.encode();
  std::ofstream(counts_file) << counts;
}

// Runs `work` in a process of its own.
template <typename Work>
void apart(Work work) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      work();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

class RecordedRun {
 public:
  explicit RecordedRun(Cycle from = 0, Cycle to = Clock::kNever, uint64_t limit = 1 << 20) {
    apart([&] { record(file(), folder_.file("counts.json"), from, to, limit); });
    std::ifstream stream(folder_.file("counts.json"));
    counts = json::parse(stream);
  }
  std::string file() const { return folder_.file("traffic.safetensors"); }
  json counts;

 private:
  TempFolder folder_;
};

const ReplayedClass& all(const Replay& replay) { return replay.classes.back(); }

// A class per source of spikes, weights, outputs, partials, control; multicasts are of the tiles of a part: 2 parts.
TEST(ReplayUnit, ARecordingHasEveryFlitThatWasInjected) {
  const RecordedRun run;
  const RecordedTraffic traffic = RecordedTraffic::read(run.file());
  EXPECT_EQ(traffic.packets.size() + traffic.gaps.size(), run.counts["injected"]);
  EXPECT_TRUE(traffic.whole);
  EXPECT_EQ(traffic.end, run.counts["cycles"]);
  EXPECT_EQ(traffic.flit_hops, run.counts["flit_hops"]);
  std::map<std::string, int> packets;
  for (const RecordedPacket& packet : traffic.packets) ++packets[traffic.classes[packet.message_class].name];
  EXPECT_EQ(packets.size(), 6u);  // all of them
  for (const std::vector<int>& set : traffic.multicasts) EXPECT_EQ(set.size(), 3u);
  uint64_t delivered = 0;
  for (const RecordedPacket& packet : traffic.packets) delivered += packet.flits * traffic.fanout(packet);
  EXPECT_EQ(delivered, run.counts["ejected"]);
}

// On the network of the chip every flit takes the way that it took there: every router routes, allocates, arbitrates,
// reads and writes as often, link by link.
TEST(ReplayExact, TheSameNetworkCountsTheSameEventsAtEveryRouterAndLink) {
  const RecordedRun run;
  const RecordedTraffic traffic = RecordedTraffic::read(run.file());
  const ChipSpec chip = small_chip();
  ReplayNetwork network(chip.network, chip.topology(), traffic);
  const Replay replay = network.run();
  EXPECT_EQ(replay.stuck, "");
  EXPECT_EQ(replay.flit_hops, run.counts["flit_hops"]);
  json counts = run.counts;
  for (const char* key : {"injected", "ejected", "cycles", "full"}) counts.erase(key);
  EXPECT_GT(counts.size(), 6 * 4u);
  EXPECT_EQ(events(network.ledger(), "", network.network()), counts);
  EXPECT_EQ(all(replay).injected, run.counts["injected"]);
  EXPECT_EQ(all(replay).ejected, run.counts["ejected"]);
}

// A network whose receivers never wait, unicasts of three classes and multicasts of a fourth, some links overloaded:
// its replay is the same cycle by cycle. Every packet enters when recorded and arrives when recorded.
TEST(ReplayExact, ANetworkWithoutStallsIsReplayedToTheCycle) {
  const NetworkSpec spec = small_network(4, 3, 6);
  const std::vector<EdgeNode> memory_nodes = {{0, 1, kWest}};
  const TempFolder folder;
  apart([&] {
    MeshProbe mesh(spec, 4, memory_nodes);
    const std::vector<int> sets = {mesh.routes.add_multicast(0, {0, 5, 7, 11}), mesh.routes.add_multicast(0, {2, 3})};
    TrafficRecorder recorder(mesh.clock, mesh.network, mesh.topology, mesh.routes, 0, Clock::kNever, 1 << 20);
    std::mt19937_64 random(5);
    for (Cycle cycle = 5; cycle < 3000; cycle += 3) {
      const int from = int(random() % 12), flits = 1 + int(random() % 8);
      const int to = random() % 3 ? int(random() % 13) : 6;
      mesh.send(from, cycle, to, flits, 1 + int(random() % 3));
      if (cycle % 5 == 0) mesh.send(12, cycle, sets[random() % 2], flits, 0);
    }
    sc_core::sc_start();
    RecordedTraffic traffic = recorder.finish(mesh.clock.now() + 1);
    traffic.link_bits = 128;
    traffic.classes = {{"a", false}, {"b", false}, {"c", false}, {"d", false}};
    folder.write("t.safetensors", traffic.encode());
  });
  const RecordedTraffic traffic = RecordedTraffic::read(folder.file("t.safetensors"));
  EXPECT_EQ(traffic.packets.size(), 999 + 200u);
  ReplayNetwork network(spec, spec.topology(memory_nodes), traffic);
  const Replay replay = network.run();
  EXPECT_EQ(replay.flit_hops, traffic.flit_hops);
  EXPECT_EQ(all(replay).waited, 0);
  EXPECT_EQ(all(replay).latest, 0);
  EXPECT_EQ(all(replay).latency, all(replay).recorded_latency);           // none earlier, as none is later
  EXPECT_GT(int(all(replay).largest_latency), spec.latency_alone(5, 8));  // corner to corner
  EXPECT_EQ(replay.last_arrival, replay.recorded_last_arrival);
}

// Injected are the flits of the recording, ejected those of each destination, in each class, whatever carries them.
void delivers_everything(const NetworkSpec& spec, const Topology& topology) {
  const RecordedRun run;
  const RecordedTraffic traffic = RecordedTraffic::read(run.file());
  std::map<std::string, uint64_t> injected, ejected;
  for (const RecordedPacket& packet : traffic.packets) {
    injected[traffic.classes[packet.message_class].name] += packet.flits;
    ejected[traffic.classes[packet.message_class].name] += packet.flits * traffic.fanout(packet);
  }
  ReplayNetwork network(spec, topology, traffic);
  const Replay replay = network.run();
  ASSERT_EQ(replay.stuck, "");
  ASSERT_EQ(replay.classes.size(), injected.size() + 1);
  for (size_t i = 0; i < injected.size(); ++i) {
    EXPECT_EQ(replay.classes[i].injected, injected[replay.classes[i].name]) << replay.classes[i].name;
    EXPECT_EQ(replay.classes[i].ejected, ejected[replay.classes[i].name]) << replay.classes[i].name;
  }
}

TEST(ReplayUnit, ATorusWithSlowRoutersDeliversEverything) {
  NetworkSpec spec = small_chip().network;
  spec.shape = Shape::kTorus;
  spec.vcs_per_class = 2;
  spec.buffer_flits = 1;
  spec.router.speculative = false;
  spec.router.routing_cycles = 2;
  delivers_everything(spec, spec.topology({{0, 0, kLocal}, {2, 1, kLocal}}));
}

TEST(ReplayUnit, OddEvenRoutingDeliversEverything) {
  NetworkSpec spec = small_chip().network;
  spec.routing = 2;
  spec.vcs_per_class = 3;
  delivers_everything(spec, small_chip().topology());
}

TEST(ReplayUnit, TwoTilesARouterDeliverEverything) {
  NetworkSpec spec = small_chip().network;
  spec.width = 3;
  spec.height = 1;
  spec.concentration = 2;
  delivers_everything(spec, spec.topology({{0, 0, kWest}, {2, 0, kEast}}));
}

// A packet belongs to a recording when all its flits were injected within the cycles.
TEST(ReplayUnit, APartOfARunHasThePacketsThatWereInjectedWithin) {
  const RecordedRun whole;
  const RecordedTraffic all = RecordedTraffic::read(whole.file());
  const Cycle from = all.end / 4, to = all.end / 2;
  std::vector<std::pair<Cycle, int>> expected, got;
  for (const RecordedPacket& packet : all.packets) {
    Cycle last = packet.cycle;
    for (uint32_t i = 0; i + 1 < packet.flits; ++i) last += all.gaps[packet.first_gap + i];
    if (packet.cycle >= from && last < to) expected.emplace_back(packet.cycle, packet.source);
  }
  const RecordedRun part(from, to);
  const RecordedTraffic traffic = RecordedTraffic::read(part.file());
  for (const RecordedPacket& packet : traffic.packets) got.emplace_back(packet.cycle, packet.source);
  EXPECT_GT(expected.size(), 3u);
  EXPECT_EQ(got, expected);
  EXPECT_EQ(traffic.begin, from);
  EXPECT_EQ(traffic.end, to);
  EXPECT_FALSE(traffic.whole);
  EXPECT_EQ(traffic.flit_hops, 0u);
}

TEST(ReplayUnit, AFullFileEndsTheRecordingUnderItsLimit) {
  constexpr uint64_t kLimit = 8192 + 1000;
  const RecordedRun run(0, Clock::kNever, kLimit);
  EXPECT_TRUE(run.counts["full"]);
  const RecordedTraffic traffic = RecordedTraffic::read(run.file());
  EXPECT_FALSE(traffic.whole);
  EXPECT_LT(traffic.end, run.counts["cycles"]);
  EXPECT_LE(std::filesystem::file_size(run.file()), kLimit);
  EXPECT_GT(traffic.packets.size(), 5u);
}

// Recordings made by hand.
RecordedTraffic by_hand(int tiles, int memory_nodes) {
  RecordedTraffic traffic;
  traffic.tiles = tiles;
  traffic.memory_nodes = memory_nodes;
  traffic.link_bits = 128;
  traffic.end = 100000;
  traffic.classes = {{"a", false}, {"b", true}, {"c", true}};
  return traffic;
}

void add(RecordedTraffic* traffic, Cycle cycle, int source, int destination, const std::vector<uint32_t>& gaps,
         int message_class = 0, Cycle latency = 1) {
  RecordedPacket packet;
  packet.cycle = cycle;
  packet.latency = latency;
  packet.source = uint16_t(source);
  packet.destination = uint32_t(destination);
  packet.flits = uint32_t(gaps.size() + 1);
  packet.first_gap = traffic->gaps.size();
  packet.message_class = uint8_t(message_class);
  traffic->gaps.insert(traffic->gaps.end(), gaps.begin(), gaps.end());
  traffic->packets.push_back(packet);
}

// Alone, a single flit takes 3 H + 5 cycles over H hops (latency_alone of 3 cycles a hop); a tail that is recorded g
// cycles after its head arrives g later. Far cycles are jumped to; gaps above 255 survive the file.
TEST(ReplayTiming, ALonePacketArrivesAtItsRecordedCycleAndTheClosedForm) {
  RecordedTraffic traffic = by_hand(6, 0);
  const NetworkSpec spec = small_network(3, 2, 6);
  const int alone = spec.latency_alone(3, 1);
  EXPECT_EQ(alone, 3 * 3 + 5);
  add(&traffic, 10, 0, 5, {}, 0, Cycle(alone) + 2);
  add(&traffic, 5000, 0, 5, {1, 700, 510, 255}, 1, Cycle(alone) + 1466);
  const TempFolder folder;
  const RecordedTraffic read = RecordedTraffic::read(folder.write("t.safetensors", traffic.encode()));
  EXPECT_EQ(read.gaps, traffic.gaps);
  ReplayNetwork network(spec, spec.topology(), read);
  const Replay replay = network.run();
  ASSERT_EQ(replay.classes.size(), 3u);
  EXPECT_EQ(replay.classes[0].latency, alone);
  EXPECT_EQ(replay.classes[0].latest, -2);
  EXPECT_EQ(replay.classes[1].latency, alone + 1466);
  EXPECT_EQ(replay.classes[1].latest, 0);
  EXPECT_EQ(replay.classes[2].latest, 0);
  EXPECT_EQ(replay.last_arrival, Cycle(5000 + alone + 1466));
  EXPECT_EQ(replay.recorded_last_arrival, replay.last_arrival);
}

// Two nodes send a flit in every cycle to a third, ten each, in different classes: its link takes one a cycle, so that
// the last arrives ten cycles later than alone. A multicast's latency ends at its farthest tile.
TEST(ReplayTiming, WhatALinkCannotCarryArrivesLater) {
  RecordedTraffic traffic = by_hand(3, 1);
  NetworkSpec spec = small_network(3, 1, 32);
  const std::vector<uint32_t> nine(9, 1);
  const Cycle one_hop = Cycle(spec.latency_alone(1, 10));
  add(&traffic, 100, 0, 1, nine, 1, one_hop);
  add(&traffic, 100, 2, 1, nine, 2, one_hop);
  traffic.multicasts = {{0, 2}};
  add(&traffic, 1000, 3, 4, {}, 0);
  ReplayNetwork network(spec, spec.topology({{0, 0, kWest}}), traffic);
  const Replay replay = network.run();
  EXPECT_EQ(std::max(replay.classes[1].latest, replay.classes[2].latest), 10);
  EXPECT_EQ(replay.classes[0].ejected, 2u);
  EXPECT_EQ(replay.classes[0].latency, spec.latency_alone(2, 1));
}

// Recordings that could deadlock, or are no recordings, are refused.
TEST(ReplayConfig, BadRecordingsGiveOneLine) {
  const TempFolder folder;
  const auto message = [&folder](const RecordedTraffic& traffic) {
    const std::string file = folder.write("bad.safetensors", traffic.encode());
    const std::string text = user_error_of([&] { RecordedTraffic::read(file); });
    return text.compare(0, file.size() + 2, file + ": ") == 0 ? text.substr(file.size() + 2) : text;
  };
  RecordedTraffic good = by_hand(3, 2);
  good.multicasts = {{0, 2}};
  add(&good, 10, 3, 5, {1});
  EXPECT_EQ(message(good), "(no error)");
  RecordedTraffic two_sources = good;
  add(&two_sources, 11, 4, 5, {});
  EXPECT_EQ(message(two_sources),
            "packet 0: class 'a' has multicasts, so that all of it must be from one memory node, or it could deadlock");
  RecordedTraffic from_a_tile = good;
  from_a_tile.packets[0].source = 1;
  EXPECT_EQ(message(from_a_tile),
            "packet 0: class 'a' has multicasts, so that all of it must be from one memory node, or it could deadlock");
  RecordedTraffic mixed = good;
  add(&mixed, 12, 3, 1, {});
  EXPECT_EQ(message(mixed),
            "packet 1: class 'a' has multicasts, so that all of it must be multicasts in order, or it could deadlock");
  RecordedTraffic to_memory = good;
  to_memory.multicasts = {{0, 2}};
  to_memory.tiles = 2;
  to_memory.memory_nodes = 3;
  EXPECT_EQ(message(to_memory), "tensor 'multicasts': set 0 has memory node 0; sets are of tiles");
  RecordedTraffic backwards = good;
  add(&backwards, 9, 1, 0, {}, 1);
  EXPECT_EQ(message(backwards), "tensor 'cycle': value 9 at flat index 1 is before the one before it");
  RecordedTraffic nowhere = good;
  add(&nowhere, 12, 1, 6, {}, 1);
  EXPECT_EQ(message(nowhere), "tensor 'destination': value 6 at flat index 1 is out of range (allowed: 0 to 5)");
  RecordedTraffic early = good, late = good, cut = good;
  early.begin = 11;
  EXPECT_EQ(message(early), "tensor 'cycle': value 10 at flat index 0 is outside the recorded cycles 11 to 99999");
  add(&late, 100000, 1, 0, {}, 1);
  EXPECT_EQ(message(late), "tensor 'cycle': value 100000 at flat index 1 is outside the recorded cycles 0 to 99999");
  add(&cut, 99990, 1, 0, {4, 5}, 1);  // the last flit in 99999
  EXPECT_EQ(message(cut), "(no error)");
  cut.gaps.back() = 6;
  EXPECT_EQ(message(cut), "packet 1: its last flit is injected in cycle 100000, the recording ends before 100000");
  EXPECT_EQ(message(by_hand(3, 2)), "description: packets: 0 is out of range (allowed: 1 to 2147483648)");
}

// Ordered packets around a ring without a dateline close a circle, whoever sends them; configs of that kind are refused
// (check_deadlock), and what would happen is described.
TEST(ReplayUnit, AStuckReplayNamesItsOldestFlit) {
  RecordedTraffic traffic = by_hand(4, 0);
  NetworkSpec spec = small_network(4, 1, 2);
  spec.shape = Shape::kTorus;
  spec.dateline = false;
  for (int node = 0; node < 4; ++node) add(&traffic, 10, node, (node + 2) % 4, std::vector<uint32_t>(40, 1));
  for (RecordedPacket& packet : traffic.packets) packet.flow = 0;
  ReplayNetwork network(spec, spec.topology(), traffic);
  const Replay replay = network.run();
  EXPECT_NE(replay.stuck.find("the oldest flit ("), std::string::npos) << replay.stuck;
}

}  // namespace
}  // namespace spikeloom
