#include "hw/sequencer/vector_job.h"

#include <algorithm>

namespace spikeloom {

namespace {

constexpr int kRealBits = 32;     // binary32
constexpr int kHalfBits = 16;     // binary16
constexpr int kExponentBits = 8;  // of a key, beside its scores

// Bits of operands and results in a spiking encoder's steps. A score is a running sum of query codes; a neuron's state
// is read and written beside its current and its spike.
void set_step_bits(VectorKind kind, VectorJob* job) {
  constexpr int kSumBits = 24, kQueryBits = 8, kProbabilityBits = 9, kSpikeBits = 1, kStateBits = 24, kCountBits = 16;
  switch (kind) {
    case VectorKind::kLayerNorm:
      job->in_bits = job->out_bits = kSumBits;
      break;
    case VectorKind::kScaleRound:
      job->in_bits = kSumBits;
      job->out_bits = kQueryBits;
      break;
    case VectorKind::kSpikeScores:
      job->in_bits = kQueryBits + kSpikeBits;
      job->out_bits = kSumBits;
      break;
    case VectorKind::kSoftmax:
      job->in_bits = kSumBits;
      job->out_bits = kProbabilityBits;
      break;
    case VectorKind::kSpikeMix:
      job->in_bits = kProbabilityBits + kSpikeBits;
      job->out_bits = kSumBits;
      break;
    case VectorKind::kIntegrateFire:
      job->in_bits = kStateBits;
      job->out_bits = kStateBits + kSpikeBits;
      break;
    case VectorKind::kSettled:
      job->in_bits = job->out_bits = kCountBits;
      break;
    default:
      break;
  }
}

// Bits of an output code of the operations of the latest phase of spikes before `index`; `linear`: of those that work
// on weights, not on keys or values. Binary16 where there is none.
int code_bits_before(const LayerTrace& layer, const Program& program, int index, bool linear) {
  for (int before = index - 1; before >= 0; --before) {
    const Phase& made = program.phases[before];
    if (made.is_vector() || (linear && made.loads_after >= 0)) continue;
    for (const OperationTrace& operation : layer.operations)
      if (operation.input == made.input) return operation.output_bits;
  }
  return kHalfBits;
}

int operand_bits(const LayerTrace& layer, const Program& program, const VectorWork& work, int index) {
  const auto codes = [&](bool linear) { return code_bits_before(layer, program, index, linear); };
  switch (work.kind) {
    case VectorKind::kRmsNorm:
      return kRealBits;  // the residual stream
    case VectorKind::kQuantize:
      return work.name == "keys" ? kRealBits : codes(true);  // turned keys; v's outputs
    case VectorKind::kEncode:
      return work.name == "attention_output" && layer.attention ? codes(false) : kRealBits;  // the mix's outputs
    case VectorKind::kSoftmax:
      return codes(false) + (layer.attention ? kExponentBits : 0);
    default:
      return codes(false);
  }
}

// What no encoder follows is written in binary16, as the operations behind it read it.
int result_bits(const Program& program, VectorKind kind, int index) {
  const bool feeds_operations = kind == VectorKind::kRmsNorm || kind == VectorKind::kGatedSilu;
  const bool encoded = index + 1 == int(program.phases.size()) || program.phases[index + 1].is_vector();
  return feeds_operations && !encoded ? kHalfBits : kRealBits;
}

void set_codes(const LayerTrace& layer, const Phase& phase, const VectorWork& work, VectorJob* job) {
  job->out_bits = 6;  // four bits, the mask's, and room for a salient one's fifth
  job->rule = SalientRule::kLargest;
  if (phase.input < 0 || work.causal()) return;
  const InputTrace& input = layer.inputs[phase.input];
  if (input.mac) {
    job->rule = SalientRule::kNone;
    job->vectors *= input.groups();  // each has a scale of its own
    job->out_bits = 0;
    for (int k = 0; k < input.size; ++k) job->out_bits += std::max(4, input.code_bits(k));
    job->out_bits = (job->out_bits + input.size / 2) / input.size;
    return;
  }
  if (input.digits) job->out_bits = 8;
  job->rule = input.salient_mark == SalientMark::kMad ? SalientRule::kMad : SalientRule::kRoundedMad;
}

}  // namespace

VectorJob vector_job(const LayerTrace& layer, const Program& program, int source, int index) {
  const Phase& phase = program.phases[index];
  const VectorWork& work = layer.vector_unit[phase.vector_work];
  VectorJob job;
  job.kind = work.kind;
  job.elements = phase.vector_shares[source].elements;
  job.vectors = phase.vector_shares[source].vectors;
  job.offset = work.name == "keys" && layer.attention;
  job.phase = job.id = index;
  job.in_bits = operand_bits(layer, program, work, index);
  job.out_bits = result_bits(program, work.kind, index);
  if (layer.inputs[0].recorded()) set_step_bits(work.kind, &job);
  if (work.kind == VectorKind::kQuantize) job.out_bits = 4;
  if (work.kind == VectorKind::kEncode) set_codes(layer, phase, work, &job);
  return job;
}

}  // namespace spikeloom
