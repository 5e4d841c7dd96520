// A trace in the format of Perfetto (https://ui.perfetto.dev): the few messages that tracks, slices and counters need.
//
// Field numbers: https://github.com/google/perfetto/tree/main/protos/perfetto/trace, files trace.proto,
// trace_packet.proto, interned_data/interned_data.proto and track_event/{track_event,track_descriptor,
// counter_descriptor}.proto.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom {

class PerfettoWriter {
 public:
  // Most bytes that one slice (its begin and its end) and one counter value take, before kLatestNs.
  static constexpr uint64_t kSliceBytes = 42, kCounterBytes = 31;
  static constexpr uint64_t kLatestNs = uint64_t{1} << 35;  // 34 s

  // `names`: of slices, which refer to them by index.
  explicit PerfettoWriter(const std::vector<std::string>& names);

  // A track below `parent` (0: none); returns its number. Tracks appear in the order of this call.
  uint64_t track(const std::string& name, uint64_t parent);
  uint64_t counter_track(const std::string& name, const std::string& unit, uint64_t parent);
  // Slices of a track neither overlap nor go back in time. Times in ns.
  void slice(uint64_t track, size_t name, uint64_t begin_ns, uint64_t end_ns);
  // The counter has this value from `at_ns` until its next value.
  void count(uint64_t track, uint64_t at_ns, int64_t value);
  void count(uint64_t track, uint64_t at_ns, double value);

  const std::string& bytes() const { return bytes_; }

 private:
  uint64_t describe(const std::string& name, uint64_t parent, const std::string& counter);
  void event(uint64_t at_ns, const std::string& track_event, bool names);
  void packet(const std::string& message);

  std::string bytes_;
  uint64_t tracks_ = 0;
};

}  // namespace spikeloom
