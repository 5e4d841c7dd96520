// Small multiply-accumulate traces are read as written; each thing broken in them gives one line that names file and
// tensor or key.

#include "sim/base/mac_trace.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/bad_trace.h"
#include "tests/support/mac_files.h"

namespace spikeloom {
namespace {

using nlohmann::json;

TEST(SmallMacTraceUnit, EveryTensorIsReadAsWritten) {
  const TempFolder folder;
  const MacTrace trace = MacTrace::open(small_mac_trace().write(folder));
  EXPECT_EQ(trace.arithmetic, MacArithmetic::kInteger);
  EXPECT_TRUE(trace.synthetic);
  EXPECT_EQ(trace.tokens, 2);
  ASSERT_EQ(trace.inputs.size(), 1u);
  const MacInput& a = trace.inputs[0];
  EXPECT_FALSE(a.symmetric);
  EXPECT_EQ(a.order, (std::vector<int64_t>{2, 0, 3, 1}));
  ASSERT_EQ(a.groups.size(), 2u);
  EXPECT_EQ(a.groups[0].activation_bits, 4);
  EXPECT_EQ(a.groups[1].size, 2);
  EXPECT_EQ(a.groups[1].weight_bits, 3);
  EXPECT_EQ(a.codes[5], 8);
  EXPECT_EQ(a.zero_points, (std::vector<int64_t>{5, 2, 0, 7}));
  EXPECT_EQ(a.scales, (std::vector<float>{0.5f, 0.25f, 1, 2}));
  const MacOperation& p = trace.operations[0];
  EXPECT_EQ(p.outputs, 2);
  EXPECT_EQ(p.weights[1], -8);
  EXPECT_EQ(p.scales, (std::vector<float>{0.5f, 0.25f, 2, 1}));
  EXPECT_EQ(p.expected, (std::vector<float>{24.5f, -15.5f, -88, 52}));
}

TEST(SmallMacTraceUnit, Binary16ValuesAreDecoded) {
  const TempFolder folder;
  const MacTrace trace = MacTrace::open(small_binary16_trace().write(folder));
  EXPECT_EQ(trace.arithmetic, MacArithmetic::kBinary16);
  EXPECT_TRUE(trace.inputs[0].groups.empty());
  EXPECT_EQ(trace.inputs[0].value(0, 3), -4096);
  EXPECT_EQ(trace.operations[0].real_weight(1, 1), 0.5f);
}

TEST(SmallMacTraceUnit, TheVectorUnitsWorkIsRead) {
  const TempFolder folder;
  TracePair pair = small_mac_trace();
  activations(pair)["vector_unit"] = {{{"name", "norm"}, {"kind", "rms_norm"}, {"elements", 8}, {"vectors", 2}}};
  EXPECT_EQ(MacTrace::open(pair.write(folder)).vector_unit.at(0).elements, 8);
}

TEST(SmallMacTraceUnit, FormatsTellTheKindsApart) {
  const TempFolder folder;
  EXPECT_TRUE(MacTrace::recognizes(small_mac_trace().write(folder)));
  EXPECT_TRUE(MacTrace::recognizes(TracePair::weights_path(folder)));
  EXPECT_FALSE(MacTrace::recognizes(small_trace().write(folder)));
}

// IEEE 754-2008, table 3.5: binary16.
TEST(Binary16Unit, EveryClassOfFiniteNumbersIsExact) {
  const auto decode = [](int bits) {
    const uint8_t bytes[2] = {uint8_t(bits & 255), uint8_t(bits >> 8)};
    return binary16_at(bytes);
  };
  EXPECT_EQ(decode(0x3c00), 1);
  EXPECT_EQ(decode(0xc000), -2);
  EXPECT_EQ(decode(0x3555), 1365 / 4096.0f);
  EXPECT_EQ(decode(0x7bff), 65504);
  EXPECT_EQ(decode(0xfbff), -65504);
  EXPECT_EQ(decode(0x0400), 1 / 16384.0f);            // smallest normal number, 2^-14
  EXPECT_EQ(decode(0x03ff), 1023 / 16777216.0f);      // largest subnormal number
  EXPECT_EQ(decode(0x8001), -1 / 16777216.0f);        // -2^-24
  EXPECT_EQ(float_bits(decode(0x8000)), 0x80000000);  // -0
  for (const int bits : {0x7c00, 0xfc00, 0x7e00, 0x7c01}) {
    const uint8_t bytes[2] = {uint8_t(bits & 255), uint8_t(bits >> 8)};
    EXPECT_FALSE(binary16_is_finite(bytes)) << bits;
  }
}

Damage set_real(const char* name, int index, float value) { return set_value(name, index, float_bits(value)); }

// Symmetric codes, for which zero points are absent.
Damage symmetric(const Damage& damage) {
  return [=](TracePair& pair) {
    activations(pair)["inputs"][0]["symmetric"] = true;
    pair.activations.tensors.erase("a.zero_points");
    tensor(pair, "a.codes").values = {7, -7, 3, -3, 0, 1, 2, 3};
    damage(pair);
  };
}

const std::vector<BadTrace> kBadIntegers = {
    {"SpikingTrace", set_key("/format", "spikeloom-activations"),
     "{activations}: description: format: 'spikeloom-activations' is unknown (allowed: spikeloom-mac-activations)"},
    {"SpikingWeights", set_weights_key("/format", "spikeloom-weights"),
     "{weights}: description: format: 'spikeloom-weights' is unknown (allowed: spikeloom-mac-weights)"},
    {"Version2", set_weights_key("/version", 2),
     "{weights}: description: version: 2 is out of range (allowed: 1 to 1)"},
    {"SpikingKey", set_key("/u_r", 1.0), "{activations}: description: u_r: unknown key"},
    {"MissingKey", erase_key("", "text"), "{activations}: description: missing key 'text'"},
    {"UnknownWeightsKey", set_weights_key("/operations/0/has_h", false),
     "{weights}: description: operations.0.has_h: unknown key"},
    {"UnknownArithmetic", set_weights_key("/arithmetic", "bfloat16"),
     "{weights}: description: arithmetic: 'bfloat16' is unknown (allowed: integer, binary16)"},
    {"WrongHash",
     [](TracePair& pair) {
       pair.bind = false;
       activations(pair)["weights"]["sha256"] = std::string(64, '0');
     },
     "{activations}: description: weights.sha256: does not match {weights}: SHA-256 " + std::string(64, '0') +
         " expected, that file has {sha256}; what wrote them, as `spikeloom export`, writes both again"},
    {"OtherInput", set_key("/inputs/0/name", "b"),
     "{activations}: description: inputs.0.name: 'b' stands where the weights file has 'a'"},
    {"OtherSize", set_key("/inputs/0/size", 5),
     "{activations}: description: inputs.0.size: differs from the weights file"},
    {"OtherOperation", set_key("/operations/0/name", "q"),
     "{activations}: description: operations.0.name: 'q' stands where the weights file has 'p'"},
    {"OperationReadsAnother", set_key("/operations/0/input", "b"),
     "{activations}: description: operations.0.input: differs from the weights file's 'a'"},
    {"OperationReadsNothing", set_weights_key("/operations/0/input", "b"),
     "{weights}: description: operations.0.input: names no input of this file"},
    {"NoGroups", set_weights_key("/inputs/0/groups", json::array()),
     "{weights}: description: inputs.0.groups: must be a list with at least one entry"},
    {"GroupsDoNotAddUp", set_weights_key("/inputs/0/groups/1/size", 3),
     "{weights}: description: inputs.0.groups: the sizes add up to 5, the input has 4"},
    {"EmptyGroup", set_weights_key("/inputs/0/groups/0/size", 0),
     "{weights}: description: inputs.0.groups.0.size: 0 is out of range (allowed: 1 to 1048576)"},
    {"NoBits", set_weights_key("/inputs/0/groups/1/activation_bits", 0),
     "{weights}: description: inputs.0.groups.1.activation_bits: 0 is out of range (allowed: 1 to 8)"},
    {"NineBits", set_weights_key("/inputs/0/groups/0/weight_bits", 9),
     "{weights}: description: inputs.0.groups.0.weight_bits: 9 is out of range (allowed: 2 to 8)"},
    {"UnknownGroupKey", set_weights_key("/inputs/0/groups/0/bits", 4),
     "{weights}: description: inputs.0.groups.0.bits: unknown key"},
    {"EightBitsWithZeroPoints", set_weights_key("/inputs/0/groups/1/activation_bits", 8),
     "{activations}: description: inputs.0.symmetric: must be true: group 1 has codes of 8 bits (with zero points: up "
     "to "
     "7)"},
    {"SymmetricIsANumber", set_key("/inputs/0/symmetric", 0),
     "{activations}: description: inputs.0.symmetric: must be true or false"},
    {"OrderBeyondTheInputs", set_value("a.order", 2, 4),
     "{weights}: tensor 'a.order': value 4 at flat index 2 is out of range (allowed: 0 to 3)"},
    {"OrderRepeats", set_value("a.order", 3, 2), "{weights}: tensor 'a.order': value 2 at flat index 3 stands twice"},
    {"WeightAboveItsBits", set_value("p.weights", 4, 4),
     "{weights}: tensor 'p.weights': value 4 at flat index 4 is out of range (allowed: -4 to 3)"},
    {"WeightBelowItsBits", set_value("p.weights", 3, -9),
     "{weights}: tensor 'p.weights': value -9 at flat index 3 is out of range (allowed: -8 to 7)"},
    {"WeightsAreUnsigned", [](TracePair& pair) { tensor(pair, "p.weights").dtype = "U8"; },
     "{weights}: tensor 'p.weights': is U8 [4, 2], expected I8 [4, 2]"},
    {"WeightScaleZero", set_real("p.scales", 2, 0),
     "{weights}: tensor 'p.scales': value 0.000000 at flat index 2 must be finite and above 0"},
    {"ScaleNegative", set_real("a.scales", 1, -0.5f),
     "{activations}: tensor 'a.scales': value -0.500000 at flat index 1 must be finite and above 0"},
    {"ScaleInfinite", set_real("a.scales", 3, std::numeric_limits<float>::infinity()),
     "{activations}: tensor 'a.scales': value inf at flat index 3 must be finite and above 0"},
    {"ScaleNotANumber", set_real("p.scales", 0, std::numeric_limits<float>::quiet_NaN()),
     "{weights}: tensor 'p.scales': value nan at flat index 0 must be finite and above 0"},
    {"CodeNegative", set_value("a.codes", 3, -1),
     "{activations}: tensor 'a.codes': value -1 at flat index 3 is out of range (allowed: 0 to 7)"},
    {"CodeAboveItsBits", set_value("a.codes", 5, 16),
     "{activations}: tensor 'a.codes': value 16 at flat index 5 is out of range (allowed: 0 to 15)"},
    {"SymmetricCodeBelowItsBits", symmetric(set_value("a.codes", 1, -8)),
     "{activations}: tensor 'a.codes': value -8 at flat index 1 is out of range (allowed: -7 to 7)"},
    {"SymmetricCodeAboveItsBits", symmetric(set_value("a.codes", 6, 4)),
     "{activations}: tensor 'a.codes': value 4 at flat index 6 is out of range (allowed: -3 to 3)"},
    {"ZeroPointAboveItsBits", set_value("a.zero_points", 1, 8),
     "{activations}: tensor 'a.zero_points': value 8 at flat index 1 is out of range (allowed: 0 to 7)"},
    {"ZeroPointsMissing", erase_tensor("a.zero_points"),
     "{activations}: missing tensor 'a.zero_points' (expected U8 [2, 2])"},
    {"ZeroPointsOfSymmetric", symmetric([](TracePair& pair) {
       pair.activations.tensors["a.zero_points"] = {"U8", {2, 2}, {0, 0, 0, 0}};
     }),
     "{activations}: tensor 'a.zero_points' is not one that the description calls for"},
    {"ExpectedIsInteger", [](TracePair& pair) { tensor(pair, "p.expected").dtype = "I32"; },
     "{activations}: tensor 'p.expected': is I32 [2, 2], expected F32 [2, 2]"},
    {"UnlistedTensor",
     [](TracePair& pair) {
       pair.weights.tensors["p.v0"] = {"I64", {2}, {0, 0}};
     },
     "{weights}: tensor 'p.v0' is not one that the description calls for"},
};

const std::vector<BadTrace> kBadReals = {
    {"GroupsOfReals", set_weights_key("/inputs/0/groups", {{{"size", 4}, {"activation_bits", 8}, {"weight_bits", 8}}}),
     "{weights}: description: inputs.0.groups: must be empty with arithmetic 'binary16'"},
    {"NotSymmetric", set_key("/inputs/0/symmetric", false),
     "{activations}: description: inputs.0.symmetric: must be true with arithmetic 'binary16'"},
    {"WeightInfinite", set_value("p.weights", 5, 0xfc00),
     "{weights}: tensor 'p.weights': the value at flat index 5 is not finite"},
    {"ValueNotANumber", set_value("a.values", 2, 0x7e00),
     "{activations}: tensor 'a.values': the value at flat index 2 is not finite"},
    {"OrderOfReals",
     [](TracePair& pair) {
       pair.weights.tensors["a.order"] = {"I32", {4}, {0, 1, 2, 3}};
     },
     "{weights}: tensor 'a.order' is not one that the description calls for"},
    {"ValuesMissing", erase_tensor("a.values"), "{activations}: missing tensor 'a.values' (expected F16 [1, 4])"},
};

class BadMacTraceConfig : public testing::TestWithParam<BadTrace> {};
TEST_P(BadMacTraceConfig, GivesOneLineThatNamesFileAndCause) {
  expect_refused(small_mac_trace(), GetParam(), [](const std::string& file) { MacTrace::open(file); });
}
INSTANTIATE_TEST_SUITE_P(Integer, BadMacTraceConfig, testing::ValuesIn(kBadIntegers), bad_trace_name);

class BadBinary16TraceConfig : public testing::TestWithParam<BadTrace> {};
TEST_P(BadBinary16TraceConfig, GivesOneLineThatNamesFileAndCause) {
  expect_refused(small_binary16_trace(), GetParam(), [](const std::string& file) { MacTrace::open(file); });
}
INSTANTIATE_TEST_SUITE_P(Real, BadBinary16TraceConfig, testing::ValuesIn(kBadReals), bad_trace_name);

}  // namespace
}  // namespace spikeloom
