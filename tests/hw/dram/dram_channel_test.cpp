// The channel's shortcuts beside its general rule, in random traffic.
#include "hw/dram/dram_channel.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/dram_probe.h"

namespace spikeloom {

// Looks into a channel.
struct DramChannelProbe {
  using Command = DramChannel::Command;
  static auto order(const Command& command) { return std::make_tuple(command.at, command.kind, command.index); }
  static bool is_stream(const DramChannel& channel) { return channel.is_stream() && channel.waits(); }
  static bool stream_agrees(const DramChannel& channel, DramClock from, bool output_free) {
    return order(channel.next_of_stream(from, output_free)) == order(channel.choose(from, output_free));
  }
  // choose() passes over bursts that repeat the one before them: with and without that.
  static bool repeats_do_not_matter(DramChannel* channel, DramClock from, bool output_free) {
    const auto shortened = order(channel->choose(from, output_free));
    const auto queue = channel->queue_;
    for (auto& burst : channel->queue_) burst.repeats = false;
    const bool same = shortened == order(channel->choose(from, output_free));
    channel->queue_ = queue;
    return same;
  }
  static int heads(const DramChannel& channel) {
    return int(
        std::count_if(channel.queue_.begin(), channel.queue_.end(), [](const auto& burst) { return !burst.repeats; }));
  }
  static bool counts_hold(const DramChannel& channel) {
    const auto writes =
        std::count_if(channel.queue_.begin(), channel.queue_.end(), [](const auto& burst) { return burst.write; });
    return channel.heads_ == heads(channel) && channel.writes_ == int(writes);
  }
};

namespace {

// Runs a channel in every cycle: bursts in short runs of a row, of both directions, over few rows and columns.
class RandomTraffic : public Block {
 public:
  FifoOut<DramResponse> out{"out"};

  RandomTraffic(const sc_core::sc_module_name& name, Clock& clock, const DramSpec& spec, unsigned seed)
      : Block(name, clock), random_(seed), ratio_(spec.device.clock_mhz, spec.clock_mhz) {
    const auto counter = [&](EnergyEvent event) -> EnergyCounter& { return ledger_.counter("dram", event); };
    channel_ = std::make_unique<DramChannel>(
        spec,
        DramCounters{counter(EnergyEvent::kDramActivate), counter(EnergyEvent::kDramReadBit),
                     counter(EnergyEvent::kDramWriteBit), counter(EnergyEvent::kDramRefresh),
                     counter(EnergyEvent::kDramActiveClock)},
        1000, &stats_);
    wake_at(1);
  }
  int streams = 0, mixtures = 0;

 private:
  void tick() override {
    while (channel_->has_room() && random_() % 3 != 0) add();
    const DramClock from = ratio_.clock_from(now());
    for (const bool output_free : {true, false}) {
      EXPECT_TRUE(!DramChannelProbe::is_stream(*channel_) ||
                  DramChannelProbe::stream_agrees(*channel_, from, output_free))
          << now();
      EXPECT_TRUE(DramChannelProbe::repeats_do_not_matter(channel_.get(), from, output_free)) << now();
    }
    EXPECT_TRUE(DramChannelProbe::counts_hold(*channel_)) << now();
    ++(DramChannelProbe::is_stream(*channel_) ? streams : mixtures);
    channel_->run(now(), *out.operator->());
    if (now() < 20000) wake_at(now() + 1);
  }
  void add() {
    if (random_() % 48 == 0) begin_ = random_() % 4 * 64 + random_() % 2 * 512;  // 64 bursts a row, 8 banks
    if (random_() % 24 == 0) write_ = random_() % 4 == 0;
    channel_->add(begin_ + random_() % 8, ++id_, write_, 0);
  }

  std::mt19937 random_;
  ClockRatio ratio_;
  EnergyLedger ledger_{1000};
  DramStats stats_;
  std::unique_ptr<DramChannel> channel_;
  uint64_t begin_ = 0, id_ = 0;
  bool write_ = false;
};

void expect_shortcuts_agree(const DramSpec& spec, unsigned seed) {
  Clock clock("clock", 500);
  RegisteredFifo<DramResponse> responses(clock, spec.queue_depth);
  RandomTraffic traffic("traffic", clock, spec, seed);
  FifoSink<DramResponse> sink("sink", clock, 64);
  traffic.out(responses);
  sink.in(responses);
  sink.stall_when([](Cycle cycle) { return cycle / 64 * 2654435761u % 7 < 2; });
  sc_core::sc_start();
  EXPECT_GT(sink.values.size(), 1000u);
  EXPECT_GT(traffic.streams, 1000);
  EXPECT_GT(traffic.mixtures, 1000);
}

TEST(DramChannelUnit, C01_AStreamsShortcutAndTheGeneralRuleChooseTheSameCommand) {
  expect_shortcuts_agree(lpddr4("row_bank_column", "first_ready"), 1);
}

TEST(DramChannelUnit, C02_TheSameInOrder) { expect_shortcuts_agree(lpddr4("row_bank_column", "in_order"), 2); }

TEST(DramChannelUnit, C03_TheSameWithClosedPages) {
  expect_shortcuts_agree(lpddr4("row_bank_column", "first_ready", true), 3);
}

}  // namespace
}  // namespace spikeloom
