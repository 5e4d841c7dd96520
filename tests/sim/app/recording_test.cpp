// Waves of a small layer whose cycles are known by hand: chip_timing_test.cpp derives them.
#include "sim/app/recording.h"

#include <gtest/gtest.h>

#include "sim/app/report.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tiny_layer.h"
#include "tests/support/user_error.h"
#include "tests/support/vcd_file.h"

namespace spikeloom {
namespace {

constexpr Cycle kInputs = 20, kOutputs = 8, kDramLatency = 200;

TinySpec layer_spec() {
  TinySpec spec;
  spec.inputs = {int(kInputs)};
  spec.operations = {{0, int(kOutputs)}};
  spec.salient = 0;
  return spec;
}

ChipSpec chip_spec() {
  ChipSpec spec = tiny_chip();
  spec.dram.device.timing.RL = int(kDramLatency) - 13;  // chip_timing_test.cpp
  return spec;
}

std::vector<uint64_t> range(uint64_t first, uint64_t end) {
  std::vector<uint64_t> list;
  for (; first < end; ++first) list.push_back(first);
  return list;
}

// A run of the layer with the waves of some blocks.
struct WavedRun {
  TinyLayer layer{layer_spec()};
  Chip chip{"chip", chip_spec(), layer.trace, 1000};
  TempFolder folder;
  RecordedFile file;

  VcdFile waves(const std::vector<std::string>& blocks, Cycle from = 0, Cycle to = Clock::kNever) {
    RecordingSpec spec;
    spec.blocks = blocks;
    spec.from = from;
    spec.to = to;
    Recording recording(chip, spec);
    recording.start(folder.file(""));
    chip.run();
    recording.finish();
    file = recording.write(Report()).at(0);
    return VcdFile(folder.file("waves.vcd"));
  }
};

// The sequencer pushes load and job in cycle 1, and both are taken in 2.
TEST(WavesTiming, APushIsVisibleOneCycleLaterAndGoneAfterThePop) {
  WavedRun run;
  const VcdFile waves = run.waves({"memory_0.sequencer", "memory_0.weight_loader"});
  const Cycle end = run.chip.cycles();
  for (const std::string port : {"chip.memory_0.sequencer.loads_out", "chip.memory_0.weight_loader.loads_in"}) {
    EXPECT_EQ(waves.cycles(port + ".push", 0, end), range(1, 2));
    EXPECT_EQ(waves.cycles(port + ".occupancy", 0, end), range(2, 3));
    EXPECT_EQ(waves.cycles(port + ".valid", 0, end), range(2, 3));
    EXPECT_EQ(waves.cycles(port + ".pop", 0, end), range(2, 3));
  }
  EXPECT_EQ(waves.timescale, "1 ps");
  EXPECT_EQ(waves.bits.at("chip.memory_0.weight_loader.loads_in.occupancy"), 3);             // 0 .. 4 entries
  EXPECT_TRUE(std::is_sorted(waves.times.begin(), waves.times.end(), std::less_equal<>()));  // strictly
  EXPECT_EQ(waves.times.front(), 0u);
  EXPECT_EQ(waves.times.back(), 2000 * end);
}

// In w = 2 + latency the head of p flits of parameters, then these, the head of the rows, and 20 rows of 4 bytes in 5
// flits: a flit a cycle. The loader waits for them from 2 on, when it takes the load.
TEST(WavesTiming, WeightLoaderSendsFlitByFlitFromTheLatencyOfDramOn) {
  WavedRun run;
  const VcdFile waves = run.waves({"memory_0.weight_loader"});
  const Cycle w = 2 + kDramLatency, p = ceil_div(kOutputs * (24 + 32), 128), flits = 1 + p + 1 + 5;
  const Cycle end = run.chip.cycles();
  EXPECT_EQ(waves.cycles("chip.memory_0.weight_loader.weights_out.push", 0, end), range(w, w + flits));
  EXPECT_EQ(waves.cycles("chip.memory_0.weight_loader.weights_out.occupancy", 0, end), range(w + 1, w + flits + 1));
  EXPECT_EQ(waves.cycles("chip.memory_0.weight_loader.weights_out.pop", 0, end), range(w + 1, w + flits + 1));
  EXPECT_EQ(waves.cycles("chip.memory_0.weight_loader.busy", 0, end), range(w, w + flits));
  EXPECT_EQ(waves.cycles("chip.memory_0.weight_loader.stalled_input", 0, end), range(2, w));
  EXPECT_EQ(waves.cycles("chip.memory_0.weight_loader.stalled_output", 0, end), range(0, 0));
}

// The encoder takes the head of the codes in 3, pushes the head of the spikes in 4 + 2 K.
TEST(WavesTiming, EncoderPushesAfterFillingAndScattering) {
  WavedRun run;
  const VcdFile waves = run.waves({"memory_0.encoder_0"});
  const Cycle end = run.chip.cycles();
  EXPECT_EQ(waves.cycles("chip.memory_0.encoder_0.codes_in_0.pop", 0, end).front(), 3u);
  EXPECT_EQ(waves.cycles("chip.memory_0.encoder_0.spikes_out.push", 0, end).front(), 4 + 2 * kInputs);
}

TEST(WavesTiming, StatesTakeTheCyclesThatTheReportCounts) {
  WavedRun run;
  const VcdFile waves = run.waves({"tile_0_0", "memory_0"});
  for (const auto& [block, activity] : run.chip.activities())
    for (size_t state = 1; state < kActivityNames.size(); ++state)
      EXPECT_EQ(waves.cycles(block + "." + kActivityNames[state], 0, run.chip.cycles()).size(),
                activity->cycles(ActivityState(state)))
          << block << " " << kActivityNames[state];
}

// The router has the node in the west and the tile; what comes in on every virtual channel goes out.
TEST(WavesTiming, RouterShowsEveryVirtualChannelAndEveryFlit) {
  WavedRun run;
  const VcdFile waves = run.waves({"router_0_0"});
  const Cycle end = run.chip.cycles();
  size_t popped = 0, sent = 0;
  for (const std::string port : {"west", "local"}) {
    sent += waves.cycles("chip.router_0_0.out_" + port + ".flit", 0, end).size();
    for (int vc = 0; vc < run.chip.spec().flits().vcs; ++vc) {
      const std::string name = "chip.router_0_0.in_" + port + ".vc_" + std::to_string(vc);
      popped += waves.cycles(name + ".pop", 0, end).size();
      EXPECT_EQ(waves.cycles(name + ".push", 0, end).size(), waves.cycles(name + ".pop", 0, end).size());
    }
  }
  EXPECT_EQ(sent, run.chip.network().router(0).flits());
  EXPECT_EQ(popped, sent);  // no multicast with one tile
  EXPECT_FALSE(waves.has("chip.router_0_0.in_north.vc_0.push"));
}

// A range shows what the whole file shows there.
TEST(WavesTiming, ARangeOfCyclesIsAPieceOfTheWhole) {
  const Cycle from = 2 + kDramLatency + 2, to = from + 7;
  WavedRun run;
  const VcdFile waves = run.waves({"memory_0.weight_loader"}, from, to);
  EXPECT_EQ(waves.times.front(), 2000 * from);
  EXPECT_EQ(waves.times.back(), 2000 * to);
  EXPECT_EQ(waves.cycles("chip.memory_0.weight_loader.weights_out.push", from, to), range(from, to));
  EXPECT_EQ(waves.cycles("chip.memory_0.weight_loader.weights_out.occupancy", from, to), range(from, to));
  EXPECT_EQ(waves.cycles("chip.memory_0.weight_loader.busy", from, to), range(from, to));
  EXPECT_EQ(run.file.first, from);
  EXPECT_EQ(run.file.end, to);
  EXPECT_FALSE(run.file.full);
}

TEST(WavesUnit, ARangeBehindTheRunHoldsNoCycle) {
  WavedRun run;
  const VcdFile waves = run.waves({"memory_0.weight_loader"}, 1000000);
  EXPECT_EQ(run.file.first, run.chip.cycles());
  EXPECT_EQ(run.file.end, run.chip.cycles());
}

TEST(RecordingConfig, AWrongBlockGivesSimilarNames) {
  WavedRun run;
  RecordingSpec spec;
  spec.blocks = {"chip.tile_0_0", "memory_0.dram", "tile_0_0.neuron"};
  EXPECT_EQ(user_error_of([&] { Recording recording(run.chip, spec); }),
            "--vcd: the chip has no block 'tile_0_0.neuron' (similar: tile_0_0.neuron_array, "
            "tile_0_0.network_interface, tile_0_0.synapse_array)");
}

TEST(RecordingConfig, OptionsAreChecked) {
  CommonOptions options;
  options.timeline = true;
  options.record_cycles = ":20";
  EXPECT_EQ(RecordingSpec::read(options).from, 0u);
  EXPECT_EQ(RecordingSpec::read(options).to, 20u);
  options.record_cycles = "7:";
  EXPECT_EQ(RecordingSpec::read(options).from, 7u);
  for (const char* wrong : {"7", "7:7", "a:9", "1:2:3", "-1:4", "1:99999999999999999999"}) {
    options.record_cycles = wrong;
    EXPECT_EQ(user_error_of([&] { RecordingSpec::read(options); }),
              "--record-cycles " + std::string(wrong) + ": expected FROM:TO, FROM below TO; either may be left out");
  }
  options.record_cycles = "";
  options.record_limit = 0;
  EXPECT_EQ(user_error_of([&] { RecordingSpec::read(options); }), "--record-limit 0: expected 1 .. 65536 (MiB)");
}

TEST(RecordingConfig, WhatIsToBeRecordedMustBeSaid) {
  CommonOptions limited, cut;
  limited.record_limit = 64;
  cut.record_cycles = "0:9";
  const std::string remedy = ": nothing is recorded (add --timeline, --vcd or --traffic)";
  EXPECT_EQ(user_error_of([&] { RecordingSpec::read(limited); }), "--record-limit" + remedy);
  EXPECT_EQ(user_error_of([&] { RecordingSpec::read(cut); }), "--record-cycles" + remedy);
  for (CommonOptions* options : {&limited, &cut}) options->traffic = true;
  EXPECT_EQ(user_error_of([&] { RecordingSpec::read(limited); }), "(no error)");
  EXPECT_EQ(user_error_of([&] { RecordingSpec::read(cut); }), "(no error)");
}

}  // namespace
}  // namespace spikeloom
