#include "hw/vector_unit/vector_program.h"

#include <array>

namespace spikeloom {

Datapath operator+(Datapath a, const Datapath& b) {
  a.adds += b.adds;
  a.multiplies += b.multiplies;
  a.double_adds += b.double_adds;
  a.double_multiplies += b.double_multiplies;
  a.exponential_reads += b.exponential_reads;
  a.seed_reads += b.seed_reads;
  a.shift_bits += b.shift_bits;
  a.integer_bits += b.integer_bits;
  a.counted += b.counted;
  a.chain_adds += b.chain_adds;
  a.chain_multiplies += b.chain_multiplies;
  a.chain_double_adds += b.chain_double_adds;
  a.chain_double_multiplies += b.chain_double_multiplies;
  a.chain_reads += b.chain_reads;
  a.chain_stages += b.chain_stages;
  return a;
}

Datapath operator|(const Datapath& longer, const Datapath& other) {
  Datapath both = longer + other;
  both.chain_adds = longer.chain_adds;
  both.chain_multiplies = longer.chain_multiplies;
  both.chain_double_adds = longer.chain_double_adds;
  both.chain_double_multiplies = longer.chain_double_multiplies;
  both.chain_reads = longer.chain_reads;
  both.chain_stages = longer.chain_stages;
  return both;
}

Datapath operator*(int times, const Datapath& repeated) {
  Datapath sum;
  for (int i = 0; i < times; ++i) sum = sum + repeated;
  return sum;
}

namespace {

Datapath add() {
  Datapath d;
  d.adds = d.chain_adds = 1;
  return d;
}
Datapath multiply() {
  Datapath d;
  d.multiplies = d.chain_multiplies = 1;
  return d;
}
Datapath double_add() {
  Datapath d;
  d.double_adds = d.chain_double_adds = 1;
  return d;
}
Datapath double_multiply() {
  Datapath d;
  d.double_multiplies = d.chain_double_multiplies = 1;
  return d;
}
// A comparator or adder of `bits` bits.
Datapath integer(int bits) {
  Datapath d;
  d.integer_bits = bits;
  d.chain_stages = 1;
  return d;
}
Datapath shift() {
  Datapath d;
  d.shift_bits = 32;
  d.chain_stages = 1;
  return d;
}
Datapath count() {
  Datapath d;
  d.counted = d.chain_stages = 1;
  return d;
}
Datapath seed() {
  Datapath d;
  d.seed_reads = d.chain_reads = 1;
  return d;
}
Datapath exponential_table() {
  Datapath d;
  d.exponential_reads = d.chain_reads = 1;
  return d;
}

// Numbers of like sign order like integers: comparison, smallest, largest.
Datapath compare() { return integer(32); }
// Times a power of two.
Datapath scale() { return integer(8); }
// round(log2 |x|): fraction against sqrt(1/2), then the exponent.
Datapath round_log2() { return integer(23) + integer(8); }
// To an integer of at most 8 bits: align, round to nearest even, both bounds.
Datapath round_to_code() { return shift() + integer(8) + (integer(8) | integer(8)); }
// A code of either width: the normal one, and the salient or two-digit one on its shared exponent.
Datapath code_value() { return (scale() + round_to_code()) | round_to_code(); }

// exp(-d): d log2(e) = n + (i + r) / 1024; table entry i is T[i] and T[i+1] - T[i]. The splits are exact, so shifts.
Datapath exponential() {
  return (multiply() | compare()) + shift() + shift() + exponential_table() + multiply() + add() + scale();
}
// Quotient of binary32, rounded correctly: two Newton steps y (2 - d y) from an 8-bit seed, q = n y; the remainder
// n - q d, exact in the binary64 adder, times y onto q; its new remainder against half a unit of q moves q by one.
Datapath divide() {
  const Datapath newton = multiply() + add() + multiply(), remainder = multiply() + double_add();
  return seed() + 2 * newton + multiply() + remainder + multiply() + add() + remainder + (compare() | compare()) +
         integer(32);
}
// The same in binary64: three steps for a reciprocal, or y (3 - x y^2) / 2 for a reciprocal root.
Datapath double_reciprocal() { return seed() + 3 * (double_multiply() + double_add() + double_multiply()); }
Datapath double_reciprocal_root() {
  return seed() + 3 * (double_multiply() + double_multiply() + double_add() + double_multiply());
}
// By a constant whose reciprocal is known: quotient, remainder, correction.
Datapath double_divide_by_constant() { return double_multiply() + 2 * (double_multiply() + double_add()); }

VectorPass load(Datapath element) {
  VectorPass pass;
  pass.inputs = 1;
  pass.writes_vector = true;
  pass.element = element;
  return pass;
}
VectorPass over_vector(Datapath element) {
  VectorPass pass;
  pass.reads_vector = true;
  pass.element = element;
  return pass;
}
VectorPass through(int inputs, int reals, Datapath element) {
  VectorPass pass;
  pass.inputs = inputs;
  pass.reals = reals;
  pass.writes_output = true;
  pass.element = element;
  return pass;
}
VectorPass output(Datapath element) {
  VectorPass pass = over_vector(element);
  pass.writes_output = true;
  return pass;
}
VectorPass coded_output(Datapath element) {
  VectorPass pass = output(element);
  pass.writes_exponents = true;
  return pass;
}
VectorPass summing(VectorPass pass, Datapath end) {
  pass.reduction = Reduction::kSum;
  pass.end = end;
  return pass;
}
VectorPass finding(int extremes, VectorPass pass, Datapath end) {
  pass.reduction = Reduction::kExtremes;
  pass.extremes = extremes;
  pass.end = end;
  return pass;
}
VectorPass counting(VectorPass pass) {
  pass.reduction = Reduction::kHistogram;
  return pass;
}

VectorProgram rms_norm() {
  VectorPass weighted = output(multiply() + multiply());
  weighted.reals = 1;
  return {summing(load(multiply()), double_divide_by_constant() + double_add() + double_reciprocal_root()), weighted};
}

// Of sums over steps: times 1 / steps, plus the residual's; less the mean; times the reciprocal root of the variance,
// weight and bias, to a current of 16 bits.
VectorProgram layer_norm() {
  VectorPass mean = summing(load(multiply() + multiply() + add()), double_divide_by_constant());
  mean.inputs = 2;
  VectorPass centred = over_vector(add() + multiply());
  centred.writes_vector = true;
  VectorPass scaled = output(multiply() + multiply() + add() + round_to_code());
  scaled.reals = 2;
  return {mean, summing(centred, double_divide_by_constant() + double_add() + double_reciprocal_root()), scaled};
}

// A sum of operands where there is a spike: a vector makes one.
VectorProgram spike_sum() {
  VectorPass pass;
  pass.inputs = 1;
  pass.integers = true;
  pass.writes_exponents = true;
  pass.element = integer(24);
  return {pass};
}

// V += current; compare and subtract.
VectorProgram integrate_fire() {
  VectorPass pass = through(2, 0, integer(24) + integer(24));
  pass.integers = true;
  return {pass};
}

// Of a count and the spikes of a block: the spikes are counted, both are multiplied and subtracted, and what comes out
// is added up without its sign; the new count is written back.
VectorProgram settled() {
  VectorPass pass = through(2, 0, 2 * integer(16) + multiply() + multiply() + add());
  pass.integers = true;
  return {summing(pass, multiply() + compare())};
}

VectorProgram softmax() {
  VectorPass exponentials = over_vector(add() + exponential());
  exponentials.writes_vector = true;
  return {finding(1, load(compare()), {}), summing(exponentials, double_reciprocal()), output(multiply())};
}

VectorProgram quantize(bool offset) {
  VectorPass largest = load(offset ? add() + compare() : compare());
  largest.reals = offset ? 1 : 0;
  return {finding(1, largest, multiply() + round_log2() + integer(16)),
          coded_output(multiply() + scale() + round_to_code())};
}

// Key: round(log2 |x|), 8 bits. The median of an even number of values is their middle two's mean, whose rounded
// logarithm two different keys do not tell: the third pass finds the two.
VectorProgram encode_rounded_mad() {
  return {counting(load(round_log2() + count())), counting(over_vector(round_log2() + integer(kDigitBits) + count())),
          finding(2, over_vector(round_log2() + integer(8) + (compare() | compare())),
                  add() + scale() + round_log2() + scale()),
          finding(2, over_vector(((multiply() + round_to_code()) | compare()) + (compare() | compare())),
                  round_log2() | round_log2()),
          coded_output((multiply() | compare()) + code_value())};
}

// Median of x, then of |x - median|, each by radix select over the 32 bits of binary32 and a pass for the middle's
// other value; then the range of what is not salient, the largest salient value, and the codes.
VectorProgram encode_mad() {
  constexpr int kDigits = 32 / kDigitBits;
  VectorProgram passes;
  const auto select = [&passes](Datapath deviation, Datapath end) {
    for (int digit = 1; digit < kDigits; ++digit)
      passes.push_back(counting(over_vector(deviation + compare() + count())));
    passes.push_back(finding(1, over_vector(deviation + compare() + compare()), end));
  };
  passes.push_back(counting(load(count())));
  select({}, add() + scale());
  passes.push_back(counting(over_vector(add() + count())));
  select(add(), add() + scale() + multiply());
  const Datapath salient = add() + compare(), on_grid = multiply() + add();
  passes.push_back(finding(2, over_vector(salient + (compare() | compare())),
                           add() + divide() + multiply() + round_log2() + integer(16)));
  passes.push_back(finding(1, over_vector((on_grid | salient) + compare()), round_log2()));
  passes.push_back(coded_output((on_grid | salient) + code_value()));
  return passes;
}

// Smallest and largest value; their distance over its steps is the scale, its reciprocal what values are multiplied
// with; then the codes (and the zero point added).
VectorProgram encode_scaled() {
  return {finding(2, load(compare() | compare()), add() + multiply() + divide()),
          coded_output(multiply() + round_to_code() + integer(8))};
}

VectorProgram encode_largest() {
  return {finding(1, load(compare()), round_log2()),
          finding(1, over_vector(scale() + round_to_code() + compare()), round_log2()),
          coded_output(scale() + code_value())};
}

}  // namespace

Datapath convert_code() { return integer(16) + shift() + scale(); }

const VectorProgram& vector_program(VectorKind kind, SalientRule rule, bool offset) {
  static const std::array<VectorProgram, 4> encode = {encode_rounded_mad(), encode_mad(), encode_largest(),
                                                      encode_scaled()};
  static const std::array<VectorProgram, 2> quantized = {quantize(false), quantize(true)};
  static const std::array<VectorProgram, 14> programs = {
      rms_norm(),
      {},  // encode
      {},  // quantize
      {through(1, 1, (multiply() | multiply()) + add())},
      softmax(),
      {through(2, 0, exponential() + add() + divide() + multiply() + multiply())},
      {through(1, 1, add())},
      layer_norm(),
      {through(1, 0, multiply() + round_to_code())},
      spike_sum(),
      spike_sum(),
      integrate_fire(),
      settled(),
      {VectorPass()}};
  if (kind == VectorKind::kEncode) return encode[size_t(rule)];
  if (kind == VectorKind::kQuantize) return quantized[offset];
  return programs[size_t(kind)];
}

}  // namespace spikeloom
