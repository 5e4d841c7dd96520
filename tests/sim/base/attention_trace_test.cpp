// A small attention is read as written; each thing broken in it gives one line that names file and tensor or key.

#include <gtest/gtest.h>

#include "sim/base/trace.h"
#include "tests/support/attention_files.h"
#include "tests/support/bad_trace.h"

namespace spikeloom {
namespace {

using nlohmann::json;

class SmallAttentionUnit : public testing::Test {
 protected:
  TempFolder folder_;
  LayerTrace layer_ = LayerTrace::open(small_attention_trace().write(folder_));
};

TEST_F(SmallAttentionUnit, EveryTensorIsReadAsWritten) {
  ASSERT_TRUE(layer_.attention.has_value());
  const AttentionTrace& attention = *layer_.attention;
  EXPECT_EQ(attention.heads, 2);
  EXPECT_EQ(attention.kv_heads, 1);
  EXPECT_EQ(attention.head_dim, 2);
  EXPECT_EQ(attention.context, 3);
  EXPECT_EQ(attention.queries.most_E, 1);
  EXPECT_EQ(attention.queries.code_at(1, 3), 16);
  EXPECT_TRUE(attention.queries.salient(1, 3));
  EXPECT_FALSE(attention.queries.salient(1, 2));
  EXPECT_EQ(attention.queries.e, (std::vector<int64_t>{0, -1, 1, 0}));
  EXPECT_EQ(attention.queries.E, (std::vector<int64_t>{0, 1, 0, 0}));
  EXPECT_EQ(attention.probabilities.code_at(2, 2), 12);  // token 1, head 0, position 2
  EXPECT_TRUE(attention.probabilities.salient(2, 2));
  EXPECT_EQ(attention.probabilities.E, (std::vector<int64_t>{0, 0, 2, 1}));
  EXPECT_EQ(attention.key(1, 0, 0), 7);
  EXPECT_EQ(attention.key(1, 0, 1), -8);
  EXPECT_EQ(attention.key_e, (std::vector<int64_t>{0, 1, -2}));
  EXPECT_EQ(attention.value(2, 0, 1), 4);
  EXPECT_EQ(attention.value_e_min, (std::vector<int64_t>{-4}));
  EXPECT_EQ(attention.shift(1, 0), 3);
  EXPECT_EQ(attention.scores.gamma, -1);
  EXPECT_EQ(attention.scores.output_bits, 8);
  EXPECT_EQ(attention.mix.F, 4);
  EXPECT_EQ(attention.mix.theta, (std::vector<int64_t>{2048, 1024}));
}

TEST_F(SmallAttentionUnit, TokensStandAtTheEndOfTheContext) {
  EXPECT_EQ(layer_.attention->seen(0), 2);
  EXPECT_EQ(layer_.attention->seen(1), 3);
  layer_.select({"p"}, 1);  // the first token stays where it is
  EXPECT_EQ(layer_.attention->seen(0), 2);
}

TEST_F(SmallAttentionUnit, HeadsShareTheKeysOfTheirGroup) {
  AttentionTrace attention;
  attention.heads = 9;
  attention.kv_heads = 3;
  const int expected[9] = {0, 0, 0, 1, 1, 1, 2, 2, 2};
  for (int head = 0; head < 9; ++head) EXPECT_EQ(attention.kv_head(head), expected[head]);
}

TEST_F(SmallAttentionUnit, TheVectorUnitsWorkIsAListInOrder) {
  ASSERT_EQ(layer_.vector_unit.size(), 2u);
  EXPECT_EQ(layer_.vector_unit[0].name, "attention_norm");
  EXPECT_EQ(layer_.vector_unit[0].kind, VectorKind::kRmsNorm);
  EXPECT_EQ(layer_.vector_unit[1].kind, VectorKind::kSoftmax);
  EXPECT_EQ(layer_.vector_unit[1].elements, 10);
  EXPECT_EQ(layer_.vector_unit[1].vectors, 4);
}

TEST_F(SmallAttentionUnit, EveryKindOfVectorWorkHasItsName) {
  const std::map<std::string, VectorKind> kinds = {
      {"rms_norm", VectorKind::kRmsNorm},        {"encode", VectorKind::kEncode},
      {"quantize", VectorKind::kQuantize},       {"rotary", VectorKind::kRotary},
      {"softmax", VectorKind::kSoftmax},         {"gated_silu", VectorKind::kGatedSilu},
      {"residual_add", VectorKind::kResidualAdd}};
  for (const auto& [name, kind] : kinds) {
    TracePair pair = small_attention_trace();
    activations(pair)["vector_unit"][0]["kind"] = name;
    activations(pair)["vector_unit"][0]["elements"] = 10;  // what a softmax of two heads has: 2 (2 + 3)
    EXPECT_EQ(LayerTrace::open(pair.write(folder_)).vector_unit[0].kind, kind) << name;
  }
}

// Two heads see 2 positions at token 0 and 3 at token 1.
TEST_F(SmallAttentionUnit, WorkOfTheFirstTokenAloneIsItsShare) {
  layer_.select({"p", "attention_norm", "probabilities"}, 1);
  EXPECT_EQ(layer_.vector_unit[0].elements, 4);
  EXPECT_EQ(layer_.vector_unit[0].vectors, 1);
  EXPECT_EQ(layer_.vector_unit[1].elements, 4);
  EXPECT_EQ(layer_.vector_unit[1].vectors, 2);
}

TEST_F(SmallAttentionUnit, WorkThatDoesNotDivideAmongTokensIsRefused) {
  const auto message = [&](int entry, const char* key, int value) {
    TracePair pair = small_attention_trace();
    activations(pair)["vector_unit"][entry][key] = value;
    const std::string file = pair.write(folder_);
    const std::string full = user_error_of([&] { LayerTrace::open(file); });
    return full.substr(full.find("description"));
  };
  EXPECT_EQ(message(0, "elements", 9),
            "description: vector_unit 'attention_norm': 9 elements do not divide among 2 tokens");
  EXPECT_EQ(message(0, "vectors", 3),
            "description: vector_unit 'attention_norm': 3 vectors do not divide among 2 tokens");
  EXPECT_EQ(message(1, "elements", 12),
            "description: vector_unit 'probabilities': 12 elements, but tokens and heads see 10");
  EXPECT_EQ(message(0, "vectors", 0), "description: vector_unit 'attention_norm': 8 elements in 0 vectors");
  EXPECT_EQ(message(0, "vectors", 6),
            "description: vector_unit 'attention_norm': 8 elements do not divide among 6 vectors");
  EXPECT_EQ(message(1, "vectors", 0), "description: vector_unit 'probabilities': 10 elements in 0 vectors");
}

// 2 tokens of 4 inputs are coded, and normalized before; the residual stream has as many everywhere.
TEST_F(SmallAttentionUnit, WorkOfADecoderLayerHasTheElementsOfItsInput) {
  const auto entry = [](const char* name, const char* kind, int elements) {
    return nlohmann::json{{"name", name}, {"kind", kind}, {"elements", elements}, {"vectors", 2}};
  };
  const auto message = [&](std::vector<nlohmann::json> entries) {
    TracePair pair = small_attention_trace();
    const nlohmann::json probabilities = activations(pair)["vector_unit"][1];
    entries.push_back(probabilities);
    activations(pair)["vector_unit"] = entries;
    const std::string file = pair.write(folder_);
    const std::string full = user_error_of([&] { LayerTrace::open(file); });
    return full.substr(std::min(full.find("vector_unit"), full.size()));
  };
  const std::string input = LayerTrace::open(small_attention_trace().write(folder_)).inputs[0].name;
  const int size = LayerTrace::open(small_attention_trace().write(folder_)).inputs[0].size;
  EXPECT_EQ(message({entry("norm", "rms_norm", 2 * size), entry(input.c_str(), "encode", 2 * size),
                     entry("add", "residual_add", 2 * size)}),
            "");
  EXPECT_EQ(message({entry(input.c_str(), "encode", 2 * size + 2)}),
            "vector_unit '" + input + "': " + std::to_string(2 * size + 2) + " elements, but input '" + input +
                "' has " + std::to_string(2 * size));
  EXPECT_EQ(message({entry("norm", "rms_norm", 2), entry(input.c_str(), "encode", 2 * size)}),
            "vector_unit 'norm': 2 elements, but '" + input + "', which codes them, has " + std::to_string(2 * size));
  EXPECT_EQ(message({entry("norm", "rms_norm", 8), entry("add", "residual_add", 6)}),
            "vector_unit 'add': 6 elements, but 'norm' has 8");
}

TEST_F(SmallAttentionUnit, BothKeysAreOptional) {
  const LayerTrace plain = LayerTrace::open(small_trace().write(folder_));
  EXPECT_FALSE(plain.attention.has_value());
  EXPECT_TRUE(plain.vector_unit.empty());
}

TEST_F(SmallAttentionUnit, DigitsNeedAFurtherExponentPerTokenAndHead) {
  TracePair pair = small_attention_trace();
  activations(pair)["attention"]["queries"]["digits"] = true;
  activations(pair)["attention"]["queries"]["E7_max"] = 2;
  pair.activations.tensors["queries.E7"] = {"U8", {2, 2}, {0, 1, 2, 0}};
  tensor(pair, "queries.codes").values[3] = 127;
  const LayerTrace layer = LayerTrace::open(pair.write(folder_));
  EXPECT_TRUE(layer.attention->queries.digits);
  EXPECT_EQ(layer.attention->queries.E7, (std::vector<int64_t>{0, 1, 2, 0}));
}

Damage with_digits(const Damage& damage) {
  return [=](TracePair& pair) {
    activations(pair)["attention"]["queries"]["digits"] = true;
    pair.activations.tensors["queries.E7"] = {"U8", {2, 2}, {0, 0, 0, 0}};
    damage(pair);
  };
}

const std::vector<BadTrace> kBadTensors = {
    {"QueriesMissing", erase_tensor("queries.codes"),
     "{activations}: missing tensor 'queries.codes' (expected U8 [2, 4])"},
    {"ThresholdsMissing", erase_tensor("mix.theta"), "{activations}: missing tensor 'mix.theta' (expected I64 [2])"},
    {"DigitExponentsWithoutDigits",
     [](TracePair& pair) {
       pair.activations.tensors["queries.E7"] = {"U8", {2, 2}, {0, 0, 0, 0}};
     },
     "{activations}: tensor 'queries.E7' is not one that the description calls for"},
    {"DigitExponentsMissing", with_digits(erase_tensor("queries.E7")),
     "{activations}: missing tensor 'queries.E7' (expected U8 [2, 2])"},
    {"KeyExponentsUnsigned", [](TracePair& pair) { tensor(pair, "keys.e").dtype = "U8"; },
     "{activations}: tensor 'keys.e': is U8 [3, 1], expected I8 [3, 1]"},
    {"InfiniteKeyOffset", [](TracePair& pair) { tensor(pair, "keys.offset").values[1] = float_bits(INFINITY); },
     "{activations}: tensor 'keys.offset': a value is not finite"},
    {"ScoresPerToken",
     [](TracePair& pair) {
       tensor(pair, "scores.expected").shape = {2, 6};
     },
     "{activations}: tensor 'scores.expected': is I16 [2, 6], expected I16 [2, 2, 3]"},
    {"TensorsWithoutTheKey", erase_key("", "attention"),
     "{activations}: tensor 'keys.codes' is not one that the description calls for"},
    {"QueryExponentAboveItsMaximum", set_value("queries.E", 3, 2),
     "{activations}: tensor 'queries.E': value 2 at flat index 3 is out of range (allowed: 0 to 1)"},
    {"DigitExponentAboveItsMaximum", with_digits(set_value("queries.E7", 1, 1)),
     "{activations}: tensor 'queries.E7': value 1 at flat index 1 is out of range (allowed: 0 to 0)"},
    {"ProbabilityExponentAboveItsMaximum", set_value("probabilities.E", 0, 3),
     "{activations}: tensor 'probabilities.E': value 3 at flat index 0 is out of range (allowed: 0 to 2)"},
    {"ValueShiftAboveItsMaximum", set_value("values.shift", 2, 4),
     "{activations}: tensor 'values.shift': value 4 at flat index 2 is out of range (allowed: 0 to 3)"},
    {"QueryIsNegativeZero", set_value("queries.codes", 4, 8),
     "{activations}: tensor 'queries.codes': code 8 at token 1, dimension 0 is not a normal code of 'signed'"},
    {"SalientQueryTooLarge", set_value("queries.codes", 7, 32),
     "{activations}: tensor 'queries.codes': code 32 at token 1, dimension 3 is not a salient code of 'signed'"},
    {"QueryDigitsNegativeZero", with_digits(set_value("queries.codes", 1, 64)),
     "{activations}: tensor 'queries.codes': code 64 at token 0, dimension 1 is not a digits code of 'signed'"},
    {"QueryMaskBeyondTheDimensions", set_value("queries.salient_mask", 1, 0b11000),
     "{activations}: tensor 'queries.salient_mask': bit 4 of the last byte of token 1 stands for no dimension and must "
     "be 0"},
    {"ProbabilityTooLarge", set_value("probabilities.codes", 1, 16),
     "{activations}: tensor 'probabilities.codes': code 16 at token 0, head 0, position 1 is not a normal code of "
     "'unsigned'"},
    {"ProbabilityMaskBeyondTheContext", set_value("probabilities.salient_mask", 3, 0b1000),
     "{activations}: tensor 'probabilities.salient_mask': bit 3 of the last byte of token 1, head 1 stands for no "
     "position and must be 0"},
    {"UnseenScore", set_value("scores.expected", 5, -4),
     "{activations}: tensor 'scores.expected': -4 at token 0, head 1, position 2, which the token does not see: must "
     "be "
     "0"},
    {"UnseenProbability", set_value("probabilities.codes", 2, 7),
     "{activations}: tensor 'probabilities.codes': 7 at token 0, head 0, position 2, which the token does not see: "
     "must "
     "be 0"},
    {"UnseenSalientProbability", set_value("probabilities.salient_mask", 0, 0b100),
     "{activations}: tensor 'probabilities.salient_mask': 1 at token 0, head 0, position 2, which the token does not "
     "see: must be 0"},
    {"ScoreThresholdBelow1024", set_value("scores.theta", 1, 1023),
     "{activations}: tensor 'scores.theta': value 1023 at flat index 1 is out of range (allowed: 1024 to "
     "1099511627776)"},
    {"MixThresholdBelow1024", set_value("mix.theta", 0, -1),
     "{activations}: tensor 'mix.theta': value -1 at flat index 0 is out of range (allowed: 1024 to 1099511627776)"},
    {"ScoreAboveItsBits", set_value("scores.expected", 8, 128),
     "{activations}: tensor 'scores.expected': value 128 at flat index 8 is out of range (allowed: -128 to 127)"},
    {"MixBelowItsBits", set_value("mix.expected", 2, -513),
     "{activations}: tensor 'mix.expected': value -513 at flat index 2 is out of range (allowed: -512 to 511)"},
};

const std::vector<BadTrace> kBadKeys = {
    {"AttentionIsAList", set_key("/attention", json::array()),
     "{activations}: description: attention: must be an object"},
    {"UnknownKey", set_key("/attention/window", 4), "{activations}: description: attention.window: unknown key"},
    {"MissingKey", erase_key("/attention", "values"), "{activations}: description: missing key 'attention.values'"},
    {"HeadsAreText", set_key("/attention/heads", "2"),
     "{activations}: description: attention.heads: must be an integer"},
    {"NoHeads", set_key("/attention/heads", 0),
     "{activations}: description: attention.heads: 0 is out of range (allowed: 1 to 1048576)"},
    {"MoreKeyHeadsThanHeads", set_key("/attention/kv_heads", 3),
     "{activations}: description: attention.kv_heads: 3 is out of range (allowed: 1 to 2)"},
    {"KeyHeadsDoNotDivideHeads",
     [](TracePair& pair) {
       activations(pair)["attention"]["heads"] = 3;
       activations(pair)["attention"]["kv_heads"] = 2;
     },
     "{activations}: description: attention.kv_heads: must divide heads"},
    {"OddHeads", set_key("/attention/head_dim", 3), "{activations}: description: attention.head_dim: must be even"},
    {"HeadsTimesDimensionsTooMany", set_key("/attention/head_dim", 1 << 20),
     "{activations}: description: attention.head_dim: 1048576 is out of range (allowed: 2 to 524288)"},
    {"ContextShorterThanTheTokens", set_key("/attention/context", 1),
     "{activations}: description: attention.context: 1 is out of range (allowed: 2 to 1048576)"},
    {"UnknownQueryKey", set_key("/attention/queries/z", 0),
     "{activations}: description: attention.queries.z: unknown key"},
    {"DigitsAreANumber", set_key("/attention/queries/digits", 1),
     "{activations}: description: attention.queries.digits: must be true or false"},
    {"QueryUnitIsZero", set_key("/attention/queries/u", 0),
     "{activations}: description: attention.queries.u: must be positive"},
    {"QueryExponentTooLarge", set_key("/attention/queries/E_max", 8),
     "{activations}: description: attention.queries.E_max: 8 is out of range (allowed: 0 to 7)"},
    {"DigitExponentTooLarge", set_key("/attention/queries/E7_max", 8),
     "{activations}: description: attention.queries.E7_max: 8 is out of range (allowed: 0 to 7)"},
    {"QueryShareAboveOne", set_key("/attention/queries/salient_share", 1.01),
     "{activations}: description: attention.queries.salient_share: is out of range (allowed: 0 to 1)"},
    {"KeyUnitNegative", set_key("/attention/keys/u", -1),
     "{activations}: description: attention.keys.u: must be positive"},
    {"UnknownKeyOfKeys", set_key("/attention/keys/e_min", 0),
     "{activations}: description: attention.keys.e_min: unknown key"},
    {"ProbabilitiesHaveNoSalientRule", set_key("/attention/probabilities/salient_k", 2.0),
     "{activations}: description: attention.probabilities.salient_k: unknown key"},
    {"ProbabilityShareMissing", erase_key("/attention/probabilities", "salient_share"),
     "{activations}: description: missing key 'attention.probabilities.salient_share'"},
    {"ProbabilityUnitIsText", set_key("/attention/probabilities/u", "1"),
     "{activations}: description: attention.probabilities.u: must be a number"},
    {"ValueShiftTooLarge", set_key("/attention/values/shift_max", 8),
     "{activations}: description: attention.values.shift_max: 8 is out of range (allowed: 0 to 7)"},
    {"ValueUnitIsZero", set_key("/attention/values/u", 0),
     "{activations}: description: attention.values.u: must be positive"},
    {"ScoreBitsTooMany", set_key("/attention/scores/output_bits", 17),
     "{activations}: description: attention.scores.output_bits: 17 is out of range (allowed: 2 to 16)"},
    {"MixFractionNegative", set_key("/attention/mix/F", -1),
     "{activations}: description: attention.mix.F: -1 is out of range (allowed: 0 to 30)"},
    {"MixGammaMissing", erase_key("/attention/mix", "gamma"),
     "{activations}: description: missing key 'attention.mix.gamma'"},
    {"VectorUnitIsAnObject", set_key("/vector_unit", json::object()),
     "{activations}: description: vector_unit: must be a list"},
    {"UnknownVectorKind", set_key("/vector_unit/1/kind", "batch_norm"),
     "{activations}: description: vector_unit.1.kind: 'batch_norm' is unknown (allowed: rms_norm, encode, quantize, "
     "rotary, softmax, gated_silu, residual_add, layer_norm, scale_round, spike_scores, spike_mix, integrate_fire, "
     "forward)"},
    {"RepeatedVectorName", set_key("/vector_unit/1/name", "attention_norm"),
     "{activations}: description: vector_unit.1.name: repeated entry 'attention_norm'"},
    {"VectorElementsNegative", set_key("/vector_unit/0/elements", -1),
     "{activations}: description: vector_unit.0.elements: -1 is out of range (allowed: 0 to 1125899906842624)"},
    {"VectorsMissing", erase_key("/vector_unit/0", "vectors"),
     "{activations}: description: missing key 'vector_unit.0.vectors'"},
    {"UnknownVectorKey", set_key("/vector_unit/0/cycles", 3),
     "{activations}: description: vector_unit.0.cycles: unknown key"},
};

class BadAttentionConfig : public testing::TestWithParam<BadTrace> {};

TEST_P(BadAttentionConfig, GivesOneLineThatNamesFileAndCause) {
  expect_refused(small_attention_trace(), GetParam(), [](const std::string& file) { LayerTrace::open(file); });
}

INSTANTIATE_TEST_SUITE_P(Tensors, BadAttentionConfig, testing::ValuesIn(kBadTensors), bad_trace_name);
INSTANTIATE_TEST_SUITE_P(Keys, BadAttentionConfig, testing::ValuesIn(kBadKeys), bad_trace_name);

}  // namespace
}  // namespace spikeloom
