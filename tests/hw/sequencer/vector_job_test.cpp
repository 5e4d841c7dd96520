// Widths of the vector unit's operands and results, phase by phase, on committed layers: those of the table "Jobs" in
// hw/vector_unit/README.md.
#include "hw/sequencer/vector_job.h"

#include <gtest/gtest.h>

#include <map>

#include "hw/chip/chip.h"
#include "models/attention_operations.h"
#include "models/mac_layer.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

using Widths = std::map<std::string, std::pair<int, int>>;  // of an operand, of a result

std::string trace(const std::string& method) {
  return SPIKELOOM_SOURCE_DIR "/traces/smollm2-135m/" + method + "/layer15.prefill32.safetensors";
}

Widths widths(LayerTrace layer, TileDatapath datapath) {
  if (layer.attention) add_attention_operations(&layer, layer.tokens);
  ChipSpec spec = tiny_chip(4, 3);
  spec.datapath = datapath;
  spec.payload = Payload::kPackedCodes;
  spec.mac_array.accumulators = Accumulators::kShared;
  spec.synapse_array.lanes = spec.neuron_array.lanes = 48;
  spec.synapse_array.weight_bytes = 65536;
  Chip chip("chip", spec, layer, 1000);
  const Program& program = chip.program();
  Widths found;
  for (size_t phase = 0; phase < program.phases.size(); ++phase) {
    if (!program.phases[phase].is_vector()) continue;
    const VectorJob job = vector_job(layer, program, 0, int(phase));
    found[layer.vector_unit[size_t(program.phases[phase].vector_work)].name] = {job.in_bits, job.out_bits};
  }
  return found;
}

// Output codes have 16 bits, those of scores and mix 12 and 16 ('describe' prints them), and a key's exponent 8. Codes
// take 6 bits; 8 where some inputs have two digits.
TEST(VectorJobExact, OperandsAndResultsAreBinary32ButForCodes) {
  EXPECT_EQ(widths(LayerTrace::open(trace("spikequant-improved")), TileDatapath::kAccumulateAndFire),
            (Widths{{"attention_norm", {32, 32}},
                    {"attention_input", {32, 8}},
                    {"rotary", {16, 32}},
                    {"queries", {32, 8}},
                    {"keys", {32, 4}},
                    {"values", {16, 4}},
                    {"softmax", {12 + 8, 32}},
                    {"probabilities", {32, 6}},
                    {"attention_output", {16, 8}},
                    {"attention_residual", {16, 32}},
                    {"mlp_norm", {32, 32}},
                    {"mlp_input", {32, 8}},
                    {"gated_silu", {16, 32}},
                    {"mlp_hidden", {32, 8}},
                    {"mlp_residual", {16, 32}}}));
}

// Without an encoder, what operations read is written in binary16; the residual stream stays binary32.
TEST(VectorJobExact, WhatNoEncoderFollowsIsWrittenInBinary16) {
  EXPECT_EQ(widths(open_mac_layer(trace("fp16"), Dequantized::kSums), TileDatapath::kFloatMultiply),
            (Widths{{"attention_norm", {32, 16}},
                    {"rotary", {16, 32}},
                    {"softmax", {16, 32}},
                    {"attention_residual", {16, 32}},
                    {"mlp_norm", {32, 16}},
                    {"gated_silu", {16, 16}},
                    {"mlp_residual", {16, 32}}}));
}

}  // namespace
}  // namespace spikeloom
