// The folder FOLDER/layers of a run over several layers: one folder per finished layer, whole or not there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/app/results_folder.h"

namespace spikeloom {

// Everything that a layer's results follow from.
struct LayerIdentity {
  int layer = 0;
  std::string resolved;  // configuration of this layer alone
  std::string activations_sha256, weights_sha256;
  std::string program_sha256;  // of the executable
  std::string hash() const;
};

// SHA-256 of the executable that is running.
std::string program_sha256();

class LayersFolder {
 public:
  // Creates `folder` and `folder`/layers and holds a lock on it, which children inherit. `fresh`: removes what earlier
  // runs left there. Throws UserError when the folder cannot be written, another run holds it, or it has the results of
  // a run of one layer.
  LayersFolder(const std::string& folder, bool fresh);
  LayersFolder(const LayersFolder&) = delete;
  LayersFolder& operator=(const LayersFolder&) = delete;

  // Whether a folder has layers of such a run.
  static bool is_used(const std::string& folder);
  // Removes what a stopped run left unfinished. Returns, for each wanted layer, whether its results are there. Throws
  // UserError, saying what differs, when the folder holds a layer of another experiment.
  std::vector<bool> finished(const std::vector<LayerIdentity>& wanted) const;
  // An empty folder for a layer's files; `finish` gives it its name, with layer.json: its identity and its files'
  // hashes.
  std::string begin(int layer) const;
  void finish(const LayerIdentity& identity) const;
  // A finished layer's folder.
  std::string path(int layer) const;

 private:
  void refuse_results_of_one_layer() const;
  void refuse_other(const LayerIdentity& wanted, const std::string& there) const;

  std::string folder_;
  std::unique_ptr<FolderLock> lock_;
};

}  // namespace spikeloom
