#include "sim/base/trace_origin.h"

#include <filesystem>

#include "sim/base/description.h"

namespace spikeloom {

namespace {

std::shared_ptr<SafetensorsFile> open_weights(const std::string& activations_file, const Description& weights) {
  weights.keys({"file", "sha256"});
  const std::string name = weights.text("file");
  if (name.find('/') != std::string::npos) weights.fail("file", "must be a file name without a folder");
  auto file =
      std::make_shared<SafetensorsFile>((std::filesystem::path(activations_file).parent_path() / name).string());
  const std::string listed = weights.text("sha256");
  if (file->sha256() != listed)
    weights.fail("sha256", "does not match " + file->file() + ": SHA-256 " + listed + " expected, that file has " +
                               file->sha256() + "; what wrote them, as `spikeloom export`, writes both again");
  return file;
}

}  // namespace

std::string trace_format(const std::string& file) {
  const nlohmann::json value = parse_description(SafetensorsFile(file));
  const auto format = value.find("format");
  return format != value.end() && format->is_string() ? format->get<std::string>() : "";
}

void refuse_weights(const std::string& file) {
  const std::string format = trace_format(file), end = "-weights";
  if (format.size() > end.size() && format.compare(format.size() - end.size(), end.size(), end) == 0)
    throw UserError(file + ": holds the weights of traces; name a file of activations, which names it");
}

void TraceOrigin::read_activations_origin(std::shared_ptr<SafetensorsFile> activations, const Description& top) {
  activations_data_ = std::move(activations);
  file = activations_data_->file();
  weights_data_ = open_weights(file, top.section("weights"));
  weights_file = weights_data_->file();
  sha256 = activations_data_->sha256();
  weights_sha256 = weights_data_->sha256();
  synthetic = top.flag("synthetic");
  tokens = top.integer("tokens", 1, kMostTokens);
  const Description text = top.section("text");
  text.keys({"source", "sha256", "excerpt"});
  text_source = text.text("source");
  text.text("sha256");
  text_excerpt = text.text("excerpt");
  assumptions = top.texts("assumptions");
}

void TraceOrigin::read_weights_origin(const Description& top) {
  synthetic = top.flag("synthetic") || synthetic;
  model = top.text("model");
  for (const char* key : {"model_source", "license", "quantizer"}) top.text(key);
  top.texts("assumptions");
  layer = top.integer("layer", 0, kMostSize);
}

}  // namespace spikeloom
