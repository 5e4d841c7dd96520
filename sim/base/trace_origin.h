// Where a trace comes from: what the descriptions of spiking and of multiply-accumulate traces have in common.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/safetensors.h"

namespace spikeloom {

class Description;

// What the description of a file calls itself (`format`); empty if it does not say. Throws UserError if it is no trace.
std::string trace_format(const std::string& file);
// Throws UserError where a file of weights is named instead of the activations that name it.
void refuse_weights(const std::string& file);

struct TraceOrigin {
  bool synthetic = false;
  std::string file, weights_file, sha256, weights_sha256, model, text_source, text_excerpt;
  int layer = 0, tokens = 0;
  std::vector<std::pair<std::string, std::string>> assumptions;  // of the activations file

 protected:
  // What `top` of an activations file says, and the weights file that it names: opened, its hash compared.
  // Throws UserError.
  void read_activations_origin(std::shared_ptr<SafetensorsFile> activations, const Description& top);
  // What `top` of a weights file says.
  void read_weights_origin(const Description& top);

  std::shared_ptr<SafetensorsFile> activations_data_, weights_data_;
};

}  // namespace spikeloom
