#include "sim/app/perfetto_writer.h"

#include <cstring>

namespace spikeloom {

namespace {

// Protocol Buffers' encoding: a field is a key, number << 3 | wire type, and a value.
enum WireType { kVarint = 0, kFixed64 = 1, kLength = 2 };

void put_varint(std::string* out, uint64_t value) {
  for (; value >= 128; value >>= 7) out->push_back(char(value | 128));
  out->push_back(char(value));
}

void put_integer(std::string* out, int field, uint64_t value) {
  put_varint(out, uint64_t(field) << 3 | kVarint);
  put_varint(out, value);
}

void put_bytes(std::string* out, int field, const std::string& value) {
  put_varint(out, uint64_t(field) << 3 | kLength);
  put_varint(out, value.size());
  *out += value;
}

void put_double(std::string* out, int field, double value) {
  put_varint(out, uint64_t(field) << 3 | kFixed64);
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  for (int i = 0; i < 8; ++i) out->push_back(char(bits >> (8 * i)));
}

namespace trace {
constexpr int kPacket = 1;
}
namespace trace_packet {
constexpr int kTimestamp = 8, kSequence = 10, kTrackEvent = 11, kInternedData = 12, kSequenceFlags = 13,
              kTrackDescriptor = 60;
constexpr uint64_t kStateCleared = 1, kNeedsState = 2;  // SequenceFlags
}  // namespace trace_packet
namespace interned_data {
constexpr int kEventNames = 2, kIid = 1, kName = 2;
}
namespace track_event {
constexpr int kType = 9, kNameIid = 10, kTrackUuid = 11, kCounterValue = 30, kDoubleCounterValue = 44;
constexpr uint64_t kSliceBegin = 1, kSliceEnd = 2, kCounter = 4;  // Type
}  // namespace track_event
namespace track_descriptor {
constexpr int kUuid = 1, kName = 2, kParentUuid = 5, kCounter = 8, kChildOrdering = 11, kSiblingOrderRank = 12;
constexpr uint64_t kExplicit = 3;  // ChildTracksOrdering
constexpr int kUnitName = 6;       // of CounterDescriptor
}  // namespace track_descriptor

std::string event_head(uint64_t type, uint64_t track) {
  std::string event;
  put_integer(&event, track_event::kType, type);
  put_integer(&event, track_event::kTrackUuid, track);
  return event;
}

}  // namespace

PerfettoWriter::PerfettoWriter(const std::vector<std::string>& names) {
  std::string interned, message;
  for (size_t i = 0; i < names.size(); ++i) {
    std::string name;
    put_integer(&name, interned_data::kIid, i + 1);
    put_bytes(&name, interned_data::kName, names[i]);
    put_bytes(&interned, interned_data::kEventNames, name);
  }
  put_integer(&message, trace_packet::kSequenceFlags, trace_packet::kStateCleared);
  put_bytes(&message, trace_packet::kInternedData, interned);
  packet(message);
}

uint64_t PerfettoWriter::track(const std::string& name, uint64_t parent) { return describe(name, parent, ""); }

uint64_t PerfettoWriter::counter_track(const std::string& name, const std::string& unit, uint64_t parent) {
  std::string counter;
  put_bytes(&counter, track_descriptor::kUnitName, unit);
  return describe(name, parent, counter);
}

uint64_t PerfettoWriter::describe(const std::string& name, uint64_t parent, const std::string& counter) {
  std::string descriptor, message;
  put_integer(&descriptor, track_descriptor::kUuid, ++tracks_);
  put_bytes(&descriptor, track_descriptor::kName, name);
  if (parent) put_integer(&descriptor, track_descriptor::kParentUuid, parent);
  put_integer(&descriptor, track_descriptor::kChildOrdering, track_descriptor::kExplicit);
  put_integer(&descriptor, track_descriptor::kSiblingOrderRank, tracks_);
  if (!counter.empty()) put_bytes(&descriptor, track_descriptor::kCounter, counter);
  put_bytes(&message, trace_packet::kTrackDescriptor, descriptor);
  packet(message);
  return tracks_;
}

void PerfettoWriter::slice(uint64_t track, size_t name, uint64_t begin_ns, uint64_t end_ns) {
  std::string begin = event_head(track_event::kSliceBegin, track);
  put_integer(&begin, track_event::kNameIid, name + 1);
  event(begin_ns, begin, true);
  event(end_ns, event_head(track_event::kSliceEnd, track), false);
}

void PerfettoWriter::count(uint64_t track, uint64_t at_ns, int64_t value) {
  std::string counted = event_head(track_event::kCounter, track);
  put_integer(&counted, track_event::kCounterValue, uint64_t(value));
  event(at_ns, counted, false);
}

void PerfettoWriter::count(uint64_t track, uint64_t at_ns, double value) {
  std::string counted = event_head(track_event::kCounter, track);
  put_double(&counted, track_event::kDoubleCounterValue, value);
  event(at_ns, counted, false);
}

// `names`: it refers to the names of the first packet.
void PerfettoWriter::event(uint64_t at_ns, const std::string& track_event, bool names) {
  std::string message;
  put_integer(&message, trace_packet::kTimestamp, at_ns);
  if (names) put_integer(&message, trace_packet::kSequenceFlags, trace_packet::kNeedsState);
  put_bytes(&message, trace_packet::kTrackEvent, track_event);
  packet(message);
}

void PerfettoWriter::packet(const std::string& message) {
  std::string whole = message;
  put_integer(&whole, trace_packet::kSequence, 1);
  put_bytes(&bytes_, trace::kPacket, whole);
}

}  // namespace spikeloom
