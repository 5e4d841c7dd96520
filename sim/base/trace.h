// One layer as traces/README.md describes it: packed weights and thresholds, activation codes, expected outputs.
// Everything is checked when the trace is opened; after that, data is read in place.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/attention_trace.h"
#include "sim/base/code_rows.h"
#include "sim/base/mac_trace.h"
#include "sim/base/weight_packing.h"

namespace spikeloom {

// How a method marks salient values (`salient_rule` of traces/README.md).
enum class SalientMark { kNone, kMad, kRoundedMad };

// What a row of an attention's operation leaves out: the positions after its own token's.
enum class Causal { kNone, kInputs, kOutputs };

// What becomes of a membrane: an output code; or of recorded spikes (models/rate_layer.h), at every step, a spike or
// the sum so far.
enum class Neuron { kCode, kIntegrateAndFire, kRunningSum };

// The activations that one or more operations share: rows of K inputs. Of a linear operation a token is a row. Of
// attention (models/attention_operations.h) a token has a row for each head that shares keys and values, and the
// inputs are blocks, one per head of keys or values, that feed outputs of their own.
struct InputTrace : CodeRows {
  std::string name;
  int group = 0;               // inputs per window that have shifts of their own; 0: the whole input
  std::vector<int> wide;       // input indices with 8-bit weights, ascending
  std::vector<int> wide_rank;  // [K] index into `wide`, -1 for others
  ActivationCode code = ActivationCode::kSigned;
  SalientFormat salient_format = SalientFormat::kFloating;
  bool digits = false;
  bool all_digits = false;  // with digits: every input has two, and not the wide ones alone
  int rows_per_token = 1, blocks = 1;
  Causal causal = Causal::kNone;
  int first_position = 0;              // of token 0, where causal
  const uint8_t* row_shift = nullptr;  // [K] exponents of weight rows, 0..7; null: none
  int z = 0;
  SalientMark salient_mark = SalientMark::kNone;
  double u = 0, salient_k = 0, salient_share = 0;
  int most_E = 0, most_E7 = 0, most_g = 0;
  std::vector<int64_t> e, E, E7;  // [rows, blocks]; E7 all zero without digits
  std::vector<int64_t> g;         // [rows, windows]; all zero without group shifts

  // Of recorded spikes: the time steps, a row for each; a code is 0 or 1. 0: codes.
  int steps = 0, first_step = 0;
  std::string after;  // entry of the vector unit that ends the block of steps before; empty: none

  // Of a multiply-accumulate layer (models/mac_layer.h):
  const MacInput* mac = nullptr;  // null: codes of spikes
  std::vector<int> bounds;        // [groups + 1] where groups of unequal size begin; empty: `group` says it
  int planes = 1;                 // weight rows of an input, wide ones apart: one for every 4 bits of a weight
  bool in_order = false;          // its sums are of binary32, in index order: one tile adds them all
  std::string made_by;            // entry of the vector unit that makes it; empty: the one of its name

  bool recorded() const { return steps > 0; }
  // Bits of a code in the main array.
  int main_code_bits() const { return recorded() ? 1 : 4; }
  int groups() const { return !bounds.empty() ? int(bounds.size()) - 1 : group == 0 ? 1 : size / group; }
  int group_of(int k) const;
  int group_begin(int index) const { return bounds.empty() ? size / groups() * index : bounds[index]; }
  int group_end(int index) const { return group_begin(index + 1); }
  bool is_wide(int k) const { return wide_rank[k] >= 0; }
  bool two_digits(int k) const {
    return mac ? code_bytes == 1 && code_bits(k) > 4 : digits && (all_digits || is_wide(k));
  }
  // Of a multiply-accumulate layer: bits of the code of input k.
  int code_bits(int k) const { return code_bytes == 2 ? 16 : mac->groups[group_of(k)].activation_bits; }
  const std::string& maker() const { return made_by.empty() ? name : made_by; }
  int block_inputs() const { return size / blocks; }
  // Positions that a row sees, where causal.
  int seen(int row) const { return first_position + row / rows_per_token + 1; }
};

// One operation y = W x of N outputs; with blocks of inputs, W is block diagonal and a row holds its block's outputs.
struct OperationTrace {
  std::string name;
  int input = 0;  // index into LayerTrace::inputs
  int outputs = 0;
  int output_bits = 0;
  int F = 0, gamma = 0;
  Neuron neuron = Neuron::kCode;
  // Of recorded spikes, where steps come in blocks: the operation whose state goes on, whether there is one, whether it
  // is kept for a next block.
  int state = 0;
  bool restores_state = false, keeps_state = false;
  const uint8_t* weights = nullptr;  // [K + wide, row_bytes]: low nibble output 2i, high nibble output 2i+1
  int row_bytes = 0;
  const uint8_t* h = nullptr;      // [groups, N] or null
  std::vector<int64_t> theta, v0;  // [N]; of recorded spikes, v0 is the bias of every step, and a sum has neither
  std::vector<int64_t> expected;   // [rows, N]
  // Of a multiply-accumulate layer (models/mac_layer.h):
  const MacOperation* mac = nullptr;
  std::vector<float> sums;  // [rows, N] y; `expected` holds what messages carry of it, binary16 as an integer

  // Low (unsigned = false: signed) nibble of row `row`, output n.
  int nibble(int row, int n) const { return weights[static_cast<size_t>(row) * row_bytes + n / 2] >> (n % 2 * 4) & 15; }
  // Of a row that is no `lo` row of a wide input: its signed weight.
  int weight(int row, int n) const { return nibble_weight(weights + static_cast<size_t>(row) * row_bytes, n); }
  int h_at(int group, int n) const { return h ? h[static_cast<size_t>(group) * outputs + n] : 0; }
};

class LayerTrace : public TraceOrigin {
 public:
  // Opens an activations file and the weights file that it names. Throws UserError for anything out of order, and for
  // multiply-accumulate traces (mac_trace.h).
  static LayerTrace open(const std::string& activations_file);

  // Keeps only these operations and entries of the vector unit (in trace order), and the first `tokens` tokens. Throws
  // UserError for unknown names.
  void select(const std::vector<std::string>& names, int tokens);

  // Scores of tokens 0 .. end - 1: one for each head and position seen.
  int64_t seen_scores(int end) const;
  // Positions that a token sees, where the layer has scores.
  int seen(int token) const { return attention ? attention->seen(token) : scores.first + token + 1; }
  // Throws UserError unless the vector unit's work divides among tokens; unless a decoder layer's fits its inputs.
  void check_vector_unit() const;
  void check_vector_elements() const;

  int output_bits = 0;
  WeightKind weight_kind = WeightKind::kFourBits;
  std::vector<InputTrace> inputs;
  std::vector<OperationTrace> operations;   // in execution order
  std::optional<AttentionTrace> attention;  // as opened, whatever was selected
  std::vector<VectorWork> vector_unit;      // in execution order
  std::shared_ptr<const MacTrace> mac;      // what a multiply-accumulate layer was made of; null: spikes
  // Scores of the vector unit's work where the trace holds no attention: heads, and the position of token 0.
  struct Scores {
    int heads = 0, first = 0;
  } scores;
  // Of recorded spikes: steps asked for and run, a block's, and the mean change of rates in each block that was
  // checked.
  struct StepRun {
    int asked = 0, run = 0, block = 0;
    bool settled = false;
    std::vector<double> changes;
  } step_run;
  // Keeps bytes that inputs or operations point to without their being in a file; returns where they lie.
  const uint8_t* keep(std::vector<uint8_t> bytes);

 private:
  void read_weights();

  std::vector<std::shared_ptr<const std::vector<uint8_t>>> made_;
};

}  // namespace spikeloom
