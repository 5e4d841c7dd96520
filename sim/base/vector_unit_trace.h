// The vector unit's work between the linear operations of a layer, as a trace lists it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom {

class Description;

enum class VectorKind {
  kRmsNorm,
  kEncode,
  kQuantize,
  kRotary,
  kSoftmax,
  kGatedSilu,
  kResidualAdd,
  // Of spiking encoders, in every time step:
  kLayerNorm,      // of a mean over steps and its residual
  kScaleRound,     // to a code of a fixed scale
  kSpikeScores,    // sums of query codes where keys spike
  kSpikeMix,       // sums of probabilities where values spike
  kIntegrateFire,  // neurons whose currents the vector unit makes
  kSettled,        // whether rates have settled, after a block of steps: not in a trace
  kForward         // nothing: spikes move to the nodes that send them on
};
// Names of the kinds, in the order of the enum.
const std::vector<std::string>& vector_kind_names();

struct VectorWork {
  std::string name;
  VectorKind kind = VectorKind::kRmsNorm;
  int64_t elements = 0;
  int64_t vectors = 0;         // that these elements make: a reduction ends once per vector
  bool bidirectional = false;  // every token sees every position
  // Of the positions that a token sees, not of all.
  bool causal() const { return !bidirectional && (kind == VectorKind::kSoftmax || name == "probabilities"); }
};

// Key `vector_unit` of an activations file, in execution order; empty where the key is missing. Throws UserError.
std::vector<VectorWork> read_vector_unit(const Description& top);

}  // namespace spikeloom
