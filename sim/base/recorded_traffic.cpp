#include "sim/base/recorded_traffic.h"

#include "sim/base/description.h"
#include "sim/base/trace_tensors.h"

namespace spikeloom {

namespace {

using nlohmann::json;

constexpr int kMostNodes = 1 << 15, kMostClasses = 32;
constexpr int64_t kMostPackets = int64_t{1} << 31, kMostCycle = int64_t{1} << 48;
const char* const kFormat = "spikeloom-traffic";

std::vector<int64_t> read_column(const SafetensorsFile& file, const std::string& name, int64_t rows,
                                 const std::string& dtype, int64_t least, int64_t most) {
  std::vector<int64_t> values = file.integers(name, {rows}, dtype);
  check_range(file, name, values, least, most);
  return values;
}

void read_description(const Description& top, RecordedTraffic* traffic) {
  top.keys({"format", "version", "synthetic", "chip", "workload", "network", "tiles", "memory_nodes", "link_bits",
            "begin_cycle", "end_cycle", "whole", "flit_hops", "packets", "flits", "gap_entries", "multicasts",
            "classes"});
  top.integer("version", 1, 1);
  traffic->synthetic = top.flag("synthetic");
  traffic->chip = top.text("chip");
  traffic->workload = top.text("workload");
  traffic->network = top.text("network");
  traffic->tiles = top.integer("tiles", 1, kMostNodes);
  traffic->memory_nodes = top.integer("memory_nodes", 0, kMostNodes);
  traffic->link_bits = top.integer("link_bits", 1, 1 << 20);
  traffic->begin = Cycle(top.count("begin_cycle", 0, kMostCycle));
  traffic->end = Cycle(top.count("end_cycle", 0, kMostCycle));
  traffic->whole = top.flag("whole");
  traffic->flit_hops = uint64_t(top.count("flit_hops", 0, kMostCycle));
  const std::vector<Description> classes = top.list("classes");
  if (classes.size() > kMostClasses) top.fail("classes", "more than " + std::to_string(kMostClasses) + " of them");
  for (const Description& entry : classes) {
    entry.keys({"name", "one_channel"});
    traffic->classes.push_back({new_name(entry, "class", traffic->classes), entry.flag("one_channel")});
  }
}

void read_multicasts(const SafetensorsFile& file, int64_t count, RecordedTraffic* traffic) {
  const std::vector<int64_t> members = file.integers("multicasts", {count, traffic->nodes()}, "U8");
  check_range(file, "multicasts", members, 0, 1);
  for (int64_t set = 0; set < count; ++set) {
    traffic->multicasts.emplace_back();
    for (int node = 0; node < traffic->nodes(); ++node) {
      if (!members[size_t(set * traffic->nodes() + node)]) continue;
      if (node >= traffic->tiles)
        file.fail("tensor 'multicasts': set " + std::to_string(set) + " has memory node " +
                  std::to_string(node - traffic->tiles) + "; sets are of tiles");
      traffic->multicasts.back().push_back(node);
    }
    if (traffic->multicasts.back().empty()) file.fail("tensor 'multicasts': set " + std::to_string(set) + " is empty");
  }
}

void read_packets(const SafetensorsFile& file, int64_t count, int64_t flits, RecordedTraffic* traffic) {
  const int nodes = traffic->nodes();
  const auto cycle = read_column(file, "cycle", count, "I64", 0, kMostCycle);
  const auto latency = read_column(file, "latency", count, "I32", 1, INT32_MAX);
  const auto source = read_column(file, "source", count, "I32", 0, nodes - 1);
  const auto destination =
      read_column(file, "destination", count, "I32", 0, nodes + int64_t(traffic->multicasts.size()) - 1);
  const auto message_class = read_column(file, "message_class", count, "U8", 0, int64_t(traffic->classes.size()) - 1);
  const auto flow = read_column(file, "flow", count, "U8", 0, 255);
  const auto ordered = read_column(file, "ordered", count, "U8", 0, 1);
  const auto length = read_column(file, "flits", count, "I32", 1, INT32_MAX);
  uint64_t total = 0;
  for (size_t i = 0; i < size_t(count); ++i) {
    if (i > 0 && cycle[i] < cycle[i - 1])
      file.fail("tensor 'cycle': value " + std::to_string(cycle[i]) + " at flat index " + std::to_string(i) +
                " is before the one before it");
    if (Cycle(cycle[i]) < traffic->begin || Cycle(cycle[i]) >= traffic->end)
      file.fail("tensor 'cycle': value " + std::to_string(cycle[i]) + " at flat index " + std::to_string(i) +
                " is outside the recorded cycles " + std::to_string(traffic->begin) + " to " +
                std::to_string(int64_t(traffic->end) - 1));
    traffic->packets.push_back({Cycle(cycle[i]), Cycle(latency[i]), uint32_t(destination[i]), uint32_t(length[i]),
                                total - i, uint16_t(source[i]), uint8_t(message_class[i]), uint8_t(flow[i]),
                                ordered[i] != 0});
    total += uint64_t(length[i]);
  }
  if (total != uint64_t(flits))
    file.fail("tensor 'flits': adds up to " + std::to_string(total) + ", the description says " +
              std::to_string(flits));
}

void read_gaps(const SafetensorsFile& file, int64_t entries, RecordedTraffic* traffic) {
  uint64_t expected = 0;
  for (const RecordedPacket& packet : traffic->packets) expected += packet.flits - 1;
  const uint8_t* entry = file.bytes("gap", {entries});
  uint32_t gap = 0;
  for (int64_t i = 0; i < entries; ++i) {
    if (__builtin_add_overflow(gap, entry[i], &gap))
      file.fail("tensor 'gap': too long a gap at flat index " + std::to_string(i));
    if (entry[i] == RecordedTraffic::kLongGap) continue;
    if (gap == 0) file.fail("tensor 'gap': flat index " + std::to_string(i) + ": two flits of a packet in one cycle");
    traffic->gaps.push_back(gap);
    gap = 0;
  }
  if (gap != 0 || traffic->gaps.size() != expected)
    file.fail("tensor 'gap': has " + std::to_string(traffic->gaps.size()) + " gaps, the packets have " +
              std::to_string(expected));
}

// Only packets whose flits were all injected in the recorded cycles are recorded.
void check_ends(const SafetensorsFile& file, const RecordedTraffic& traffic) {
  for (size_t i = 0, gap = 0; i < traffic.packets.size(); ++i) {
    Cycle last = traffic.packets[i].cycle;
    for (const size_t end = gap + traffic.packets[i].flits - 1; gap < end; ++gap) last += traffic.gaps[gap];
    if (last >= traffic.end)
      file.fail("packet " + std::to_string(i) + ": its last flit is injected in cycle " + std::to_string(last) +
                ", the recording ends before " + std::to_string(traffic.end));
  }
}

// hw/noc/deadlock.h: all trees of a class start at one source.
void check_multicasts(const SafetensorsFile& file, const RecordedTraffic& traffic) {
  std::vector<int> tree_source(traffic.classes.size(), -1);  // of the class's multicasts
  for (const RecordedPacket& packet : traffic.packets)
    if (int(packet.destination) >= traffic.nodes()) tree_source[packet.message_class] = packet.source;
  for (size_t i = 0; i < traffic.packets.size(); ++i) {
    const RecordedPacket& packet = traffic.packets[i];
    const int source = tree_source[packet.message_class];
    if (source < 0) continue;
    const std::string where = "packet " + std::to_string(i) + ": class '" + traffic.classes[packet.message_class].name +
                              "' has multicasts, so that all of it must be ";
    if (source < traffic.tiles || packet.source != source)
      file.fail(where + "from one memory node, or it could deadlock");
    if (int(packet.destination) < traffic.nodes() || !packet.ordered)
      file.fail(where + "multicasts in order, or it could deadlock");
  }
}

}  // namespace

std::string RecordedTraffic::title() const {
  return chip + ", " + workload + (synthetic ? ", SYNTHETIC codes and weights" : "");
}

bool RecordedTraffic::recognizes(const std::string& file) {
  const json description = json::parse(SafetensorsFile(file).description(), nullptr, false);
  return description.is_object() && description.value("format", json()) == kFormat;
}

RecordedTraffic RecordedTraffic::read(const std::string& name) {
  const SafetensorsFile file(name);
  const json description = parse_description(file);
  const Description top(file, description, "");
  if (top.text("format") != kFormat)
    top.fail("format", "'" + top.text("format") + "' is no traffic recording (`spikeloom run --traffic` makes one)");
  RecordedTraffic traffic;
  read_description(top, &traffic);
  const int64_t packets = top.count("packets", 1, kMostPackets);
  const int64_t flits = top.count("flits", packets, kMostCycle);
  read_multicasts(file, top.count("multicasts", 0, kMostPackets), &traffic);
  read_packets(file, packets, flits, &traffic);
  read_gaps(file, top.count("gap_entries", 0, kMostCycle), &traffic);
  file.finish();
  check_ends(file, traffic);
  check_multicasts(file, traffic);
  return traffic;
}

std::string RecordedTraffic::encode() const {
  nlohmann::ordered_json description = {{"format", kFormat},
                                        {"version", 1},
                                        {"synthetic", synthetic},
                                        {"chip", chip},
                                        {"workload", workload},
                                        {"network", network},
                                        {"tiles", tiles},
                                        {"memory_nodes", memory_nodes},
                                        {"link_bits", link_bits},
                                        {"begin_cycle", begin},
                                        {"end_cycle", end},
                                        {"whole", whole},
                                        {"flit_hops", flit_hops},
                                        {"packets", packets.size()},
                                        {"flits", packets.size() + gaps.size()},
                                        {"multicasts", multicasts.size()}};
  for (const RecordedClass& entry : classes)
    description["classes"].push_back({{"name", entry.name}, {"one_channel", entry.one_channel}});
  TensorToWrite gap{"gap", "U8", {}, {}};
  for (uint32_t cycles : gaps) {
    for (; cycles >= kLongGap; cycles -= kLongGap) gap.values.push_back(kLongGap);
    gap.values.push_back(cycles);
  }
  gap.shape = {int64_t(gap.values.size())};
  description["gap_entries"] = gap.values.size();
  std::vector<int64_t> members(multicasts.size() * size_t(nodes()), 0);
  for (size_t set = 0; set < multicasts.size(); ++set)
    for (const int tile : multicasts[set]) members[set * size_t(nodes()) + size_t(tile)] = 1;
  const int64_t count = int64_t(packets.size());
  const auto column = [&](const char* name, const char* dtype, auto value) {
    TensorToWrite tensor{name, dtype, {count}, {}};
    for (const RecordedPacket& packet : packets) tensor.values.push_back(int64_t(value(packet)));
    return tensor;
  };
  return safetensors_bytes(
      description.dump(),
      {column("cycle", "I64", [](const RecordedPacket& packet) { return packet.cycle; }),
       column("latency", "I32", [](const RecordedPacket& packet) { return packet.latency; }),
       column("source", "I32", [](const RecordedPacket& packet) { return packet.source; }),
       column("destination", "I32", [](const RecordedPacket& packet) { return packet.destination; }),
       column("flits", "I32", [](const RecordedPacket& packet) { return packet.flits; }), std::move(gap),
       column("message_class", "U8", [](const RecordedPacket& packet) { return packet.message_class; }),
       column("flow", "U8", [](const RecordedPacket& packet) { return packet.flow; }),
       column("ordered", "U8", [](const RecordedPacket& packet) { return packet.ordered; }),
       TensorToWrite{"multicasts", "U8", {int64_t(multicasts.size()), nodes()}, std::move(members)}});
}

}  // namespace spikeloom
