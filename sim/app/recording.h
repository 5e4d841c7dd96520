// What a run may write down while it runs: a timeline for Perfetto, the waves of chosen blocks, and the traffic of its
// network.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hw/chip/chip.h"
#include "sim/app/commands.h"

namespace spikeloom {

struct Report;
class Timeline;
class TrafficRecorder;
class Waves;

// All blocks of a module, in the order of their construction.
std::vector<const Block*> blocks_below(const sc_core::sc_object& module);

struct RecordingSpec {
  bool timeline = false;
  std::vector<std::string> blocks;  // whose waves are recorded
  bool traffic = false;
  Cycle from = 0, to = Clock::kNever;
  uint64_t limit_bytes = 64 << 20;  // of each file

  // From the options of `run`. Throws UserError.
  static RecordingSpec read(const CommonOptions& options);
};

// What was recorded: the cycles first .. end - 1.
struct RecordedFile {
  std::string name;
  Cycle first = 0, end = 0;
  bool full = false;  // it ends there because there is no more room
  uint64_t bytes = 0;
};

class Recording {
 public:
  // Before the simulation. Throws UserError when a block does not exist.
  Recording(Chip& chip, const RecordingSpec& spec);
  ~Recording();

  // Listens to the chip from now on. Waves go to a file in `folder` that has another name until they are whole.
  void start(const std::string& folder);
  // The run has ended, well or badly: whole waves of a stuck chip are what one looks at.
  void finish();
  // Gives the waves their name; without it they are gone with the object.
  void keep_waves();
  // Keeps the waves, and writes the timeline, whose power needs the report, and the traffic. Returns all files.
  std::vector<RecordedFile> write(const Report& report);

 private:
  struct Tap;
  RecordedFile write_timeline(const Report& report) const;
  // Nothing where no packet was recorded: `noc` would have nothing to do. One line on stderr says so.
  std::optional<RecordedFile> write_traffic(const Report& report) const;
  Chip& chip_;
  RecordingSpec spec_;
  std::string folder_, waves_part_;  // the latter while it is to be kept or removed
  std::unique_ptr<Timeline> timeline_;
  std::unique_ptr<Waves> waves_;
  std::unique_ptr<TrafficRecorder> traffic_;
  std::vector<std::unique_ptr<Tap>> taps_;  // as activities() of the chip counts
  Cycle timeline_from_ = 0, waves_from_ = 0;
};

}  // namespace spikeloom
