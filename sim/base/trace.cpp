#include "sim/base/trace.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace spikeloom {

namespace {

using nlohmann::json;

constexpr int kMostSize = 1 << 20;
constexpr int kMostTokens = 1 << 20;
constexpr int64_t kLeastThreshold = 1024;

// Typed access to the JSON description, with messages that name file and key.
class Description {
 public:
  Description(const SafetensorsFile& file, const json& value, std::string path)
      : file_(file), value_(value), path_(std::move(path)) {}

  // Throws UserError unless the object has exactly these keys.
  void keys(const std::vector<std::string>& names) const {
    if (!value_.is_object()) file_.fail("description: " + path_.substr(0, path_.size() - 1) + ": must be an object");
    for (const auto& [key, unused] : value_.items())
      if (std::find(names.begin(), names.end(), key) == names.end()) fail(key.c_str(), "unknown key");
    for (const std::string& name : names) at(name.c_str());
  }
  const json& at(const char* key) const {
    if (!value_.is_object() || !value_.contains(key)) file_.fail("description: missing key '" + path_ + key + "'");
    return value_[key];
  }
  std::string text(const char* key) const {
    if (!at(key).is_string()) fail(key, "must be text");
    return at(key).get<std::string>();
  }
  int integer(const char* key, int least, int most) const {
    const json& value = at(key);
    if (!value.is_number_integer()) fail(key, "must be an integer");
    const int64_t number = value.get<int64_t>();
    const bool beyond_int64 = value.is_number_unsigned() && number < 0;
    if (beyond_int64 || number < least || number > most)
      fail(key,
           value.dump() + " is out of range (allowed: " + std::to_string(least) + " to " + std::to_string(most) + ")");
    return static_cast<int>(number);
  }
  double real(const char* key) const {
    if (!at(key).is_number()) fail(key, "must be a number");
    return at(key).get<double>();
  }
  bool flag(const char* key) const {
    if (!at(key).is_boolean()) fail(key, "must be true or false");
    return at(key).get<bool>();
  }
  int choice(const char* key, const std::vector<std::string>& names) const {
    const std::string name = text(key);
    std::string allowed;
    for (size_t i = 0; i < names.size(); ++i) {
      if (name == names[i]) return static_cast<int>(i);
      allowed += (i ? ", " : "") + names[i];
    }
    fail(key, "'" + name + "' is unknown (allowed: " + allowed + ")");
  }
  Description section(const char* key) const {
    if (!at(key).is_object()) fail(key, "must be an object");
    return Description(file_, at(key), path_ + key + ".");
  }
  void texts(const char* key) const {
    const Description object = section(key);
    for (const auto& [name, unused] : at(key).items()) object.text(name.c_str());
  }
  std::vector<Description> list(const char* key) const {
    if (!at(key).is_array() || at(key).empty()) fail(key, "must be a list with at least one entry");
    std::vector<Description> entries;
    for (size_t i = 0; i < at(key).size(); ++i)
      entries.emplace_back(file_, at(key)[i], path_ + key + "." + std::to_string(i) + ".");
    return entries;
  }
  [[noreturn]] void fail(const char* key, const std::string& what) const {
    file_.fail("description: " + path_ + key + ": " + what);
  }

 private:
  const SafetensorsFile& file_;
  const json& value_;
  std::string path_;
};

json parse_description(const SafetensorsFile& file) {
  json value = json::parse(file.description(), nullptr, false);
  if (!value.is_object()) file.fail("description is not a JSON object");
  return value;
}

template <typename Item>
int index_of(const std::vector<Item>& items, const std::string& name) {
  for (size_t i = 0; i < items.size(); ++i)
    if (items[i].name == name) return static_cast<int>(i);
  return -1;
}

void check_range(const SafetensorsFile& file, const std::string& tensor, const std::vector<int64_t>& values,
                 int64_t least, int64_t most) {
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i] < least || values[i] > most)
      file.fail("tensor '" + tensor + "': value " + std::to_string(values[i]) + " at flat index " + std::to_string(i) +
                " is out of range (allowed: " + std::to_string(least) + " to " + std::to_string(most) + ")");
}

InputTrace read_weight_input(const SafetensorsFile& file, const Description& entry) {
  entry.keys({"name", "size", "wide_inputs", "group"});
  InputTrace input;
  input.name = entry.text("name");
  input.size = entry.integer("size", 1, kMostSize);
  input.group = entry.integer("group", 0, input.size);
  if (input.group > 0 && input.size % input.group != 0) entry.fail("group", "must divide the input's size");
  const int wide = entry.integer("wide_inputs", 0, input.size);
  input.wide_rank.assign(input.size, -1);
  if (wide > 0) {
    const auto indices = file.integers(input.name + ".wide", {wide}, "I32");
    check_range(file, input.name + ".wide", indices, 0, input.size - 1);
    for (int i = 0; i < wide; ++i) {
      if (i > 0 && indices[i] <= indices[i - 1]) file.fail("tensor '" + input.name + ".wide': must ascend");
      input.wide.push_back(static_cast<int>(indices[i]));
      input.wide_rank[indices[i]] = i;
    }
  }
  return input;
}

void check_padding(const SafetensorsFile& file, const OperationTrace& operation, int rows) {
  for (int row = 0; row < rows && operation.outputs % 2 != 0; ++row)
    if (operation.nibble(row, operation.outputs) != 0)
      file.fail("tensor '" + operation.name + ".weights': the last nibble of row " + std::to_string(row) +
                " is padding and must be 0");
}

OperationTrace read_weight_operation(const SafetensorsFile& file, const Description& entry, const LayerTrace& layer) {
  entry.keys({"name", "input", "outputs", "has_h"});
  OperationTrace operation;
  operation.name = entry.text("name");
  operation.input = index_of(layer.inputs, entry.text("input"));
  if (operation.input < 0) entry.fail("input", "names no input of this file");
  if (index_of(layer.operations, operation.name) >= 0)
    entry.fail("name", "repeated operation '" + operation.name + "'");
  operation.outputs = entry.integer("outputs", 1, kMostSize);
  operation.row_bytes = (operation.outputs + 1) / 2;
  const InputTrace& input = layer.inputs[operation.input];
  const int rows = input.size + static_cast<int>(input.wide.size());
  operation.weights = file.bytes(operation.name + ".weights", {rows, operation.row_bytes});
  check_padding(file, operation, rows);
  if (entry.flag("has_h")) {
    const std::string name = operation.name + ".h";
    operation.h = file.bytes(name, {input.groups(), operation.outputs});
    check_range(file, name, file.integers(name, {input.groups(), operation.outputs}, "U8"), 0, 3);
  }
  return operation;
}

void read_weights(const SafetensorsFile& file, LayerTrace* layer) {
  const json value = parse_description(file);
  const Description top(file, value, "");
  top.choice("format", {"spikeloom-weights"});
  top.integer("version", 1, 1);
  top.keys({"format", "version", "synthetic", "model", "model_source", "license", "layer", "quantizer", "assumptions",
            "inputs", "operations"});
  layer->synthetic = top.flag("synthetic");
  layer->model = top.text("model");
  for (const char* key : {"model_source", "license", "quantizer"}) top.text(key);
  top.texts("assumptions");
  layer->layer = top.integer("layer", 0, kMostSize);
  for (const auto& entry : top.list("inputs")) {
    layer->inputs.push_back(read_weight_input(file, entry));
    if (index_of(layer->inputs, layer->inputs.back().name) + 1 != static_cast<int>(layer->inputs.size()))
      entry.fail("name", "repeated input '" + layer->inputs.back().name + "'");
  }
  for (const auto& entry : top.list("operations"))
    layer->operations.push_back(read_weight_operation(file, entry, *layer));
  file.finish();
}

// The largest code byte of a value, by format; canonical zero is checked apart.
int largest_code(const InputTrace& input, bool salient, bool wide) {
  if (input.digits && wide) return 127;
  return salient ? 31 : 15;
}

void check_mask_padding(const SafetensorsFile& file, const InputTrace& input, int tokens) {
  for (int m = 0; m < tokens; ++m)
    for (int k = input.size; k % 8 != 0; ++k)
      if (input.salient(m, k))
        file.fail("tensor '" + input.name + ".salient_mask': bit " + std::to_string(k % 8) +
                  " of the last byte of token " + std::to_string(m) + " stands for no input and must be 0");
}

void check_codes(const SafetensorsFile& file, const InputTrace& input, int tokens) {
  for (int m = 0; m < tokens; ++m) {
    for (int k = 0; k < input.size; ++k) {
      const bool salient = input.salient(m, k), wide = input.is_wide(k);
      const int code = input.code_at(m, k);
      const bool digits = input.digits && wide;
      const bool negative_zero = (digits && code == 64) ||
                                 (!digits && !salient && input.code == ActivationCode::kSigned && code == 8) ||
                                 (!digits && salient && input.salient_format == SalientFormat::kShifted && code == 16);
      if (code > largest_code(input, salient, wide) || negative_zero)
        file.fail("tensor '" + input.name + ".codes': code " + std::to_string(code) + " at token " + std::to_string(m) +
                  ", input " + std::to_string(k) + " is not a " +
                  (digits    ? "digits"
                   : salient ? "salient"
                             : "normal") +
                  " code of '" + name_of(input.code) + "'");
    }
  }
}

void read_activation_input(const SafetensorsFile& file, const Description& entry, ActivationCode code, int tokens,
                           InputTrace* input) {
  entry.keys({"name", "size", "salient_format", "digits", "has_g", "z", "u", "E_max", "E7_max", "g_max", "salient_k",
              "salient_share"});
  if (entry.integer("size", 1, kMostSize) != input->size) entry.fail("size", "differs from the weights file");
  input->code = code;
  input->salient_format =
      static_cast<SalientFormat>(entry.choice("salient_format", {"floating", "shifted", "extended"}));
  const bool is_signed = code == ActivationCode::kSigned;
  if (input->salient_format == SalientFormat::kShifted && !is_signed)
    entry.fail("salient_format", "'shifted' needs code 'signed'");
  if (input->salient_format == SalientFormat::kExtended && is_signed)
    entry.fail("salient_format", "'extended' needs code 'unsigned'");
  input->digits = entry.flag("digits");
  if (input->digits && (!is_signed || input->salient_format != SalientFormat::kFloating || input->wide.empty()))
    entry.fail("digits", "needs code 'signed', salient_format 'floating' and wide inputs");
  input->z = entry.integer("z", is_signed ? 0 : -64, is_signed ? 0 : 64);
  input->u = entry.real("u");
  if (!(input->u > 0)) entry.fail("u", "must be positive");
  input->salient_k = entry.real("salient_k");
  input->salient_share = entry.real("salient_share");
  if (input->salient_share < 0 || input->salient_share > 1)
    entry.fail("salient_share", "is out of range (allowed: 0 to 1)");
  input->most_E = entry.integer("E_max", 0, 7);
  input->most_E7 = entry.integer("E7_max", 0, 7);
  input->most_g = entry.integer("g_max", 0, 3);
  const int K = input->size;
  input->codes = file.bytes(input->name + ".codes", {tokens, K});
  input->salient_mask = file.bytes(input->name + ".salient_mask", {tokens, (K + 7) / 8});
  input->e = file.integers(input->name + ".e", {tokens}, "I8");
  input->E = file.integers(input->name + ".E", {tokens}, "U8");
  check_range(file, input->name + ".E", input->E, 0, input->most_E);
  input->E7.assign(tokens, 0);
  if (input->digits) {
    input->E7 = file.integers(input->name + ".E7", {tokens}, "U8");
    check_range(file, input->name + ".E7", input->E7, 0, input->most_E7);
  }
  input->g.assign(static_cast<size_t>(tokens) * input->groups(), 0);
  if (entry.flag("has_g")) {
    if (!is_signed || input->group == 0)
      entry.fail("has_g", "window shifts of activations need code 'signed' and a group size above 0");
    input->g = file.integers(input->name + ".g", {tokens, input->groups()}, "U8");
    check_range(file, input->name + ".g", input->g, 0, input->most_g);
  }
  check_mask_padding(file, *input, tokens);
  check_codes(file, *input, tokens);
}

void read_operation(const SafetensorsFile& file, const Description& entry, const LayerTrace& layer,
                    OperationTrace* target) {
  OperationTrace& operation = *target;
  entry.keys({"name", "input", "F", "gamma"});
  const std::string& name = operation.name;
  if (entry.text("name") != name)
    entry.fail("name", "'" + entry.text("name") + "' stands where the weights file has '" + name + "'");
  if (entry.text("input") != layer.inputs[operation.input].name)
    entry.fail("input", "differs from the weights file's '" + layer.inputs[operation.input].name + "'");
  operation.F = entry.integer("F", 0, 30);
  operation.gamma = entry.integer("gamma", -64, 64);
  const int N = operation.outputs;
  operation.theta = file.integers(name + ".theta", {N}, "I64");
  check_range(file, name + ".theta", operation.theta, kLeastThreshold, int64_t{1} << 40);
  operation.v0 = file.integers(name + ".v0", {N}, "I64");
  const bool is_signed = layer.inputs[operation.input].code == ActivationCode::kSigned;
  const int64_t largest_v0 = is_signed ? 0 : int64_t{1} << 40;
  check_range(file, name + ".v0", operation.v0, -largest_v0, largest_v0);
  operation.expected = file.integers(name + ".expected", {layer.tokens, N}, "I16");
  const int64_t largest = int64_t{1} << (layer.output_bits - 1);
  check_range(file, name + ".expected", operation.expected, -largest, largest - 1);
}

// The weights file that an activations file names; their inputs and operations must agree.
std::shared_ptr<SafetensorsFile> open_weights(const std::string& activations_file, const Description& weights) {
  weights.keys({"file", "sha256"});
  const std::string name = weights.text("file");
  if (name.find('/') != std::string::npos) weights.fail("file", "must be a file name without a folder");
  auto file =
      std::make_shared<SafetensorsFile>((std::filesystem::path(activations_file).parent_path() / name).string());
  if (file->sha256() != weights.text("sha256"))
    weights.fail("sha256", "does not match " + file->file() + " (that file has " + file->sha256() + ")");
  return file;
}

void read_inputs(const SafetensorsFile& file, const Description& top, LayerTrace* layer) {
  const auto code = static_cast<ActivationCode>(top.choice("code", {"signed", "unsigned"}));
  const auto entries = top.list("inputs");
  if (entries.size() != layer->inputs.size()) top.fail("inputs", "the weights file has another number of inputs");
  for (size_t i = 0; i < entries.size(); ++i) {
    InputTrace& input = layer->inputs[i];
    if (entries[i].text("name") != input.name)
      entries[i].fail("name",
                      "'" + entries[i].text("name") + "' stands where the weights file has '" + input.name + "'");
    read_activation_input(file, entries[i], code, layer->tokens, &input);
  }
}

void read_operations(const SafetensorsFile& file, const Description& top, LayerTrace* layer) {
  const auto entries = top.list("operations");
  if (entries.size() != layer->operations.size())
    top.fail("operations", "the weights file has another number of operations");
  for (size_t i = 0; i < entries.size(); ++i) read_operation(file, entries[i], *layer, &layer->operations[i]);
}

void read_text(const Description& text, LayerTrace* layer) {
  text.keys({"source", "sha256", "excerpt"});
  layer->text_source = text.text("source");
  text.text("sha256");
  layer->text_excerpt = text.text("excerpt");
}

}  // namespace

LayerTrace LayerTrace::open(const std::string& activations_file) {
  LayerTrace layer;
  layer.file = activations_file;
  layer.activations_data_ = std::make_shared<SafetensorsFile>(activations_file);
  const SafetensorsFile& file = *layer.activations_data_;
  const json value = parse_description(file);
  const Description top(file, value, "");
  top.choice("format", {"spikeloom-activations"});
  top.integer("version", 1, 1);
  top.keys({"format", "version", "synthetic", "weights", "code", "tokens", "text", "u_r", "output_bits", "inputs",
            "operations", "assumptions"});
  layer.weights_data_ = open_weights(activations_file, top.section("weights"));
  layer.weights_file = layer.weights_data_->file();
  layer.sha256 = file.sha256();
  layer.weights_sha256 = layer.weights_data_->sha256();
  read_weights(*layer.weights_data_, &layer);
  layer.synthetic = top.flag("synthetic") || layer.synthetic;
  layer.tokens = top.integer("tokens", 1, kMostTokens);
  layer.output_bits = top.integer("output_bits", 2, 16);
  top.real("u_r");
  read_text(top.section("text"), &layer);
  read_inputs(file, top, &layer);
  read_operations(file, top, &layer);
  top.texts("assumptions");
  for (const auto& [name, text] : top.at("assumptions").items())
    layer.assumptions.emplace_back(name, text.get<std::string>());
  file.finish();
  return layer;
}

void LayerTrace::select(const std::vector<std::string>& names, int token_count) {
  std::string known;
  for (const auto& operation : operations) known += (known.empty() ? "" : ", ") + operation.name;
  for (const auto& name : names)
    if (index_of(operations, name) < 0)
      throw UserError(file + ": has no operation '" + name + "' (it has: " + known + ")");
  if (token_count > tokens)
    throw UserError(file + ": has " + std::to_string(tokens) + " tokens, " + std::to_string(token_count) +
                    " asked for");
  std::vector<OperationTrace> kept;
  for (auto& operation : operations)
    if (std::find(names.begin(), names.end(), operation.name) != names.end()) kept.push_back(std::move(operation));
  operations = std::move(kept);
  tokens = token_count;
}

}  // namespace spikeloom
