#include "hw/spike_encoder/spike_stream.h"

#include <gtest/gtest.h>

#include <random>

namespace spikeloom {
namespace {

constexpr int kInputs = 45;

struct Layout {
  const char* name;
  CodeFormat code;
};
const Layout kLayouts[] = {
    {"signed", {ActivationCode::kSigned, SalientFormat::kFloating, false}},
    {"digits", {ActivationCode::kSigned, SalientFormat::kFloating, true}},
    {"shifted", {ActivationCode::kSigned, SalientFormat::kShifted, false}},
    {"unsigned", {ActivationCode::kUnsigned, SalientFormat::kFloating, false}},
    {"extended", {ActivationCode::kUnsigned, SalientFormat::kExtended, false}},
};

// Inputs 3, 13, 23, .. are wide.
InputTrace input_with_wide(bool digits) {
  InputTrace input;
  input.digits = digits;
  input.wide_rank.assign(kInputs, -1);
  for (int k = 3, rank = 0; k < kInputs; k += 10) input.wide_rank[k] = rank++;
  return input;
}
InputTrace input_without_wide() {
  InputTrace input;
  input.wide_rank.assign(64, -1);
  return input;
}

using Steps = std::vector<std::vector<SpikeEvent>>;

// Spikes of one step by address, slot, digit: one or none of each value, up to two of a pair of digits.
std::vector<SpikeEvent> random_step(const StreamFormat& format, double density, std::mt19937* random) {
  std::vector<SpikeEvent> events;
  const auto fires = [&] { return (*random)() % 1000 < 1000 * density; };
  const auto add = [&](int address, int slot, int slope) {
    SpikeEvent event;
    event.address = uint16_t(address);
    event.slot = uint8_t(slot);
    event.slope = uint8_t(slope);
    event.negative = format.sign_bits() > 0 && (*random)() % 2;
    events.push_back(event);
  };
  for (int address = 0; address < format.range.count; ++address)
    for (int slot = 0; slot < format.slots; ++slot) {
      if (format.two_digits(address)) {
        if (fires()) add(address, slot, 5);
        if (fires()) add(address, slot, 6);
      } else if (fires()) {
        add(address, slot, int((*random)() % std::min(5, format.code.slope_bases())));
      }
    }
  return events;
}

// What a reader makes of the writer's flits, cut at the marks.
Steps read_back(const StreamFormat& format, const std::vector<MadeFlit>& flits) {
  SpikeStreamReader reader;
  reader.start(format);
  Steps steps(1);
  for (const MadeFlit& made : flits) {
    std::vector<SpikeEvent> events;
    reader.read(made.flit, &events);
    for (const SpikeEvent& event : events) {
      if (event.kind == SpikeEvent::Kind::kSpike) steps.back().push_back(event);
      if (event.kind == SpikeEvent::Kind::kMark) steps.emplace_back();
    }
  }
  return steps;
}

bool same(const SpikeEvent& a, const SpikeEvent& b) {
  return a.address == b.address && a.slot == b.slot && a.slope == b.slope && a.negative == b.negative;
}

void round_trip(const StreamFormat& format, double density, unsigned seed) {
  std::mt19937 random(seed);
  Steps steps;
  uint64_t spikes = 0, made_spikes = 0;
  SpikeStreamWriter writer(format);
  for (int step = 0; step < format.steps; ++step) {
    steps.push_back(random_step(format, density, &random));
    spikes += steps.back().size();
    writer.step(steps.back());
  }
  const std::vector<MadeFlit> flits = writer.finish();
  for (const MadeFlit& made : flits) made_spikes += made.events;
  EXPECT_EQ(made_spikes, spikes);
  const Steps read = read_back(format, flits);
  ASSERT_EQ(read.size(), steps.size() + 1);  // the last mark opens an empty one
  EXPECT_TRUE(read.back().empty());
  for (size_t step = 0; step < steps.size(); ++step) {
    ASSERT_EQ(read[step].size(), steps[step].size()) << "step " << step;
    for (size_t i = 0; i < steps[step].size(); ++i)
      EXPECT_TRUE(same(read[step][i], steps[step][i])) << step << " " << i;
  }
}

void round_trips(bool bitmap) {
  for (const Layout& layout : kLayouts)
    for (const int slots : {1, 2, 3, 16})
      for (const int link_bits : {64, 128, 512})
        for (const double density : {0.0, 0.1, 0.9, 1.0})
          for (const InputRange range :
               {InputRange{0, kInputs}, InputRange{3, 1}, InputRange{7, 33}, InputRange{5, 0}}) {
            SCOPED_TRACE(std::string(layout.name) + ", slots " + std::to_string(slots) + ", link " +
                         std::to_string(link_bits) + ", density " + std::to_string(density) + ", inputs " +
                         std::to_string(range.count));
            StreamFormat format;
            const InputTrace input = input_with_wide(layout.code.digits);
            format.code = layout.code;
            format.input = &input;
            format.range = range;
            format.slots = slots;
            format.steps = 4;
            format.link_bits = link_bits;
            format.bitmap = bitmap;
            round_trip(format, density, unsigned(slots * 1000 + link_bits));
          }
}

TEST(SpikeStreamUnit, AddressEventsSurviveTheRoundTrip) { round_trips(false); }
TEST(SpikeStreamUnit, BitmapsSurviveTheRoundTrip) { round_trips(true); }

StreamFormat format_of(const CodeFormat& code, const InputTrace* input, int inputs, int slots) {
  StreamFormat format;
  format.code = code;
  format.input = input;
  format.range = {0, inputs};
  format.slots = slots;
  format.steps = 7;
  return format;
}

// Kind 1, slot 0, address log2(45) -> 6, slopes of 5 exponents -> 3, sign 1: 11 bits, 11 of them in 128.
// With 3 tokens the slot takes 2 more: 13 bits, 9 events. Extended has no sign and two slopes: 1 + 6 + 1 = 8 bits.
TEST(SpikeStreamUnit, EventsPerFlitFollowFromTheFields) {
  const InputTrace input = input_without_wide();
  EXPECT_EQ(format_of(kLayouts[0].code, &input, 45, 1).events_per_flit(), 128 / 11);
  EXPECT_EQ(format_of(kLayouts[0].code, &input, 45, 3).events_per_flit(), 128 / 13);
  EXPECT_EQ(format_of(kLayouts[4].code, &input, 45, 1).events_per_flit(), 128 / 8);
}

// 20 spikes in one step of seven, 7 marks: 27 events, 11 a flit.
TEST(SpikeStreamUnit, AddressEventsFillFlitsOneAfterTheOther) {
  const InputTrace input = input_without_wide();
  const StreamFormat format = format_of(kLayouts[0].code, &input, 45, 1);
  SpikeStreamWriter writer(format);
  std::vector<SpikeEvent> spikes(20);
  for (int i = 0; i < 20; ++i) spikes[i].address = uint16_t(i);
  writer.step(spikes);
  for (int step = 1; step < 7; ++step) writer.step({});
  const auto flits = writer.finish();
  ASSERT_EQ(flits.size(), 3u);
  const int cycles[] = {11, 11, 5}, events[] = {11, 9, 0};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(flits[i].cycles, cycles[i]) << i;
    EXPECT_EQ(flits[i].events, events[i]) << i;
  }
}

// 64 inputs are two chunks of 32; an empty step is 64 bits; a spike adds slope (3) and sign: 7 steps of 64 bits and 5
// spikes of 4 bits are 468 bits, 4 flits, made in 14 cycles.
TEST(SpikeStreamUnit, BitmapTakesOneBitPerInputAndStepAndDetailsPerSpike) {
  const InputTrace input = input_without_wide();
  StreamFormat format = format_of(kLayouts[0].code, &input, 64, 1);
  format.bitmap = true;
  SpikeStreamWriter writer(format);
  std::vector<SpikeEvent> spikes(5);
  for (int i = 0; i < 5; ++i) spikes[i].address = uint16_t(10 * i);
  writer.step(spikes);
  for (int step = 1; step < 7; ++step) writer.step({});
  const auto flits = writer.finish();
  EXPECT_EQ(flits.size(), ceil_div(7 * 64 + 5 * 4, 128));
  int cycles = 0;
  for (const MadeFlit& made : flits) cycles += made.cycles;
  EXPECT_EQ(cycles, 7 * 2);
}

}  // namespace
}  // namespace spikeloom
