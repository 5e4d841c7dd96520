// Keys and values of a small attention in SRAM, in DRAM and in both: the same outputs, and every byte is accounted for.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "hw/chip/chip.h"
#include "models/attention_operations.h"
#include "sim/app/roofline.h"
#include "tests/support/fifo_probe.h"
#include "tests/support/tiny_attention.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

// 2 heads of keys, 8 dimensions, positions 0 .. 9, of which the last ones are new. On 8 lanes the scores of a head are
// two groups of 6 and 4 positions (even sizes), the mix's outputs one group of 8 dimensions.
TinyAttentionSpec shape(int tokens) {
  TinyAttentionSpec spec;
  spec.tokens = tokens;
  spec.first_position = 10 - tokens;
  spec.heads = 4;
  spec.kv_heads = 2;
  spec.head_dim = 8;
  return spec;
}

struct KvRun {
  explicit KvRun(int64_t cache_bytes, int tokens = 4, Cycle window = 1000, int buffer_bytes = 4096)
      : layer(shape(tokens)), with(layer.trace) {
    with.vector_unit = {{"keys", VectorKind::kQuantize, tokens * 16, tokens * 2},
                        {"values", VectorKind::kQuantize, tokens * 16, tokens * 2}};
    add_attention_operations(&with, with.tokens);
    ChipSpec spec = tiny_chip(2, 2);
    spec.neuron_array.slope_bits = 24;
    spec.neuron_array.membrane_bits = 40;
    spec.neuron_array.residue_bits = 56;
    spec.weight_loader.buffer_bytes = buffer_bytes;
    spec.weight_loader.kv_cache = {cache_bytes, 4, 1};
    chip = std::make_unique<Chip>("chip", spec, with, window);
    check_fit(chip->spec(), with, chip->program());
    chip->run();
    for (size_t o = 0; o < with.operations.size(); ++o) {
      const OperationTrace& operation = with.operations[o];
      EXPECT_EQ(chip->result().outputs[o], std::vector<int>(operation.expected.begin(), operation.expected.end()));
    }
  }
  TinyAttention layer;
  LayerTrace with;
  std::unique_ptr<Chip> chip;
};

// Rows travel in flits of 16 bytes, message by message. Scores, a head: 8 rows of 3 bytes (24, 2 flits) and 8 of 2
// bytes (1 flit); mix, a head: 10 rows of 4 + 1 bytes (50, 4 flits). Two heads: 2 * (2 + 1 + 4) * 16 = 224 bytes. SRAM
// words are 4 bytes: 56 reads. Writes, a head: the new positions 6 .. 9 are the second group of scores, 8 nibbles each,
// 16 bytes; of the mix they are four rows of 5 bytes: 4 + 5 words. Two heads: 18.
TEST(KvCacheExact, AllInSramIsReadAndWrittenByTheWord) {
  KvRun run(4096);
  EXPECT_EQ(counted(run.chip->ledger(), EnergyEvent::kKvCacheRead), 56u);
  EXPECT_EQ(counted(run.chip->ledger(), EnergyEvent::kKvCacheWrite), 18u);
  EXPECT_EQ(counted(run.chip->ledger(), EnergyEvent::kDramWriteBit), 0u);
}

// Of those reads 2 * 3 * 4 are scores' and 2 * 4 * 4 the mix's, and the writes are the phases' that make keys (16 bytes
// a head, 4 words) and values (5): whatever runs meanwhile.
TEST(KvCacheEnergy, ReadsAndWritesCountWithTheOperationsThatUseThem) {
  KvRun run(4096);
  const Program& program = run.chip->program();
  std::map<std::pair<std::string, EnergyEvent>, uint64_t> counts;
  std::map<uint32_t, std::string> names;
  for (const Pass& pass : program.passes)
    for (const TileWork& work : pass.tiles)
      if (work.operation >= 0) names[uint32_t(pass.phase)] = run.with.operations[work.operation].name;
  for (size_t i = 0; i < program.phases.size(); ++i)
    if (!names.count(uint32_t(i)))
      names[uint32_t(i)] = run.with.vector_unit[size_t(program.phases[i].vector_work)].name;
  for (const EnergyRecord& record : run.chip->ledger().records()) {
    const EnergyEvent event = run.chip->ledger().counters()[record.counter]->event();
    if (event == EnergyEvent::kKvCacheRead || event == EnergyEvent::kKvCacheWrite)
      counts[{names[record.phase], event}] += record.count;
  }
  const std::map<std::pair<std::string, EnergyEvent>, uint64_t> expected = {
      {{"scores", EnergyEvent::kKvCacheRead}, 24},
      {{"mix", EnergyEvent::kKvCacheRead}, 32},
      {{"keys", EnergyEvent::kKvCacheWrite}, 8},
      {{"values", EnergyEvent::kKvCacheWrite}, 10}};
  EXPECT_EQ(counts, expected);
}

// Slices are read ahead into the loader's buffer, one behind the other: the 24 words of scores are read in 24 cycles,
// though each slice has parameters in DRAM and flits of its own to wait for. Heads lie at memory nodes in turn.
TEST(KvCacheTiming, WordsOfSlicesThatFollowAreReadOneACycle) {
  KvRun run(4096, 4, 1);
  std::map<std::string, std::vector<Cycle>> cycles;  // by memory node
  const uint32_t scores = uint32_t(run.chip->program().passes[0].phase);
  for (const EnergyRecord& record : run.chip->ledger().records()) {
    const EnergyCounter& counter = *run.chip->ledger().counters()[record.counter];
    if (counter.event() != EnergyEvent::kKvCacheRead || record.phase != scores) continue;
    EXPECT_EQ(record.count, 1u);
    cycles[counter.block()].push_back(record.window_begin);
  }
  size_t words = 0;
  for (auto& [block, read] : cycles) {
    std::sort(read.begin(), read.end());
    EXPECT_EQ(read.back() - read.front() + 1, read.size()) << block;
    words += read.size();
  }
  EXPECT_EQ(words, 24u);
}

// Of those words 2 * 3 * 4 are scores' and 2 * 4 * 4 the mix's, one a cycle.
TEST(KvCacheExact, ReadingByTheWordBoundsScoresAndMix) {
  const KvRun run(4096);
  std::vector<double> cycles;
  for (const Roofline& phase : make_rooflines(*run.chip))
    if (phase.additions > 0) cycles.push_back(phase.least_cycles[size_t(Resource::kKvCache)]);
  EXPECT_EQ(cycles, (std::vector<double>{24, 32}));
}

// The same 16 and 20 bytes, whole bursts of 32 bytes. A slice begins in a new burst with its parameters: of the second
// group of scores 4 outputs of 64 bits, 32 bytes, so that its 16 bytes lie in one burst; of the mix 8 outputs, 64
// bytes, so that bytes 30 .. 49 of its rows lie in two bursts. Two heads: 6 bursts.
TEST(KvCacheExact, AllInDramIsWrittenInWholeBursts) {
  KvRun run(0);
  EXPECT_EQ(counted(run.chip->ledger(), EnergyEvent::kDramWriteBit), 6u * 32 * 8);
}

// Slices take room in load order, where they find it: of 64 bytes 32 and 16 for the first head's scores, then 16 for
// the smaller group of the second head's; its larger one and the mix lie in DRAM. 64 bytes are 16 words.
TEST(KvCacheExact, WhatOutgrowsTheSramLiesInDram) {
  KvRun run(64);
  EXPECT_EQ(counted(run.chip->ledger(), EnergyEvent::kKvCacheRead), 16u);
  EXPECT_GT(counted(run.chip->ledger(), EnergyEvent::kDramWriteBit), 0u);
}

// In a buffer that hardly holds two slices, those from SRAM and those from DRAM must not take each other's room.
class SmallBuffer : public testing::TestWithParam<int> {};
using KvCacheSmallBufferExact = SmallBuffer;

TEST_P(KvCacheSmallBufferExact, SlicesFromBothMemoriesCome) {
  KvRun run(GetParam(), 4, 1000, 256);
  EXPECT_GT(counted(run.chip->ledger(), EnergyEvent::kWeightBufferRead), 0u);
}

INSTANTIATE_TEST_SUITE_P(Bytes, KvCacheSmallBufferExact, testing::Values(0, 32, 48, 64, 96, 112, 160, 4096));

// A decode step: the last position alone. Its key takes 4 bytes, its value, with an exponent, 5: 1 + 2 words a head.
TEST(KvCacheExact, ADecodeStepWritesOnePositionToSram) {
  KvRun run(4096, 1);
  EXPECT_EQ(counted(run.chip->ledger(), EnergyEvent::kKvCacheWrite), 2u * (1 + 2));
}

// The key's bytes 12 .. 15 behind 32 of parameters, the value's 45 .. 49 behind 64: a burst each.
TEST(KvCacheExact, ADecodeStepWritesOnePositionToDram) {
  KvRun run(0, 1);
  EXPECT_EQ(counted(run.chip->ledger(), EnergyEvent::kDramWriteBit), 2u * (1 + 1) * 32 * 8);
}

}  // namespace
}  // namespace spikeloom
