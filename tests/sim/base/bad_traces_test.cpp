// The small good trace with one thing broken at a time: each gives one line that names file and tensor or key.

#include <gtest/gtest.h>

#include "sim/base/trace.h"
#include "tests/support/bad_trace.h"

namespace spikeloom {
namespace {

using nlohmann::json;

std::function<void(TracePair&)> edit_header(std::function<void(json&)> edit) {
  return [edit](TracePair& pair) { pair.activations.edit_header = edit; };
}
std::function<void(TracePair&)> edit_bytes(std::function<void(std::string&)> edit) {
  return [edit](TracePair& pair) { pair.activations.edit_bytes = edit; };
}
void put_header_length(std::string& bytes, uint64_t length) {
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(length >> (8 * i) & 255);
}

const std::vector<BadTrace> kBadFiles = {
    {"EmptyFile", edit_bytes([](std::string& bytes) { bytes.clear(); }),
     "{activations}: truncated: 0 bytes, a safetensors file has at least 8"},
    {"BytesBehindTheLast", edit_bytes([](std::string& bytes) { bytes += "abc"; }),
     "{activations}: 3 bytes behind the last tensor 'q.v0' (overwritten in part?)"},
    {"CutInLength", edit_bytes([](std::string& bytes) { bytes.resize(5); }),
     "{activations}: truncated: 5 bytes, a safetensors file has at least 8"},
    {"CutInHeader", edit_bytes([](std::string& bytes) {
       bytes.resize(108);
       put_header_length(bytes, 2000);
     }),
     "{activations}: truncated: header claims 2000 bytes, the file has 100 after the length"},
    {"CutInData", edit_bytes([](std::string& bytes) { bytes.pop_back(); }),
     "{activations}: tensor 'q.v0': data_offsets [130, 146] lie outside the file's 145 data bytes (truncated?)"},
    {"HeaderClaimsGigabytes", edit_bytes([](std::string& bytes) { put_header_length(bytes, uint64_t{5} << 30); }),
     "{activations}: header claims 5368709120 bytes (allowed: up to 67108864)"},
    {"HeaderClaimsEverything", edit_bytes([](std::string& bytes) { put_header_length(bytes, ~uint64_t{0}); }),
     "{activations}: header claims 18446744073709551615 bytes (allowed: up to 67108864)"},
    {"HeaderIsNoJson", edit_bytes([](std::string& bytes) { bytes[8] = '?'; }),
     "{activations}: the header is not a JSON object"},
    {"TensorIsThereTwice", edit_bytes([](std::string& bytes) {
       const std::string more = "\"a.e\":{\"dtype\":\"I8\",\"shape\":[0],\"data_offsets\":[0,0]},";
       uint64_t length = 0;
       for (int i = 0; i < 8; ++i) length |= uint64_t(static_cast<uint8_t>(bytes[i])) << (8 * i);
       bytes.insert(9, more);
       put_header_length(bytes, length + more.size());
     }),
     "{activations}: tensor 'a.e' is there twice"},
    {"HeaderIsAList", edit_header([](json& header) {
       header = json::array({1, 2});
     }),
     "{activations}: the header is not a JSON object"},
    {"NoMetadata", edit_header([](json& header) { header.erase("__metadata__"); }),
     "{activations}: has no __metadata__ (not a Spikeloom trace)"},
    {"OtherMetadata", edit_header([](json& header) {
       header["__metadata__"] = {{"format", "pt"}};
     }),
     "{activations}: metadata has no key 'spikeloom' with a JSON text (not a Spikeloom trace)"},
    {"FurtherMetadata", edit_header([](json& header) { header["__metadata__"]["format"] = "pt"; }),
     "{activations}: metadata key 'format' is unknown (known here: spikeloom)"},
    {"UnknownDtype", edit_header([](json& header) { header["b.e"]["dtype"] = "F64"; }),
     "{activations}: tensor 'b.e': dtype F64 (allowed: U8, I8, I16, I32, I64, F16, F32)"},
    {"WrongDtype", edit_header([](json& header) { header["b.e"]["dtype"] = "U8"; }),
     "{activations}: tensor 'b.e': is U8 [2], expected I8 [2]"},
    {"WrongShape", edit_header([](json& header) {
       header["a.codes"]["shape"] = {4, 2};
     }),
     "{activations}: tensor 'a.codes': is U8 [4, 2], expected U8 [2, 4]"},
    {"NegativeShape", edit_header([](json& header) {
       header["a.codes"]["shape"] = {-2, -4};
     }),
     "{activations}: tensor 'a.codes': a shape entry is not a whole number >= 0"},
    {"FractionalShape", edit_header([](json& header) {
       header["a.codes"]["shape"] = {2.0, 4};
     }),
     "{activations}: tensor 'a.codes': a shape entry is not a whole number >= 0"},
    {"ShapeIsANumber", edit_header([](json& header) { header["a.codes"]["shape"] = 8; }),
     "{activations}: tensor 'a.codes': shape must be a list"},
    {"ShapeOverflows", edit_header([](json& header) {
       header["p.theta"]["shape"] = {uint64_t{1} << 32, uint64_t{1} << 32};
     }),
     "{activations}: tensor 'p.theta': shape [4294967296, 4294967296] overflows"},
    {"ShapeTimesDtypeOverflows", edit_header([](json& header) { header["p.theta"]["shape"] = {uint64_t{1} << 61}; }),
     "{activations}: tensor 'p.theta': shape [2305843009213693952] overflows"},
    {"ShapeAndOffsetsDisagree", edit_header([](json& header) {
       header["a.codes"]["shape"] = {2, 5};
     }),
     "{activations}: tensor 'a.codes': shape [2, 5] of U8 needs 10 bytes, data_offsets span 8"},
    {"OffsetBeyondEnd", edit_header([](json& header) {
       header["a.e"]["data_offsets"] = {1000, 1002};
     }),
     "{activations}: tensor 'a.e': data_offsets [1000, 1002] lie outside the file's 146 data bytes (truncated?)"},
    {"OffsetsBackwards", edit_header([](json& header) {
       header["a.e"]["data_offsets"] = {4, 2};
     }),
     "{activations}: tensor 'a.e': data_offsets [4, 2] lie outside the file's 146 data bytes (truncated?)"},
    {"OffsetNegative", edit_header([](json& header) {
       header["a.e"]["data_offsets"] = {-2, 0};
     }),
     "{activations}: tensor 'a.e': data_offsets must be two whole numbers >= 0"},
    {"NoOffsets", edit_header([](json& header) { header["a.e"].erase("data_offsets"); }),
     "{activations}: tensor 'a.e': needs dtype, shape and data_offsets"},
    {"EntryIsNoObject", edit_header([](json& header) { header["a.e"] = 5; }),
     "{activations}: tensor 'a.e': needs dtype, shape and data_offsets"},
    {"TensorsOverlap",
     edit_header([](json& header) { header["a.E7"]["data_offsets"] = header["a.E"]["data_offsets"]; }),
     "{activations}: tensors 'a.E' and 'a.E7' overlap"},
    {"MissingTensor", [](TracePair& pair) { pair.activations.tensors.erase("q.theta"); },
     "{activations}: missing tensor 'q.theta' (expected I64 [2])"},
    {"MissingWeights", [](TracePair& pair) { pair.weights.tensors.erase("q.weights"); },
     "{weights}: missing tensor 'q.weights' (expected U8 [9, 1])"},
    {"UnlistedTensor",
     [](TracePair& pair) {
       pair.activations.tensors["b.g"] = {"U8", {2, 1}, {0, 0}};
     },
     "{activations}: tensor 'b.g' is not one that the description calls for"},
    {"UnlistedWeights",
     [](TracePair& pair) {
       pair.weights.tensors["r.weights"] = {"U8", {1}, {0}};
     },
     "{weights}: tensor 'r.weights' is not one that the description calls for"},
};

const std::vector<BadTrace> kBadValues = {
    {"NegativeZero", set_value("b.codes", 3, 8),
     "{activations}: tensor 'b.codes': code 8 at token 0, input 3 is not a normal code of 'signed'"},
    {"NormalCodeTooLarge", set_value("b.codes", 9, 16),
     "{activations}: tensor 'b.codes': code 16 at token 1, input 0 is not a normal code of 'signed'"},
    {"SalientCodeTooLarge", set_value("b.codes", 17, 32),
     "{activations}: tensor 'b.codes': code 32 at token 1, input 8 is not a salient code of 'signed'"},
    {"DigitsTooLarge", set_value("a.codes", 1, 128),
     "{activations}: tensor 'a.codes': code 128 at token 0, input 1 is not a digits code of 'signed'"},
    {"NegativeZeroDigits", set_value("a.codes", 5, 64),
     "{activations}: tensor 'a.codes': code 64 at token 1, input 1 is not a digits code of 'signed'"},
    {"NegativeZeroShifted",
     [](TracePair& pair) {
       activations(pair)["inputs"][1]["salient_format"] = "shifted";
       tensor(pair, "b.codes").values[17] = 16;
     },
     "{activations}: tensor 'b.codes': code 16 at token 1, input 8 is not a salient code of 'signed'"},
    {"MaskBitBeyondTheInputs", set_value("b.salient_mask", 1, 4),
     "{activations}: tensor 'b.salient_mask': bit 2 of the last byte of token 0 stands for no input and must be 0"},
    {"ExponentAboveItsMaximum", set_value("a.E", 1, 3),
     "{activations}: tensor 'a.E': value 3 at flat index 1 is out of range (allowed: 0 to 2)"},
    {"DigitExponentAboveItsMaximum", set_value("a.E7", 0, 4),
     "{activations}: tensor 'a.E7': value 4 at flat index 0 is out of range (allowed: 0 to 3)"},
    {"ShiftAboveItsMaximum", set_value("a.g", 2, 3),
     "{activations}: tensor 'a.g': value 3 at flat index 2 is out of range (allowed: 0 to 2)"},
    {"WeightShiftTooLarge", set_value("p.h", 4, 4),
     "{weights}: tensor 'p.h': value 4 at flat index 4 is out of range (allowed: 0 to 3)"},
    {"ZeroThreshold", set_value("p.theta", 1, 0),
     "{activations}: tensor 'p.theta': value 0 at flat index 1 is out of range (allowed: 1024 to 1099511627776)"},
    {"ThresholdBelow1024", set_value("p.theta", 2, 1023),
     "{activations}: tensor 'p.theta': value 1023 at flat index 2 is out of range (allowed: 1024 to 1099511627776)"},
    {"NegativeThreshold", set_value("q.theta", 0, -1024),
     "{activations}: tensor 'q.theta': value -1024 at flat index 0 is out of range (allowed: 1024 to 1099511627776)"},
    {"MembraneOfSignedNotZero", set_value("q.v0", 1, 5),
     "{activations}: tensor 'q.v0': value 5 at flat index 1 is out of range (allowed: 0 to 0)"},
    {"ExpectedAboveItsBits", set_value("p.expected", 4, 128),
     "{activations}: tensor 'p.expected': value 128 at flat index 4 is out of range (allowed: -128 to 127)"},
    {"ExpectedBelowItsBits", set_value("p.expected", 5, -129),
     "{activations}: tensor 'p.expected': value -129 at flat index 5 is out of range (allowed: -128 to 127)"},
    {"PaddingNibble", set_value("p.weights", 5, 0x30),
     "{weights}: tensor 'p.weights': the last nibble of row 2 is padding and must be 0"},
    {"WideBeyondTheInputs", set_value("a.wide", 0, 4),
     "{weights}: tensor 'a.wide': value 4 at flat index 0 is out of range (allowed: 0 to 3)"},
    {"WideNegative", set_value("a.wide", 0, -1),
     "{weights}: tensor 'a.wide': value -1 at flat index 0 is out of range (allowed: 0 to 3)"},
    {"WideDoesNotAscend",
     [](TracePair& pair) {
       weights(pair)["inputs"][0]["wide_inputs"] = 2;
       tensor(pair, "a.wide") = {"I32", {2}, {1, 1}};
     },
     "{weights}: tensor 'a.wide': must ascend"},
};

const std::vector<BadTrace> kBadDescriptions = {
    {"NoJson", [](TracePair& pair) { activations(pair) = "{"; }, "{activations}: description is not a JSON object"},
    {"WrongHash",
     [](TracePair& pair) {
       pair.bind = false;
       activations(pair)["weights"]["sha256"] = std::string(64, '0');
     },
     "{activations}: description: weights.sha256: does not match {weights}: SHA-256 " + std::string(64, '0') +
         " expected, that file has {sha256}; what wrote them, as `spikeloom export`, writes both again"},
    {"WeightsElsewhere", set_key("/weights/file", "../small.weights.safetensors"),
     "{activations}: description: weights.file: must be a file name without a folder"},
    {"NoWeightsFile", set_key("/weights/file", "none.safetensors"), "{folder}/none.safetensors: no such file"},
    {"MultiplyAccumulate", set_key("/format", "spikeloom-mac-activations"),
     "{activations}: is a multiply-accumulate trace ('spikeloom-mac-activations'), not one of spikes"},
    {"OtherFormat", set_key("/format", "spikeloom-weights"),
     "{activations}: description: format: 'spikeloom-weights' is unknown (allowed: spikeloom-activations)"},
    {"Version2", set_key("/version", 2), "{activations}: description: version: 2 is out of range (allowed: 1 to 1)"},
    {"WeightsVersion2", set_weights_key("/version", 2),
     "{weights}: description: version: 2 is out of range (allowed: 1 to 1)"},
    {"MissingKey", [](TracePair& pair) { activations(pair).erase("u_r"); },
     "{activations}: description: missing key 'u_r'"},
    {"MissingInputKey", [](TracePair& pair) { activations(pair)["inputs"][1].erase("z"); },
     "{activations}: description: missing key 'inputs.1.z'"},
    {"UnknownKey", set_key("/speed", 1), "{activations}: description: speed: unknown key"},
    {"UnknownInputKey", set_key("/inputs/0/scale", 1), "{activations}: description: inputs.0.scale: unknown key"},
    {"UnknownWeightsKey", set_weights_key("/operations/1/bias", true),
     "{weights}: description: operations.1.bias: unknown key"},
    {"TokensAreText", set_key("/tokens", "2"), "{activations}: description: tokens: must be an integer"},
    {"TokensAreReal", set_key("/tokens", 2.0), "{activations}: description: tokens: must be an integer"},
    {"NoTokens", set_key("/tokens", 0),
     "{activations}: description: tokens: 0 is out of range (allowed: 1 to 1048576)"},
    {"IntegerBeyond63Bits", set_key("/operations/1/gamma", ~uint64_t{0}),
     "{activations}: description: operations.1.gamma: 18446744073709551615 is out of range (allowed: -64 to 64)"},
    {"OutputBitsTooMany", set_key("/output_bits", 17),
     "{activations}: description: output_bits: 17 is out of range (allowed: 2 to 16)"},
    {"SyntheticIsANumber", set_key("/synthetic", 1), "{activations}: description: synthetic: must be true or false"},
    {"UnitIsText", set_key("/u_r", "1"), "{activations}: description: u_r: must be a number"},
    {"UnitIsZero", set_key("/inputs/0/u", 0), "{activations}: description: inputs.0.u: must be positive"},
    {"ShareAboveOne", set_key("/inputs/0/salient_share", 1.5),
     "{activations}: description: inputs.0.salient_share: is out of range (allowed: 0 to 1)"},
    {"TextIsAList", set_key("/text", json::array()), "{activations}: description: text: must be an object"},
    {"AssumptionIsANumber", set_key("/assumptions/codes", 3),
     "{activations}: description: assumptions.codes: must be text"},
    {"InputIsANumber", set_key("/inputs/0", 5), "{activations}: description: missing key 'inputs.0.name'"},
    {"NoOperations", set_key("/operations", json::array()),
     "{activations}: description: operations: must be a list with at least one entry"},
    {"NoOperationsInWeights", set_weights_key("/operations", json::array()),
     "{weights}: description: operations: must be a list with at least one entry"},
    {"FewerOperations", [](TracePair& pair) { activations(pair)["operations"].erase(1); },
     "{activations}: description: operations: the weights file has another number of operations"},
    {"FewerInputs", [](TracePair& pair) { activations(pair)["inputs"].erase(1); },
     "{activations}: description: inputs: the weights file has another number of inputs"},
    {"UnknownOperation", set_key("/operations/1/name", "r"),
     "{activations}: description: operations.1.name: 'r' stands where the weights file has 'q'"},
    {"RepeatedOperation", set_key("/operations/1/name", "p"),
     "{activations}: description: operations.1.name: 'p' stands where the weights file has 'q'"},
    {"UnknownInput", set_key("/inputs/1/name", "c"),
     "{activations}: description: inputs.1.name: 'c' stands where the weights file has 'b'"},
    {"RepeatedOperationInWeights", set_weights_key("/operations/1/name", "p"),
     "{weights}: description: operations.1.name: repeated operation 'p'"},
    {"RepeatedInputInWeights", set_weights_key("/inputs/1/name", "a"),
     "{weights}: description: inputs.1.name: repeated input 'a'"},
    {"OperationReadsNothing", set_weights_key("/operations/1/input", "c"),
     "{weights}: description: operations.1.input: names no input of this file"},
    {"OperationReadsAnother", set_key("/operations/1/input", "a"),
     "{activations}: description: operations.1.input: differs from the weights file's 'b'"},
    {"SizeDiffers", set_key("/inputs/1/size", 8),
     "{activations}: description: inputs.1.size: differs from the weights file"},
    {"GroupDoesNotDivide", set_weights_key("/inputs/0/group", 3),
     "{weights}: description: inputs.0.group: must divide the input's size"},
    {"UnknownCode", set_key("/code", "ternary"),
     "{activations}: description: code: 'ternary' is unknown (allowed: signed, unsigned)"},
    {"ShiftedOfUnsigned",
     [](TracePair& pair) {
       activations(pair)["code"] = "unsigned";
       activations(pair)["inputs"][0]["salient_format"] = "shifted";
     },
     "{activations}: description: inputs.0.salient_format: 'shifted' needs code 'signed'"},
    {"ExtendedOfSigned", set_key("/inputs/1/salient_format", "extended"),
     "{activations}: description: inputs.1.salient_format: 'extended' needs code 'unsigned'"},
    {"ZeroPointOfSigned", set_key("/inputs/1/z", 6),
     "{activations}: description: inputs.1.z: 6 is out of range (allowed: 0 to 0)"},
    {"DigitsWithoutWideInputs", set_key("/inputs/1/digits", true),
     "{activations}: description: inputs.1.digits: needs code 'signed', salient_format 'floating' and wide inputs"},
    {"DigitsOfShifted", set_key("/inputs/0/salient_format", "shifted"),
     "{activations}: description: inputs.0.digits: needs code 'signed', salient_format 'floating' and wide inputs"},
    {"ShiftsWithoutGroups", set_key("/inputs/1/has_g", true),
     "{activations}: description: inputs.1.has_g: window shifts of activations need code 'signed' and a group size "
     "above "
     "0"},
    {"ExponentMaximumTooLarge", set_key("/inputs/0/E_max", 8),
     "{activations}: description: inputs.0.E_max: 8 is out of range (allowed: 0 to 7)"},
    {"ShiftMaximumTooLarge", set_key("/inputs/0/g_max", 4),
     "{activations}: description: inputs.0.g_max: 4 is out of range (allowed: 0 to 3)"},
};

class BadTraceConfig : public testing::TestWithParam<BadTrace> {};

TEST_P(BadTraceConfig, GivesOneLineThatNamesFileAndCause) {
  expect_refused(small_trace(), GetParam(), [](const std::string& file) { LayerTrace::open(file); });
}

INSTANTIATE_TEST_SUITE_P(File, BadTraceConfig, testing::ValuesIn(kBadFiles), bad_trace_name);
INSTANTIATE_TEST_SUITE_P(Values, BadTraceConfig, testing::ValuesIn(kBadValues), bad_trace_name);
INSTANTIATE_TEST_SUITE_P(Description, BadTraceConfig, testing::ValuesIn(kBadDescriptions), bad_trace_name);

TEST(BadTraceFileConfig, MissingFileAndFolderAreNamed) {
  const TempFolder folder;
  EXPECT_EQ(user_error_of([&] { LayerTrace::open(folder.file("none")); }), folder.file("none") + ": no such file");
  EXPECT_EQ(user_error_of([&] { LayerTrace::open(folder.file("")); }),
            folder.file("") + ": is a folder, not a safetensors file");
}

TEST(BadTraceFileConfig, HashOfTheCommittedWeightsIsTheOneSha256sumGives) {
  EXPECT_EQ(SafetensorsFile(SPIKELOOM_SOURCE_DIR "/traces/smollm2-135m/spikequant-improved/layer15.weights.safetensors")
                .sha256(),
            "79c3275f8fa4d0ad1acc696f1e6487fb3729f4bcce9e10f5961ce8f72fc2af28");
}

}  // namespace
}  // namespace spikeloom
