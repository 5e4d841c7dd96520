#include "sim/app/recording.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "hw/noc/traffic/traffic_recorder.h"
#include "sim/app/report.h"
#include "sim/app/results_folder.h"
#include "sim/app/timeline.h"
#include "sim/app/waves.h"

namespace spikeloom {

namespace {

namespace fs = std::filesystem;

const char* const kTimelineFile = "timeline.perfetto-trace";
const char* const kWavesFile = "waves.vcd";
const char* const kTrafficFile = "traffic.safetensors";
constexpr int kDefaultLimit = 64;  // MiB

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  size_t at = 0;
  for (size_t next; (next = text.find(separator, at)) != std::string::npos; at = next + 1)
    parts.push_back(text.substr(at, next - at));
  parts.push_back(text.substr(at));
  return parts;
}

// False when `text` is not a whole number; an empty one leaves `cycle` as it is.
bool read_cycle(const std::string& text, Cycle* cycle) {
  if (text.empty()) return true;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *cycle);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::vector<const Block*> blocks_below(const sc_core::sc_object& module) {
  std::vector<const Block*> blocks;
  for (const sc_core::sc_object* child : module.get_child_objects()) {
    if (const Block* block = dynamic_cast<const Block*>(child)) blocks.push_back(block);
    for (const Block* block : blocks_below(*child)) blocks.push_back(block);
  }
  return blocks;
}

RecordingSpec RecordingSpec::read(const CommonOptions& options) {
  RecordingSpec spec;
  spec.timeline = options.timeline;
  spec.traffic = options.traffic;
  if (!options.vcd.empty()) spec.blocks = split(options.vcd, ',');
  for (const auto& [given, name] : {std::pair<bool, std::string>(!options.record_cycles.empty(), "--record-cycles"),
                                    {options.record_limit.has_value(), "--record-limit"}})
    if (given && !spec.timeline && !spec.traffic && spec.blocks.empty())
      throw UserError(name + ": nothing is recorded (add --timeline, --vcd or --traffic)");
  const int limit = options.record_limit.value_or(kDefaultLimit);
  if (limit < 1 || limit > 65536)
    throw UserError("--record-limit " + std::to_string(limit) + ": expected 1 .. 65536 (MiB)");
  spec.limit_bytes = uint64_t(limit) << 20;
  if (options.record_cycles.empty()) return spec;
  const std::vector<std::string> cycles = split(options.record_cycles, ':');
  if (cycles.size() != 2 || !read_cycle(cycles[0], &spec.from) || !read_cycle(cycles[1], &spec.to) ||
      spec.from >= spec.to)
    throw UserError("--record-cycles " + options.record_cycles +
                    ": expected FROM:TO, FROM below TO; either may be left out");
  return spec;
}

// Hands the state of one block on.
struct Recording::Tap : ActivityListener {
  size_t block = 0;
  Timeline* timeline = nullptr;
  Waves* waves = nullptr;
  void state_changes(ActivityState state, Cycle from) override {
    if (timeline) timeline->state_changes(block, state, from);
    if (waves) waves->state_changes(block, state, from);
  }
};

Recording::Recording(Chip& chip, const RecordingSpec& spec) : chip_(chip), spec_(spec) {
  if (spec.timeline) timeline_ = std::make_unique<Timeline>(chip, spec);
  if (!spec.blocks.empty()) waves_ = std::make_unique<Waves>(chip, spec);
}

Recording::~Recording() {
  if (!waves_part_.empty()) remove_file(folder_, waves_part_);
  for (const auto& [block, activity] : chip_.activities()) activity->set_listener(nullptr);
}

void Recording::start(const std::string& folder) {
  folder_ = folder;
  if (spec_.traffic)
    traffic_ = std::make_unique<TrafficRecorder>(chip_.clock(), chip_.network(), chip_.topology(), chip_.routes(),
                                                 spec_.from, spec_.to, spec_.limit_bytes);
  if (!timeline_ && !waves_) return;
  if (waves_) {
    waves_part_ = std::string(kWavesFile) + ".part";
    waves_->open((fs::path(folder) / waves_part_).string());
  }
  for (const auto& [block, activity] : chip_.activities()) {
    taps_.push_back(std::make_unique<Tap>());
    taps_.back()->block = taps_.size() - 1;
    taps_.back()->timeline = timeline_.get();
    taps_.back()->waves = waves_.get();
    activity->set_listener(taps_.back().get());
  }
  timeline_from_ = timeline_ ? timeline_->first_sample() : Clock::kNever;
  waves_from_ = waves_ ? waves_->first_sample() : Clock::kNever;
  chip_.clock().set_sampler(std::min(timeline_from_, waves_from_), [this](Cycle next) {
    if (next >= timeline_from_) timeline_from_ = timeline_->sample(next);
    if (next >= waves_from_) waves_from_ = waves_->sample(next);
    return std::min(timeline_from_, waves_from_);
  });
}

void Recording::finish() {
  if (timeline_) timeline_->finish(chip_.cycles());
  if (waves_) waves_->finish(chip_.cycles());
}

void Recording::keep_waves() {
  if (waves_part_.empty()) return;
  fs::rename(fs::path(folder_) / waves_part_, fs::path(folder_) / kWavesFile);
  waves_part_.clear();
}

RecordedFile Recording::write_timeline(const Report& report) const {
  const std::string bytes = timeline_->encode(report);
  write_file(folder_, kTimelineFile, bytes);
  return {kTimelineFile, timeline_->begin(), timeline_->end(), timeline_->full(), bytes.size()};
}

std::optional<RecordedFile> Recording::write_traffic(const Report& report) const {
  const ChipSpec& spec = chip_.spec();
  const MessageClasses classes = spec.classes();
  RecordedTraffic traffic = traffic_->finish(chip_.cycles());
  traffic.synthetic = report.synthetic;
  traffic.chip = spec.name;
  traffic.workload = "layer " + std::to_string(report.layer) + " of " + report.model + ", " +
                     std::to_string(report.tokens) + (report.tokens == 1 ? " token" : " tokens");
  traffic.network = spec.network.text(classes.count());
  traffic.link_bits = spec.network.link_bits;
  for (int i = 0; i < classes.count(); ++i)
    traffic.classes.push_back({classes.name(i), i >= classes.sources || spec.payload == Payload::kPackedCodes});
  if (traffic.packets.empty()) {
    std::cerr << "--traffic: no packet was injected in the recorded cycles; " << kTrafficFile
              << " is not written (the run has " << chip_.cycles() << " cycles)\n";
    return std::nullopt;
  }
  const std::string bytes = traffic.encode();
  write_file(folder_, kTrafficFile, bytes);
  return RecordedFile{kTrafficFile, traffic.begin, traffic.end, traffic_->full(), bytes.size()};
}

std::vector<RecordedFile> Recording::write(const Report& report) {
  std::vector<RecordedFile> files;
  keep_waves();
  if (timeline_) files.push_back(write_timeline(report));
  if (waves_) files.push_back({kWavesFile, waves_->begin(), waves_->end(), waves_->full(), waves_->bytes()});
  if (traffic_)
    if (const auto written = write_traffic(report)) files.push_back(*written);
  return files;
}

}  // namespace spikeloom
