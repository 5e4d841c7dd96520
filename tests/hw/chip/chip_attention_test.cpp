// Attention on small chips, over spike codes, payloads, mappings and causal shapes: outputs are the contract's.
#include <gtest/gtest.h>

#include <random>

#include "hw/chip/chip.h"
#include "models/attention_operations.h"
#include "models/attention_reference.h"
#include "tests/support/tiny_attention.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

struct Drawn {
  TinyAttentionSpec attention;
  ChipSpec chip;
};

// Everything that may matter, from the case's number alone.
Drawn draw(int number) {
  std::mt19937 engine(unsigned(number) * 7919u + 1);
  const auto between = [&](int least, int most) { return least + int(engine() % unsigned(most - least + 1)); };
  Drawn drawn;
  TinyAttentionSpec& a = drawn.attention;
  a.kv_heads = between(1, 3);
  a.heads = a.kv_heads * between(1, 3);
  a.head_dim = 2 * between(1, 6);
  a.tokens = number % 3 == 0 ? 1 : between(2, 9);
  a.first_position = number % 3 == 1 ? 0 : between(0, 40);
  a.digits = between(0, 1);
  a.seed = unsigned(number);
  ChipSpec& c = drawn.chip;
  c = tiny_chip(between(1, 3), between(2, 3));
  if (between(0, 1)) c.memory_nodes.push_back({c.network.width - 1, 1, kEast});
  c.payload = Payload(between(0, 2));
  c.spike_code = between(0, 2);
  c.token_batch = between(1, 4);
  c.mapping = {between(0, 1) == 1, 1};
  if (!c.mapping.automatic) c.mapping.input_split = between(1, std::min(2, a.first_position + a.tokens));
  c.encoder.ports = between(1, 2);
  c.synapse_array.weight_bytes = 2 * between(3, 20) * c.synapse_array.row_bytes();
  c.encoder.side_format = SidePolicy(between(0, 2));
  c.neuron_array.slope_bits = 24;
  c.neuron_array.membrane_bits = 40;
  c.neuron_array.residue_bits = 56;
  share_banks(between(0, 3), &c.synapse_array);
  return drawn;
}

class ChipAttentionExact : public testing::TestWithParam<int> {};

TEST_P(ChipAttentionExact, OutputsAreTheContractsForEveryPositionThatATokenSees) {
  const Drawn drawn = draw(GetParam());
  TinyAttention layer(drawn.attention);
  LayerTrace with = layer.trace;
  add_attention_operations(&with, with.tokens);
  Chip chip("chip", drawn.chip, with, 1000);
  check_fit(chip.spec(), with, chip.program());
  chip.run();
  uint64_t wanted = 0;
  for (size_t o = 0; o < with.operations.size(); ++o) {
    const OperationTrace& operation = with.operations[o];
    const std::vector<int> expected(operation.expected.begin(), operation.expected.end());
    EXPECT_EQ(chip.result().outputs[o], expected) << operation.name;
  }
  // A score for each head and position seen, d outputs of the mix for each head.
  for (int m = 0; m < with.tokens; ++m)
    wanted += uint64_t(with.attention->heads) * (with.attention->seen(m) + with.attention->head_dim);
  EXPECT_EQ(chip.result().received, wanted);
}

INSTANTIATE_TEST_SUITE_P(Shapes, ChipAttentionExact, testing::Range(0, 48));

// Row additions of weights to slopes, by the reference: lanes that stand for positions that no row of a batch sees add
// nothing. With one row a batch the chip's count is the reference's.
TEST(ChipAttentionWorkExact, OneRowABatchAddsExactlyWhatTheReferenceAdds) {
  TinyAttentionSpec spec;
  spec.tokens = 6;
  spec.heads = 4;
  spec.kv_heads = 2;
  TinyAttention layer(spec);
  LayerTrace with = layer.trace;
  add_attention_operations(&with, with.tokens);
  ChipSpec spec_of_chip = tiny_chip(3, 2);
  spec_of_chip.neuron_array.slope_bits = 24;
  spec_of_chip.neuron_array.membrane_bits = 40;
  spec_of_chip.neuron_array.residue_bits = 56;
  Chip chip("chip", spec_of_chip, with, 1000);
  chip.run();
  uint64_t additions = 0;
  for (int i = 0; i < chip.topology().tiles(); ++i) additions += chip.tile(i).outputs->additions();
  const auto code = make_spike_code(0);
  EXPECT_EQ(additions, run_scores(*with.attention, 6, *code, FiringPolicy::kRadix).additions +
                           run_mix(*with.attention, 6, *code, FiringPolicy::kRadix).additions);
}

}  // namespace
}  // namespace spikeloom
