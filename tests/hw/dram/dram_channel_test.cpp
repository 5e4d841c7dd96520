// The channel's choice beside its rule, burst by burst, in random traffic.
#include "hw/dram/dram_channel.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/dram_probe.h"

namespace spikeloom {

// Looks into a channel.
struct DramChannelProbe {
  using Command = DramChannel::Command;
  static bool choice_agrees(const DramChannel& channel, DramClock from, bool output_free) {
    const Command fast = channel.choose(from, output_free), plain = by_the_rule(channel, from, output_free);
    return fast.kind == plain.kind && fast.burst == plain.burst && fast.at == plain.at;
  }
  // The rule of the channel's header and of the scheduler's contract, burst by burst: all that wait, oldest first.
  static Command by_the_rule(const DramChannel& channel, DramClock from, bool output_free) {
    using Kind = DramChannel::Kind;
    std::vector<DramBurst*> queue;
    for (const DramBurst& burst : channel.queue_.by_age()) queue.push_back(const_cast<DramBurst*>(&burst));
    const DramDevice& device = channel.device_;
    if (queue.empty()) return {};
    const size_t may_go = channel.scheduler_->oldest_only(channel.queue_.passed()) ? 1 : queue.size();
    using Candidate = std::tuple<DramClock, bool, size_t, Kind>;  // in this order the first goes
    std::vector<Candidate> candidates;
    for (size_t i = 0; i < queue.size(); ++i) {
      const DramBurst& burst = *queue[i];
      const int bank = burst.at.bank, row = device.open_row(bank);
      const auto of_bank = [bank](const DramBurst* other) { return other->at.bank == bank; };
      const auto older_of_address = [&burst](const DramBurst* other) {
        return other->at == burst.at && (other->write || burst.write);
      };
      const auto oldest = queue.begin(), here = oldest + long(i);
      if (row == burst.at.row) {
        if (i < may_go && output_free && std::none_of(oldest, here, older_of_address))
          candidates.push_back({std::max(from, device.column_at(bank, burst.write)), false, i, Kind::kColumn});
      } else if (std::none_of(oldest, here, of_bank)) {
        const auto wants_row = [&](const DramBurst* other) { return other->at.bank == bank && other->at.row == row; };
        if (row < 0)
          candidates.push_back({std::max(from, device.activate_at(bank)), true, i, Kind::kActivate});
        else if (std::none_of(oldest, oldest + long(may_go), wants_row))
          candidates.push_back({std::max(from, device.precharge_at(bank)), true, i, Kind::kPrecharge});
      }
    }
    if (candidates.empty()) return {};
    const auto [at, is_for_row, index, kind] = *std::min_element(candidates.begin(), candidates.end());
    return {kind, queue[index], at};
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

 private:
  void tick() override {
    while (channel_->has_room() && random_() % 3 != 0) add();
    const DramClock from = ratio_.clock_from(now());
    for (const bool output_free : {true, false}) {
      EXPECT_TRUE(DramChannelProbe::choice_agrees(*channel_, from, output_free)) << now();
    }
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

void expect_rule_holds(const DramSpec& spec, unsigned seed) {
  Clock clock("clock", 500);
  RegisteredFifo<DramResponse> responses(clock, spec.queue_depth);
  RandomTraffic traffic("traffic", clock, spec, seed);
  FifoSink<DramResponse> sink("sink", clock, 64);
  traffic.out(responses);
  sink.in(responses);
  sink.stall_when([](Cycle cycle) { return cycle / 64 * 2654435761u % 7 < 2; });
  sc_core::sc_start();
  EXPECT_GT(sink.values.size(), 1000u);
}

TEST(DramChannelUnit, C01_TheCommandChosenFromWhatBanksWantIsThatOfTheRule) {
  expect_rule_holds(lpddr4("row_bank_column", "first_ready"), 1);
}

TEST(DramChannelUnit, C02_TheSameInOrder) { expect_rule_holds(lpddr4("row_bank_column", "in_order"), 2); }

TEST(DramChannelUnit, C03_TheSameWithClosedPages) {
  expect_rule_holds(lpddr4("row_bank_column", "first_ready", true), 3);
}

}  // namespace
}  // namespace spikeloom
