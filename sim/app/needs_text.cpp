#include "sim/app/needs_text.h"

#include <algorithm>

#include "models/attention_operations.h"
#include "models/mac_layer.h"
#include "sim/app/number_text.h"

namespace spikeloom {

void RegisterWidths::add(const LayerTrace& layer, const OperationTrace& operation) {
  const InputTrace& input = layer.inputs[operation.input];
  const auto widen = [](int* bits, int needed) { *bits = std::max(*bits, needed); };
  if (operation.mac) {
    if (!spec_.multiplies_reals()) widen(&sum_bits_, accumulator_needs(input, operation));
    return;
  }
  const RegisterNeeds needs = operation_needs(layer, operation);
  fires_ = true;
  if (!spec_.multiplies())
    widen(&sum_bits_, needs.slope_bits);
  else if (spec_.mac_array.accumulators != Accumulators::kShared)  // shared ones are membranes
    widen(&sum_bits_, product_sum_bits(input, needs));
  widen(&membrane_bits_, needs.membrane_bits);
  widen(&threshold_bits_, needs.threshold_bits);
  widen(&residue_bits_, needs.residue_bits);
}

std::string RegisterWidths::text() const {
  std::string text;
  const auto say = [&text](const char* name, int bits) {
    if (bits > 0) text += (text.empty() ? "needs " : ", ") + format("%s of %2d bits", name, bits);
  };
  say(spec_.multiplies() ? "accumulators" : "slopes", sum_bits_);
  if (fires_) {
    say("membranes", membrane_bits_);
    say("thresholds", threshold_bits_);
    say("residues", residue_bits_);
  }
  return text;
}

}  // namespace spikeloom
