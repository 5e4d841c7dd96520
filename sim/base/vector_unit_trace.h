// The vector unit's work between the linear operations of a layer, as a trace lists it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom {

class Description;

enum class VectorKind { kRmsNorm, kEncode, kQuantize, kRotary, kSoftmax, kGatedSilu, kResidualAdd };
// Names of the kinds, in the order of the enum.
const std::vector<std::string>& vector_kind_names();

struct VectorWork {
  std::string name;
  VectorKind kind = VectorKind::kRmsNorm;
  int64_t elements = 0;
  int64_t vectors = 0;  // that these elements make: a reduction ends once per vector
  // Of the positions that a token sees, not of all.
  bool causal() const { return kind == VectorKind::kSoftmax || name == "probabilities"; }
};

// Key `vector_unit` of an activations file, in execution order; empty where the key is missing. Throws UserError.
std::vector<VectorWork> read_vector_unit(const Description& top);

}  // namespace spikeloom
