// The manifest of an exported folder (traces/README.md): its layers, its cases, and the hash of every file.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/base/trace.h"

namespace spikeloom {

// Tokens first .. context - 1 of the exported sequence.
struct ExportCase {
  std::string name;
  int first = 0, context = 0;
  int tokens() const { return context - first; }
};

struct ExportManifest {
  std::string folder, model, method;
  int model_layers = 0;       // of the whole model
  std::vector<int> exported;  // layers that belong in the folder, ascending
  std::vector<ExportCase> cases;
  // By layer whose files are whole, then by file name: SHA-256.
  std::map<int, std::map<std::string, std::string>> files;

  // Throws UserError when there is no manifest, or none that this version can read.
  static ExportManifest open(const std::string& folder);

  // Path of the activations file. Throws UserError when the manifest does not list it.
  std::string activations_file(int layer, const std::string& case_name) const;
  // Throws UserError unless the layer's files are there and have the hashes that the manifest says.
  void check_files(int layer, const std::string& case_name) const;
  // Throws UserError unless an opened trace has these hashes, and is of the model and layer that the manifest says.
  void check_trace(int layer, const std::string& case_name, const LayerTrace& trace) const;
  // SHA-256 of the activations and of the weights file, as the manifest says.
  std::string activations_sha256(int layer, const std::string& case_name) const;
  std::string weights_sha256(int layer) const;

 private:
  const std::string& sha256_of_listed(int layer, const std::string& name) const;
  void check_sha256(int layer, const std::string& name, const std::string& found) const;
};

}  // namespace spikeloom
