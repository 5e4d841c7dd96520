// Dequantizing tiles on paper: two inputs, two outputs, one token; and cycles in closed form.
#include <gtest/gtest.h>

#include <map>

#include "hw/chip/chip.h"
#include "models/mac_layer.h"
#include "tests/support/fifo_probe.h"
#include "tests/support/mac_files.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

constexpr int kSumBits = 20;

ChipSpec chip_of(TileDatapath datapath, Accumulators accumulators) {
  ChipSpec chip = tiny_chip();
  chip.datapath = datapath;
  chip.payload = Payload::kPackedCodes;
  chip.mac_array = {1, Multiplier::kParallel, ZeroGating::kSkip, accumulators, kSumBits};
  chip.dequantizer = {4, 3};
  return chip;
}

// Codes, zero points, weights and scales by hand; W = {{1, -4}, {7, 5}} unless it says otherwise.
struct ByHand {
  std::vector<MacGroup> groups;
  std::vector<int8_t> codes;
  std::vector<int64_t> zero_points;
  std::vector<float> sx, sw;
  bool symmetric = true;
  std::vector<int8_t> weights = {1, -4, 7, 5};

  LayerTrace layer(Dequantized of) const {
    MacShape shape;
    shape.symmetric = symmetric;
    shape.inputs = {{2, groups}};
    shape.operations = {{0, 2}};
    auto trace = std::make_shared<MacTrace>(*random_mac_trace(shape));
    trace->inputs[0].codes = codes.data();
    trace->inputs[0].zero_points = zero_points;
    trace->inputs[0].scales = sx;
    trace->operations[0].weights = weights.data();
    trace->operations[0].scales = sw;
    return make_mac_layer(trace, of);
  }
};

using Counts = std::map<EnergyEvent, uint64_t>;

// Every event of the tile's arithmetic, weights and scales.
void expect_counts(const LayerTrace& layer, const ChipSpec& spec, const std::vector<float>& y, Counts expected) {
  Chip chip("chip", spec, layer, 1000);
  chip.run();
  ASSERT_EQ(chip.result().sums[0], y);
  for (const EnergyEvent event :
       {EnergyEvent::kMultiplyBit,        EnergyEvent::kProductShiftBit,     EnergyEvent::kAccumulatorAddBit,
        EnergyEvent::kAccumulatorReadBit, EnergyEvent::kAccumulatorWriteBit, EnergyEvent::kHalfMultiply,
        EnergyEvent::kFloatAccumulate,    EnergyEvent::kConvertBit,          EnergyEvent::kDequantizeMultiply,
        EnergyEvent::kDequantizeAdd,      EnergyEvent::kScaleReadBit,        EnergyEvent::kScaleWriteBit,
        EnergyEvent::kWeightRowRead,      EnergyEvent::kWeightRowWrite,      EnergyEvent::kRowLatchWriteBit,
        EnergyEvent::kMembraneAddBit,     EnergyEvent::kMembraneReadBit,     EnergyEvent::kSlopeReadBit,
        EnergyEvent::kCompareSubtractBit, EnergyEvent::kThresholdReadBit})
    EXPECT_EQ(counted(chip.ledger(), event), expected[event]) << info(event).name;
}

const ByHand kW4A4 = {{{2, 4, 4}}, {3, -2}, {0}, {0.5f}, {0.25f, 2}};

// Two products of 4 x 4 bits for each of two outputs; the second is added to the first. Then -11 x 1/8 and -22 x 1: of
// each sum 20 bits are read and converted, and multiplied by the product of two scales of 16 bits. The row's scale is
// read once for all of the dequantizer's four lanes.
TEST(DequantizerEnergy, ASumIsConvertedAndScaledOnce) {
  Counts expected;
  expected[EnergyEvent::kMultiplyBit] = 2 * 2 * 4 * 4;
  expected[EnergyEvent::kAccumulatorWriteBit] = 2 * 2 * kSumBits;
  expected[EnergyEvent::kAccumulatorAddBit] = 2 * kSumBits;
  expected[EnergyEvent::kAccumulatorReadBit] = 2 * kSumBits + 2 * kSumBits;
  expected[EnergyEvent::kConvertBit] = 2 * kSumBits;
  expected[EnergyEvent::kDequantizeMultiply] = 2 * 2;
  expected[EnergyEvent::kScaleReadBit] = 2 * 16 + 16;
  expected[EnergyEvent::kScaleWriteBit] = 2 * 16 + 16;
  expected[EnergyEvent::kWeightRowRead] = expected[EnergyEvent::kWeightRowWrite] = 2;
  expected[EnergyEvent::kRowLatchWriteBit] = 2 * 2 * 4;
  expect_counts(kW4A4.layer(Dequantized::kSums), chip_of(TileDatapath::kMultiplyDequantize, Accumulators::kPerExponent),
                {-1.375f, -22}, expected);
}

// Behind a shifter every product is added.
TEST(DequantizerEnergy, SharedAccumulatorsShiftAndAddEveryProduct) {
  Counts expected;
  expected[EnergyEvent::kMultiplyBit] = 2 * 2 * 4 * 4;
  expected[EnergyEvent::kProductShiftBit] = expected[EnergyEvent::kAccumulatorAddBit] = 2 * 2 * kSumBits;
  expected[EnergyEvent::kAccumulatorWriteBit] = 2 * 2 * kSumBits;
  expected[EnergyEvent::kAccumulatorReadBit] = 2 * 2 * kSumBits + 2 * kSumBits;
  expected[EnergyEvent::kConvertBit] = 2 * kSumBits;
  expected[EnergyEvent::kDequantizeMultiply] = 2 * 2;
  expected[EnergyEvent::kScaleReadBit] = expected[EnergyEvent::kScaleWriteBit] = 2 * 16 + 16;
  expected[EnergyEvent::kWeightRowRead] = expected[EnergyEvent::kWeightRowWrite] = 2;
  expected[EnergyEvent::kRowLatchWriteBit] = 2 * 2 * 4;
  expect_counts(kW4A4.layer(Dequantized::kSums), chip_of(TileDatapath::kMultiplyDequantize, Accumulators::kShared),
                {-1.375f, -22}, expected);
}

// Each input is a group: 3 x {1, -4} x 1/2 x {1/4, 2} + -2 x {7, 5} x 4 x {1/8, 1}. The first y is written, the second
// read, added and written, and both outputs' y are read once more when they are sent.
TEST(DequantizerEnergy, EveryGroupIsDequantizedAndAdded) {
  const ByHand two = {{{1, 4, 4}, {1, 4, 4}}, {3, -2}, {0, 0}, {0.5f, 4}, {0.25f, 2, 0.125f, 1}};
  Counts expected;
  expected[EnergyEvent::kMultiplyBit] = 2 * 2 * 4 * 4;
  expected[EnergyEvent::kAccumulatorWriteBit] = 2 * 2 * kSumBits + 2 * 2 * 32;
  expected[EnergyEvent::kAccumulatorReadBit] = 2 * 2 * kSumBits + 2 * 32 + 2 * 32;
  expected[EnergyEvent::kConvertBit] = 2 * 2 * kSumBits;
  expected[EnergyEvent::kDequantizeMultiply] = 2 * 2 * 2;
  expected[EnergyEvent::kDequantizeAdd] = 2;
  expected[EnergyEvent::kScaleReadBit] = expected[EnergyEvent::kScaleWriteBit] = 2 * (2 * 16 + 16);
  expected[EnergyEvent::kWeightRowRead] = expected[EnergyEvent::kWeightRowWrite] = 2;
  expected[EnergyEvent::kRowLatchWriteBit] = 2 * 2 * 4;
  expect_counts(two.layer(Dequantized::kSums), chip_of(TileDatapath::kMultiplyDequantize, Accumulators::kPerExponent),
                {0.375f - 7, -12 - 40}, expected);
}

// Codes 3, 2 with zero point 1: sums 17, -2; column sums 8, 1, at most 2 x 8, in 6 bits; so 9 / 8 and -3. The product
// of zero point (4 bits) and column sum is subtracted from each sum; both are read, and have come, beside the scales.
TEST(DequantizerEnergy, AZeroPointTakesAColumnSumsMultipleOff) {
  ByHand asymmetric = {{{2, 4, 4}}, {3, 2}, {1}, {0.5f}, {0.25f, 2}};
  asymmetric.symmetric = false;
  Counts expected;
  expected[EnergyEvent::kMultiplyBit] = 2 * 2 * 4 * 4 + 2 * 6 * 4;
  expected[EnergyEvent::kAccumulatorWriteBit] = 2 * 2 * kSumBits;
  expected[EnergyEvent::kAccumulatorAddBit] = 2 * kSumBits + 2 * kSumBits;
  expected[EnergyEvent::kAccumulatorReadBit] = 2 * kSumBits + 2 * kSumBits;
  expected[EnergyEvent::kConvertBit] = 2 * kSumBits;
  expected[EnergyEvent::kDequantizeMultiply] = 2 * 2;
  expected[EnergyEvent::kScaleReadBit] = expected[EnergyEvent::kScaleWriteBit] = 2 * (16 + 6) + 16 + 4;
  expected[EnergyEvent::kWeightRowRead] = expected[EnergyEvent::kWeightRowWrite] = 2;
  expected[EnergyEvent::kRowLatchWriteBit] = 2 * 2 * 4;
  expect_counts(asymmetric.layer(Dequantized::kSums),
                chip_of(TileDatapath::kMultiplyDequantize, Accumulators::kPerExponent), {1.125f, -3}, expected);
}

// Codes of 8 bits: 35 = 2 x 16 + 3 has two digits, 16 one. Of weights of 4 bits, two products and two exponents for 35,
// one for 16: sums 35 + 112 and -140 + 80. The digits' sums are added up: both are read and shifted, one addition.
TEST(DequantizerEnergy, SumsOfTwoDigitsAreAddedUpBeforeTheyAreConverted) {
  const ByHand wide = {{{2, 8, 4}}, {35, 16}, {0}, {1}, {1, 1}};
  Counts expected;
  expected[EnergyEvent::kMultiplyBit] = 3 * 2 * 4 * 5;  // a digit of 4 bits and a sign
  expected[EnergyEvent::kAccumulatorWriteBit] = 3 * 2 * kSumBits + 2 * kSumBits;
  expected[EnergyEvent::kAccumulatorAddBit] = 2 * kSumBits + 2 * kSumBits;
  expected[EnergyEvent::kAccumulatorReadBit] = 2 * kSumBits + 2 * 2 * kSumBits + 2 * kSumBits;
  expected[EnergyEvent::kProductShiftBit] = 2 * 2 * kSumBits;
  expected[EnergyEvent::kConvertBit] = 2 * kSumBits;
  expected[EnergyEvent::kDequantizeMultiply] = 2 * 2;
  expected[EnergyEvent::kScaleReadBit] = expected[EnergyEvent::kScaleWriteBit] = 2 * 16 + 16;
  expected[EnergyEvent::kWeightRowRead] = expected[EnergyEvent::kWeightRowWrite] = 2;
  expected[EnergyEvent::kRowLatchWriteBit] = 2 * 2 * 4;
  expect_counts(wide.layer(Dequantized::kSums), chip_of(TileDatapath::kMultiplyDequantize, Accumulators::kPerExponent),
                {147, -60}, expected);
}

// Both codes and all four weights are converted and scaled before four products; the first of each output is written,
// the second added, and the sum is read once more when it is sent. 1.5 x {1/4, -8} - 1 x {7/4, 10}.
TEST(DequantizerEnergy, OperandsAreDequantizedBeforeTheyAreMultiplied) {
  Counts expected;
  expected[EnergyEvent::kConvertBit] = 2 * 4 + 2 * 2 * 4;
  expected[EnergyEvent::kDequantizeMultiply] = 2 + 2 * 2;
  expected[EnergyEvent::kScaleReadBit] = 2 * 16 + 2 * 2 * 16;
  expected[EnergyEvent::kScaleWriteBit] = 2 * 16 + 16;
  expected[EnergyEvent::kHalfMultiply] = 2 * 2;
  expected[EnergyEvent::kFloatAccumulate] = 2;
  expected[EnergyEvent::kAccumulatorWriteBit] = 2 * 2 * 32;
  expected[EnergyEvent::kAccumulatorReadBit] = 2 * 32 + 2 * 32;
  expected[EnergyEvent::kWeightRowRead] = expected[EnergyEvent::kWeightRowWrite] = 2;
  expected[EnergyEvent::kRowLatchWriteBit] = 2 * 2 * 4;
  expect_counts(kW4A4.layer(Dequantized::kOperands), chip_of(TileDatapath::kDequantizeMultiply, Accumulators::kShared),
                {-1.375f, -22}, expected);
}

// x = (1.5, -2), W = {{1, 2}, {0.5, -4}}: a weight lies in four rows of the SRAM.
LayerTrace binary16_by_hand() {
  static const uint16_t x[] = {0x3e00, 0xc000}, w[] = {0x3c00, 0x4000, 0x3800, 0xc400};
  MacShape shape;
  shape.inputs = {{2, {}}};
  shape.operations = {{0, 2}};
  auto trace = std::make_shared<MacTrace>(*random_mac_trace(shape));
  trace->inputs[0].values = reinterpret_cast<const uint8_t*>(x);
  trace->operations[0].real_weights = reinterpret_cast<const uint8_t*>(w);
  return make_mac_layer(trace, Dequantized::kSums);
}

TEST(DequantizerEnergy, Binary16IsMultipliedAsItComes) {
  Counts expected;
  expected[EnergyEvent::kHalfMultiply] = 2 * 2;
  expected[EnergyEvent::kFloatAccumulate] = 2;
  expected[EnergyEvent::kAccumulatorWriteBit] = 2 * 2 * 32;
  expected[EnergyEvent::kAccumulatorReadBit] = 2 * 32 + 2 * 32;
  expected[EnergyEvent::kWeightRowRead] = expected[EnergyEvent::kWeightRowWrite] = 2 * 4;
  expected[EnergyEvent::kRowLatchWriteBit] = 2 * 2 * 16;
  expect_counts(binary16_by_hand(), chip_of(TileDatapath::kFloatMultiply, Accumulators::kShared), {0.5f, 11}, expected);
}

// One tile, one window, weights last, as in chip_mac_test.cpp: 20 inputs, 8 outputs; products are issued one a cycle
// from weights_readable on. What follows: the array's latency; the dequantizer; one flit of 8 outputs of 16 bits; 9
// cycles of network, global buffer and end.
constexpr Cycle kInputs = 20, kOutputs = 8, kDramLatency = 200, kArrayLatency = 5;

// As derived in chip_timing_test.cpp: DRAM's first data, the flits of parameters (16 bits for each output and group)
// and their head, the heads of the rows' packets, the crossing, and a cycle for each row.
Cycle weights_readable(Cycle parameter_flits, Cycle row_heads, Cycle rows) {
  return 2 + kDramLatency + (parameter_flits > 0 ? parameter_flits + 1 : 0) + row_heads + 6 + rows;
}
// `ready`: cycle of the array's clock in which all y are there.
Cycle after(Cycle ready) { return ready + kArrayLatency + 1 + 9; }

Cycle cycles_of(const std::vector<MacGroup>& groups, ChipSpec spec, Dequantized of = Dequantized::kSums) {
  MacShape shape;
  shape.inputs = {{int(kInputs), groups}};
  shape.operations = {{0, int(kOutputs)}};
  shape.zeros = 0;  // whose rows are not read
  const LayerTrace layer = make_mac_layer(random_mac_trace(shape), of);
  spec.mac_array.zero_gating = ZeroGating::kGate;
  spec.dram.device.timing.RL = int(kDramLatency) - 13;
  spec.synapse_array.latency_cycles = int(kArrayLatency);
  Chip chip("chip", spec, layer, 1000);
  chip.run();
  return chip.cycles();
}

// The group's end is known in the cycle after its last product; two cycles of four lanes, then a latency of three.
TEST(DequantizerTiming, SumsOfOneGroupAreConvertedWhenTheBatchIsComplete) {
  EXPECT_EQ(cycles_of({{20, 4, 4}}, chip_of(TileDatapath::kMultiplyDequantize, Accumulators::kPerExponent)),
            after(weights_readable(1, 1, 20) + 20 + 2 + 3));
}

// Groups of 4 inputs, whose rows come in packets of their own; with eight lanes one cycle converts a group while the
// next is multiplied. Only the last one is waited for, and then a cycle rounds what is sent.
TEST(DequantizerTiming, GroupsAreConvertedWhileTheNextIsMultiplied) {
  ChipSpec spec = chip_of(TileDatapath::kMultiplyDequantize, Accumulators::kPerExponent);
  spec.dequantizer.lanes = 8;
  EXPECT_EQ(cycles_of(std::vector<MacGroup>(5, {4, 4, 4}), spec), after(weights_readable(5, 5, 20) + 20 + 1 + 3 + 1));
}

// One lane takes 8 cycles a group, the multipliers 4: the fifth group's sums wait for four others, from 4 on.
TEST(DequantizerTiming, AGroupWaitsForTheOneBefore) {
  ChipSpec spec = chip_of(TileDatapath::kMultiplyDequantize, Accumulators::kPerExponent);
  spec.dequantizer.lanes = 1;
  EXPECT_EQ(cycles_of(std::vector<MacGroup>(5, {4, 4, 4}), spec),
            after(weights_readable(5, 5, 20) + 4 + 5 * 8 + 3 + 1));
}

// Half the SRAM has two banks: the four rows of an input take two cycles, but one product. A cycle rounds. The 20 flits
// of rows come in two packets.
TEST(DequantizerTiming, Binary16WaitsForItsFourRows) {
  EXPECT_EQ(cycles_of({}, chip_of(TileDatapath::kFloatMultiply, Accumulators::kShared)),
            after(weights_readable(0, 2, 4 * 20) + 2 * 20 - 1 + 1));
}

TEST(DequantizerTiming, Binary16WithABankForEachRowTakesACycleForEachInput) {
  ChipSpec spec = chip_of(TileDatapath::kFloatMultiply, Accumulators::kShared);
  spec.synapse_array.banks = 8;
  EXPECT_EQ(cycles_of({}, spec), after(weights_readable(0, 2, 4 * 20) + 20 - 1 + 1));
}

TEST(DequantizerTiming, DequantizedOperandsTakeACycleForEachInput) {
  EXPECT_EQ(cycles_of({{20, 4, 4}}, chip_of(TileDatapath::kDequantizeMultiply, Accumulators::kShared),
                      Dequantized::kOperands),
            after(weights_readable(1, 1, 20) + 20 - 1 + 1));
}

}  // namespace
}  // namespace spikeloom
