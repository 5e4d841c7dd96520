// What the network interfaces of a chip injected: a safetensors file of packets, each with its cycles, source,
// destinations, class and flits. sim/app/README.md describes the file.
#pragma once

#include <string>
#include <vector>

#include "sim/base/energy_ledger.h"
#include "sim/base/safetensors.h"

namespace spikeloom {

struct RecordedPacket {
  Cycle cycle = 0;           // in which its head was granted the link into the network
  Cycle latency = 0;         // cycles from then until the last of its destinations saw its tail
  uint32_t destination = 0;  // a node; or, number of nodes + i: the nodes of multicasts[i]
  uint32_t flits = 0;
  uint64_t first_gap = 0;  // index into gaps: flits - 1 of them are the packet's
  uint16_t source = 0;     // node
  uint8_t message_class = 0, flow = 0;
  bool ordered = true;
};

struct RecordedClass {
  std::string name;
  bool one_channel = false;  // packets arrive at their nodes on one virtual channel, else on any of the class
};

struct RecordedTraffic {
  bool synthetic = false;               // codes and weights of the run were random
  std::string chip, workload, network;  // what was run, in words
  int tiles = 0, memory_nodes = 0;      // nodes: tiles first
  int link_bits = 0;
  Cycle begin = 0, end = 0;  // all packets whose flits were all injected in begin .. end - 1 are here
  bool whole = false;        // the run from its first to its last cycle
  uint64_t flit_hops = 0;    // of a whole run, over all links, the nodes' own too; else 0
  std::vector<RecordedClass> classes;
  std::vector<std::vector<int>> multicasts;  // tiles of each destination set
  std::vector<RecordedPacket> packets;       // by cycle, then source
  std::vector<uint32_t> gaps;                // cycles from a flit of a packet to its next, at least 1

  int nodes() const { return tiles + memory_nodes; }
  // How many nodes a packet goes to.
  size_t fanout(const RecordedPacket& packet) const {
    return int(packet.destination) < nodes() ? 1 : multicasts[packet.destination - nodes()].size();
  }
  // "smollm2_4x3: layer 15 of ..., SYNTHETIC"
  std::string title() const;

  static bool recognizes(const std::string& file);
  // Throws UserError naming file and tensor. Checks what keeps multicasts from deadlock (hw/noc/deadlock.h): a class
  // with multicasts has nothing else, ordered, and from one memory node alone.
  static RecordedTraffic read(const std::string& file);
  // The file's bytes.
  std::string encode() const;

  // Bytes in the file.
  static constexpr uint64_t kPacketBytes = 27;
  static uint64_t gap_bytes(uint64_t gap) { return gap / kLongGap + 1; }

  static constexpr uint32_t kLongGap = 255;  // as an entry of the file's gaps: so many cycles, and those of the next
};

}  // namespace spikeloom
