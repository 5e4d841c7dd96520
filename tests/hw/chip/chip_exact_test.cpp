// Whole small layers over every spike code, payload and activation format: the chip's outputs are the contract's.
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "hw/chip/chip.h"
#include "models/integer_reference.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

struct Format {
  const char* name;
  void (*apply)(TinySpec*);
};

const Format kFormats[] = {
    {"signed", [](TinySpec*) {}},
    {"signed_g_h", [](TinySpec* s) { s->group = 8, s->g = s->h = true; }},
    {"signed_wide", [](TinySpec* s) { s->wide = 3; }},
    {"digits_wide", [](TinySpec* s) { s->wide = 3, s->digits = true; }},
    {"digits_wide_g_h", [](TinySpec* s) { s->wide = 3, s->digits = true, s->group = 8, s->g = s->h = true; }},
    {"shifted", [](TinySpec* s) { s->salient_format = SalientFormat::kShifted; }},
    {"unsigned", [](TinySpec* s) { s->code = ActivationCode::kUnsigned, s->z = 7; }},
    {"unsigned_wide_h",
     [](TinySpec* s) { s->code = ActivationCode::kUnsigned, s->z = -3, s->wide = 2, s->group = 8, s->h = true; }},
    {"extended",
     [](TinySpec* s) { s->code = ActivationCode::kUnsigned, s->salient_format = SalientFormat::kExtended, s->z = 15; }},
};
constexpr int kFormatCount = sizeof kFormats / sizeof kFormats[0];

// A case: what is spelled out is covered in every combination, the rest is drawn from the case's number.
struct Case {
  int format, code, payload, variant;
  int batch, split, nodes, half_rows, packet_flits, link_latency, ports;
  bool unary;
  int network;  // index into kNetworks
  int side_format;
  int shared_banks;  // 0: each half of a weight SRAM has its own
};

struct NetworkVariant {
  const char* name;
  void (*apply)(ChipSpec*);
};
constexpr NetworkVariant kNetworks[] = {
    {"plain", [](ChipSpec*) {}},
    {"two_channels", [](ChipSpec* s) { s->network.vcs_per_class = 2; }},
    {"four_stages_separable",
     [](ChipSpec* s) {
       s->network.router.speculative = false;
       s->network.router.vc_allocator = s->network.router.switch_allocator = 1;
     }},
    {"slow_stages",
     [](ChipSpec* s) {
       s->network.router = {2, 2, 3, 2, false, 0, 2, 2};
       s->network.buffer_flits = 2;
       s->network.credit_cycles = 3;
     }},
    {"west_first", [](ChipSpec* s) { s->network.routing = 1; }},
    {"odd_even_two_channels", [](ChipSpec* s) { s->network.routing = 2, s->network.vcs_per_class = 2; }},
    {"torus",
     [](ChipSpec* s) {
       s->network.shape = Shape::kTorus;
       s->network.vcs_per_class = 4;
       for (EdgeNode& node : s->memory_nodes) node.port = kLocal;
     }},
    {"two_tiles_a_router", [](ChipSpec* s) { s->network.concentration = 2; }},
};
constexpr int kNetworkCount = sizeof kNetworks / sizeof kNetworks[0];

Case make_case(int format, int code, int payload, int variant) {
  std::mt19937 random(unsigned(((format * 3 + code) * 3 + payload) * 2 + variant));
  const auto pick = [&](std::initializer_list<int> from) { return from.begin()[random() % from.size()]; };
  Case c{format, code, payload, variant, 0, 0, 0, 0, 0, 0, 0, false, 0, 0, 0};
  c.batch = pick({1, 3});
  c.split = pick({1, 2, 3});
  c.nodes = pick({1, 2});
  c.half_rows = pick({10, 24, 64});  // many slices that stream, a few, all resident
  c.packet_flits = pick({2, 5, 16});
  c.link_latency = pick({1, 3});
  c.ports = pick({1, 2});
  c.unary = pick({0, 0, 1});
  c.side_format = pick({0, 1, 2});
  c.network = (format + code + 3 * payload + variant) % kNetworkCount;
  c.shared_banks = pick({0, 0, 1, 2, 3, 4});
  return c;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (int format = 0; format < kFormatCount; ++format)
    for (int code = 0; code < 3; ++code)
      for (int payload = 0; payload < 3; ++payload)
        for (int variant = 0; variant < 2; ++variant) cases.push_back(make_case(format, code, payload, variant));
  return cases;
}

std::string name_of_case(const testing::TestParamInfo<Case>& info) {
  const Case& c = info.param;
  return spike_code_names()[c.code] + "_" + payload_names()[c.payload] + "_" + kFormats[c.format].name + "_" +
         "ab"[c.variant];
}

// For a failing test's message, and so that gtest does not print bytes.
void PrintTo(const Case& c, std::ostream* out) {
  *out << "batch " << c.batch << ", split " << c.split << ", nodes " << c.nodes << ", half_rows " << c.half_rows
       << ", packet " << c.packet_flits << ", link latency " << c.link_latency << ", ports " << c.ports << ", unary "
       << c.unary << ", shared banks " << c.shared_banks << ", side " << side_policy_names()[c.side_format]
       << ", network " << kNetworks[c.network].name;
}

TinySpec layer_of(const Case& c) {
  TinySpec spec;
  spec.tokens = 4;
  spec.inputs = {40, 24};
  spec.operations = {{0, 10}, {0, 7}, {1, 9}};  // the first two share their input's spikes
  spec.output_bits = c.unary ? 6 : 10;
  spec.seed = unsigned(1000 * c.format + 100 * c.code + 10 * c.payload + c.variant);
  kFormats[c.format].apply(&spec);
  return spec;
}

ChipSpec chip_of(const Case& c) {
  ChipSpec spec = tiny_chip(3, 2);
  if (c.nodes == 2) spec.memory_nodes.push_back({2, 1, kEast});
  spec.payload = Payload(c.payload);
  spec.spike_code = c.code;
  spec.token_batch = c.batch;
  spec.mapping.input_split = c.split;
  spec.mapping.placement = (c.format + c.code + c.payload + c.variant) % 4;
  spec.packet_flits = c.packet_flits;
  spec.network.link_cycles = c.link_latency;
  spec.encoder.ports = c.ports;
  spec.encoder.side_format = SidePolicy(c.side_format);
  spec.synapse_array.weight_bytes = 2 * c.half_rows * spec.synapse_array.row_bytes();
  share_banks(c.shared_banks, &spec.synapse_array);
  kNetworks[c.network].apply(&spec);
  if (c.unary) spec.neuron_array.firing = FiringPolicy::kUnary;
  return spec;
}

class ChipExact : public testing::TestWithParam<Case> {};

TEST_P(ChipExact, OutputsAreTheContracts) {
  const TinyLayer layer(layer_of(GetParam()));
  Chip chip("chip", chip_of(GetParam()), layer.trace, 1000);
  check_fit(chip.spec(), layer.trace, chip.program());
  chip.run();
  const auto code = make_spike_code(chip.spec().spike_code);
  for (size_t o = 0; o < layer.trace.operations.size(); ++o) {
    const OperationTrace& operation = layer.trace.operations[o];
    const std::vector<int> expected(operation.expected.begin(), operation.expected.end());
    EXPECT_EQ(chip.result().outputs[o], expected) << operation.name;
    EXPECT_EQ(run_reference(layer.trace, operation, *code, chip.spec().neuron_array.firing).outputs, expected)
        << operation.name << ", reference";
  }
}

INSTANTIATE_TEST_SUITE_P(Layers, ChipExact, testing::ValuesIn(all_cases()), name_of_case);

// Long chains whose partial membranes cross each other, of many batches: each part's tiles lie at its own memory node.
class ChainsExact : public testing::TestWithParam<int> {};

TEST_P(ChainsExact, OfManyBatchesDoNotBlockEachOther) {
  TinySpec spec;
  spec.tokens = 24;
  spec.inputs = {96};
  spec.operations = {{0, 400}};
  spec.seed = unsigned(GetParam());
  const TinyLayer layer(spec);
  ChipSpec chip_spec = tiny_chip(8, 8);
  chip_spec.memory_nodes = {{0, 2, kWest}, {7, 2, kEast}, {0, 5, kWest}, {7, 5, kEast}};
  chip_spec.mapping.input_split = 4;
  chip_spec.mapping.placement = 2;  // near_source
  chip_spec.token_batch = 1 + GetParam() % 2;
  chip_spec.network.buffer_flits = 2;
  chip_spec.synapse_array.weight_bytes = 2 * 64 * chip_spec.synapse_array.row_bytes();
  share_banks(GetParam() % 3, &chip_spec.synapse_array);
  Chip chip("chip", chip_spec, layer.trace, 1000);
  check_fit(chip.spec(), layer.trace, chip.program());
  chip.run();
  const OperationTrace& operation = layer.trace.operations[0];
  EXPECT_EQ(chip.result().outputs[0], std::vector<int>(operation.expected.begin(), operation.expected.end()));
}

INSTANTIATE_TEST_SUITE_P(Layers, ChainsExact, testing::Range(0, 6));

}  // namespace
}  // namespace spikeloom
