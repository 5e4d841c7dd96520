// What the vector unit does for each kind of work: passes over a vector, and a datapath for each pass.
//
// The datapaths compute models/vector_unit.py and models/kernels.py operation by operation; README.md says how and
// after which sources. A program is data: timing and energy follow from it and from the spec (pass_cost.h).
#pragma once

#include <vector>

#include "sim/base/vector_unit_trace.h"

namespace spikeloom {

// How `encode` finds a vector's exponent and salient values (traces/README.md, `salient_rule`). kLargest: from the
// largest value alone, without a median, as probabilities are coded. kNone: a scale from the range of values, and no
// salient ones.
enum class SalientRule { kRoundedMad, kMad, kLargest, kNone };

// Operations on one value, and the longest chain of them.
struct Datapath {
  // Counts. Additions and multiplications of binary32, and of binary64 where it says double.
  int adds = 0, multiplies = 0, double_adds = 0, double_multiplies = 0;
  int exponential_reads = 0, seed_reads = 0;          // table look-ups
  int shift_bits = 0, integer_bits = 0, counted = 0;  // barrel shifters; comparators and small adders; histogram
  // Of these, one after another. Shifts, integer operations and counting take one stage each.
  int chain_adds = 0, chain_multiplies = 0, chain_double_adds = 0, chain_double_multiplies = 0, chain_reads = 0,
      chain_stages = 0;
};

Datapath operator+(Datapath first, const Datapath& then);           // one after the other
Datapath operator|(const Datapath& longer, const Datapath& other);  // side by side; the first takes longer
Datapath operator*(int times, const Datapath& repeated);            // that often, one after another

// Two's complement 16-bit output code to binary32: leading zeros, shift, exponent.
Datapath convert_code();

// What a pass leaves behind of a whole vector.
enum class Reduction {
  kNone,
  kSum,        // binary64
  kExtremes,   // smallest or largest values, as many as VectorPass::extremes
  kHistogram,  // of one digit of kDigitBits bits
};
constexpr int kDigitBits = 4;

struct VectorPass {
  int inputs = 0;                 // operands of in_bits per element, from the global buffer
  int reals = 0;                  // operands of binary32 per element, from the global buffer
  bool reads_vector = false;      // the vector buffer
  bool writes_vector = false;     // the vector buffer
  bool writes_output = false;     // out_bits per element, to the global buffer
  bool writes_exponents = false;  // a word of the global buffer per vector
  bool integers = false;          // inputs are used as they are, not converted to binary32
  Datapath element;               // per element, without the conversion of inputs
  Reduction reduction = Reduction::kNone;
  int extremes = 0;
  Datapath end;  // once per vector, after the reduction
};

using VectorProgram = std::vector<VectorPass>;

// The passes of a kind. `rule` matters to encode only; `offset` to quantize only: a constant per dimension
// (keys.offset) is subtracted first.
const VectorProgram& vector_program(VectorKind kind, SalientRule rule, bool offset);

}  // namespace spikeloom
