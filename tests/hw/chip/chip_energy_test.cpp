// A layer small enough to count on paper: one tile, one memory node, two inputs, two outputs, one token.
#include <gtest/gtest.h>

#include <map>

#include "hw/chip/chip.h"
#include "tests/support/fifo_probe.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

// x = {3, -2}, W = {{1, -4}, {7, 5}} (input by output), theta = 1, F = 0: V = {3 - 14, -12 - 10} = {-11, -22} = y.
TEST(ChipEnergy, EveryEventOfATwoByTwoLayerIsCountedOnPaper) {
  TinySpec tiny;
  tiny.inputs = {2};
  tiny.operations = {{0, 2}};
  tiny.F = 0;
  tiny.salient = 0;
  TinyLayer layer(tiny);
  layer.set_code(0, 0, 0, 3);
  layer.set_code(0, 0, 1, 8 | 2);
  const int weights[2][2] = {{1, -4}, {7, 5}};
  for (int k = 0; k < 2; ++k)
    for (int n = 0; n < 2; ++n) layer.set_weight(0, k, n, weights[k][n]);
  for (int n = 0; n < 2; ++n) layer.set_theta(0, n, 1);
  layer.finish();
  Chip chip("chip", tiny_chip(), layer.trace, 1000);
  chip.run();
  ASSERT_EQ(chip.result().outputs[0], (std::vector<int>{-11, -22}));

  std::map<EnergyEvent, uint64_t> expected;
  // Time to first spike: 3 fires at step 4, -2 at step 5; the slope is in use at the marks of steps 4, 5 and 6.
  const uint64_t rows = 2, updates = 3, lanes = 2;
  const uint64_t slope = lanes * 20, membrane = lanes * 32, residue = lanes * 48, threshold = lanes * 24, B = 10;
  expected[EnergyEvent::kSlopeAddBit] = rows * slope;
  expected[EnergyEvent::kSlopeWriteBit] = rows * slope;
  expected[EnergyEvent::kSlopeReadBit] = (rows - 1 + updates) * slope;  // the first row of a slope is written only
  expected[EnergyEvent::kMembraneShiftBit] = updates * membrane;
  expected[EnergyEvent::kMembraneAddBit] = updates * membrane;
  expected[EnergyEvent::kMembraneReadBit] = (1 + updates + 1) * membrane;  // V0, marks, R
  expected[EnergyEvent::kMembraneWriteBit] = (1 + updates) * membrane;
  expected[EnergyEvent::kResidueAddBit] = 2 * residue;
  expected[EnergyEvent::kCompareSubtractBit] = B * residue;
  expected[EnergyEvent::kResidueReadBit] = B * residue;
  // o + 512 = 501 = 111110101b, 7 ones, and 490 = 111101010b, 6 ones: a subtraction each.
  expected[EnergyEvent::kResidueWriteBit] = residue + (7 + 6) * 48;
  expected[EnergyEvent::kThresholdReadBit] = (1 + B) * threshold;
  expected[EnergyEvent::kThresholdWriteBit] = lanes * (24 + 32);
  // A row is one byte; both are written once and read once.
  expected[EnergyEvent::kWeightRowWrite] = rows;
  expected[EnergyEvent::kWeightRowRead] = rows;
  expected[EnergyEvent::kRowLatchWriteBit] = rows * lanes * 4;
  // The encoder's buffer holds two codes: a word of nibbles, a word of mask; written once, read once.
  expected[EnergyEvent::kActivationMainWrite] = 1;
  expected[EnergyEvent::kActivationMainRead] = 1;
  expected[EnergyEvent::kActivationSideWrite] = 1;
  expected[EnergyEvent::kActivationSideRead] = 1;
  expected[EnergyEvent::kEncoderIndexWrite] = 2;
  expected[EnergyEvent::kEncoderIndexRead] = 2;
  expected[EnergyEvent::kEncoderHistogramBit] = 2 * 2 * 2;  // two entries, two increments of log2(2 + 1) -> 2 bits
  // Codes: one flit, one 16-byte word read; outputs: one flit, one word written.
  expected[EnergyEvent::kGlobalBufferRead] = 1;
  expected[EnergyEvent::kGlobalBufferWrite] = 1;
  // DRAM: 112 bits of parameters and 2 bytes of rows, a flit each, 32 bytes, one burst.
  expected[EnergyEvent::kDramReadBit] = 32 * 8;
  expected[EnergyEvent::kWeightBufferWrite] = 2;
  expected[EnergyEvent::kWeightBufferRead] = 2;
  // Its row is opened in clock 3, a clock a cycle, and stays open.
  expected[EnergyEvent::kDramActivate] = 1;
  expected[EnergyEvent::kDramActiveClock] = chip.cycles() - 3;
  // One load, one job.
  expected[EnergyEvent::kSequencerCommand] = 2;
  // Over the mesh, packet by packet: parameters 2 flits, rows 2, spikes 2 (9 events of 1 + 1 + 3 + 1 = 6 bits in one
  // flit), outputs 2, release 1: 9 flits in 5 packets. Each passes a link to the router, the router, and a link from
  // it.
  const uint64_t flits = 9, packets = 5, wire_bits = 128 + 2 + 3;  // five virtual channels
  expected[EnergyEvent::kLinkBitMm] = flits * 2 * wire_bits;       // see below for their lengths
  expected[EnergyEvent::kRouterBufferWriteBit] = flits * 2 * wire_bits;
  expected[EnergyEvent::kRouterBufferReadBit] = flits * wire_bits;
  expected[EnergyEvent::kCrossbarBit] = flits * wire_bits;
  expected[EnergyEvent::kSwitchArbitration] = flits;
  expected[EnergyEvent::kRouteComputation] = packets;
  expected[EnergyEvent::kVcAllocation] = packets;
  expected[EnergyEvent::kDramWriteBit] = 0;

  for (const EnergyEventInfo& event : kEnergyEvents)
    EXPECT_EQ(counted(chip.ledger(), event.event), expected[event.event]) << event.name;
  // A memory node hangs on a link as long as a hop; between a router and its own tile there are 0 mm.
  for (const auto& counter : chip.ledger().counters()) {
    if (counter->event() != EnergyEvent::kLinkBitMm) continue;
    const bool memory_link = counter->block().find("memory") != std::string::npos;
    EXPECT_EQ(counter->scale(), memory_link ? LinkSpec().length_mm : 0) << counter->block();
  }
}

}  // namespace
}  // namespace spikeloom
