// The same layer again, and with blocks built in the opposite order, gives the same bytes.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "hw/chip/chip.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

// Everything that a run reports, in an order that does not depend on construction.
std::string run_text(const ChipSpec& spec, const TinySpec& tiny, Chip::Order order) {
  const TinyLayer layer(tiny);
  Chip chip("chip", spec, layer.trace, 10, order);
  chip.run();
  std::vector<std::string> lines;
  for (const EnergyRecord& record : chip.ledger().records()) {
    const EnergyCounter& counter = *chip.ledger().counters()[record.counter];
    lines.push_back(counter.block() + " " + info(counter.event()).name + " " + std::to_string(record.window_begin) +
                    " " + std::to_string(record.phase) + " " + std::to_string(record.count));
  }
  for (const auto& [name, activity] : chip.activities()) {
    Activity closed = *activity;
    closed.close(chip.cycles());
    std::string line = name;
    for (size_t i = 0; i < kActivityNames.size(); ++i) line += " " + std::to_string(closed.cycles(ActivityState(i)));
    lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  std::ostringstream text;
  text << chip.cycles() << "\n";
  for (const auto& outputs : chip.result().outputs)
    for (const int output : outputs) text << output << " ";
  for (const Cycle end : chip.result().phase_end) text << "phase " << end << "\n";
  for (const std::string& line : lines) text << line << "\n";
  return text.str();
}

// Runs in a child, because a process simulates only once.
std::string run_in_child(const ChipSpec& spec, const TinySpec& tiny, Chip::Order order) {
  int ends[2];
  if (pipe(ends) != 0) return "";
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    std::string text;
    try {
      text = run_text(spec, tiny, order);
    } catch (const std::exception& error) {
      text = error.what();
    }
    for (size_t at = 0; at < text.size();) {
      const ssize_t written = write(ends[1], text.data() + at, text.size() - at);
      if (written <= 0) break;
      at += size_t(written);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[65536];
  for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, size_t(count));
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return text;
}

TinySpec layer() {
  TinySpec spec;
  spec.tokens = 5;
  spec.inputs = {40, 24};
  spec.operations = {{0, 26}, {0, 7}, {1, 30}};
  spec.wide = 3;
  spec.digits = true;
  return spec;
}

ChipSpec chip(Payload payload, int split, int link_latency) {
  ChipSpec spec = tiny_chip(3, 2);
  spec.memory_nodes.push_back({2, 1, kEast});
  spec.payload = payload;
  spec.token_batch = 3;
  spec.mapping.input_split = split;
  spec.network.link_cycles = link_latency;
  spec.encoder.ports = 2;
  spec.synapse_array.weight_bytes = 2 * 24 * spec.synapse_array.row_bytes();
  return spec;
}

// The first line in which two reports differ, "" when none does.
std::string first_difference(const std::string& a, const std::string& b) {
  std::istringstream lines_a(a), lines_b(b);
  for (std::string x, y;;) {
    const bool more_a = bool(std::getline(lines_a, x)), more_b = bool(std::getline(lines_b, y));
    if (!more_a && !more_b) return "";
    if (more_a != more_b || x != y) return x + " | " + y;
  }
}

void repeats(const ChipSpec& spec) {
  const std::string first = run_in_child(spec, layer(), Chip::Order::kForward);
  ASSERT_GT(first.size(), 1000u) << first;
  EXPECT_EQ(first_difference(first, run_in_child(spec, layer(), Chip::Order::kForward)), "");
  EXPECT_EQ(first_difference(first, run_in_child(spec, layer(), Chip::Order::kReversed)), "");
}

TEST(ChipRepeatUnit, AddressEventsDoNotDependOnTheOrderOfProcesses) { repeats(chip(Payload::kAddressEvents, 1, 1)); }
TEST(ChipRepeatUnit, BitmapsDoNotDependOnTheOrderOfProcesses) { repeats(chip(Payload::kBitmap, 2, 3)); }
TEST(ChipRepeatUnit, PackedCodesDoNotDependOnTheOrderOfProcesses) { repeats(chip(Payload::kPackedCodes, 3, 2)); }
TEST(ChipRepeatUnit, SharedBanksDoNotDependOnTheOrderOfProcesses) {
  ChipSpec spec = chip(Payload::kAddressEvents, 1, 1);
  share_banks(3, &spec.synapse_array);
  repeats(spec);
}

}  // namespace
}  // namespace spikeloom
