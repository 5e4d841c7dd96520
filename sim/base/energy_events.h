// Every energy event that a block can count, the group of the bill it belongs to, and what one count means.
// Counts and prices never mix: prices stand in configs/energy, and no picojoule stands in C++.
#pragma once

#include <array>
#include <cstddef>

namespace spikeloom {

// The lines of the bill. Every event belongs to exactly one.
enum class EnergyGroup {
  kAccumulate,
  kSlopeAndMembrane,
  kThresholdAndFiring,
  kDequantize,
  kWeights,
  kActivations,
  kNoc,
  kDram,
  kEncoder,
  kVectorUnit,
  kControl,
  kLeakage,
  kCount
};

constexpr std::array<const char*, static_cast<size_t>(EnergyGroup::kCount)> kEnergyGroupNames = {
    "accumulate",
    "slope_and_membrane",
    "threshold_and_firing",
    "dequantize_and_requantize",
    "weight_read_write",
    "activations",
    "noc",
    "dram",
    "encoder",
    "vector_unit",
    "control",
    "leakage"};

enum class EnergyEvent {
  kSlopeAddBit,
  kSlopeReadBit,
  kSlopeWriteBit,
  kMembraneShiftBit,
  kMembraneAddBit,
  kMembraneReadBit,
  kMembraneWriteBit,
  kResidueAddBit,
  kCompareSubtractBit,
  kResidueReadBit,
  kResidueWriteBit,
  kThresholdReadBit,
  kThresholdWriteBit,
  kWeightRowRead,
  kWeightRowWrite,
  kWeightBufferRead,
  kWeightBufferWrite,
  kKvCacheRead,
  kKvCacheWrite,
  kRowLatchWriteBit,
  kActivationMainRead,
  kActivationMainWrite,
  kActivationSideRead,
  kActivationSideWrite,
  kGlobalBufferRead,
  kGlobalBufferWrite,
  kRouterBufferWriteBit,
  kRouterBufferReadBit,
  kCrossbarBit,
  kRouteComputation,
  kVcAllocation,
  kSwitchArbitration,
  kLinkBitMm,
  kDramActivate,
  kDramReadBit,
  kDramWriteBit,
  kDramRefresh,
  kDramActiveClock,
  kEncoderIndexRead,
  kEncoderIndexWrite,
  kEncoderHistogramBit,
  kVectorAdd,
  kVectorMultiply,
  kVectorDoubleAdd,
  kVectorDoubleMultiply,
  kVectorTableRead,
  kVectorShiftBit,
  kVectorIntegerBit,
  kVectorHistogramBit,
  kVectorRegisterBit,
  kVectorBufferRead,
  kVectorBufferWrite,
  kSequencerCommand,
  kCount
};

// How an event gets its price: from the technology file by name, from the SRAM table by the macro's size and word, or
// from the currents of the chip's DRAM device.
enum class PriceKind { kListed, kSramRead, kSramWrite, kDram };

struct EnergyEventInfo {
  EnergyEvent event;
  const char* name;
  EnergyGroup group;
  PriceKind price;
  const char* counted;
};

constexpr std::array<EnergyEventInfo, static_cast<size_t>(EnergyEvent::kCount)> kEnergyEvents = {{
    {EnergyEvent::kSlopeAddBit, "slope_add_bit", EnergyGroup::kAccumulate, PriceKind::kListed,
     "per bit of the adder, for each lane that takes a weight into a slope (a window's first one included)"},
    {EnergyEvent::kSlopeReadBit, "slope_read_bit", EnergyGroup::kSlopeAndMembrane, PriceKind::kListed,
     "per slope register bit read, at an accumulation that is not the slope's first and at each membrane update"},
    {EnergyEvent::kSlopeWriteBit, "slope_write_bit", EnergyGroup::kSlopeAndMembrane, PriceKind::kListed,
     "per slope register bit written, at each accumulation"},
    {EnergyEvent::kMembraneShiftBit, "membrane_shift_bit", EnergyGroup::kSlopeAndMembrane, PriceKind::kListed,
     "per membrane bit at the output of the slope shifter, at each membrane update"},
    {EnergyEvent::kMembraneAddBit, "membrane_add_bit", EnergyGroup::kSlopeAndMembrane, PriceKind::kListed,
     "per bit of the membrane adder, at each membrane update and each partial membrane added"},
    {EnergyEvent::kMembraneReadBit, "membrane_read_bit", EnergyGroup::kSlopeAndMembrane, PriceKind::kListed,
     "per membrane register bit read"},
    {EnergyEvent::kMembraneWriteBit, "membrane_write_bit", EnergyGroup::kSlopeAndMembrane, PriceKind::kListed,
     "per membrane register bit written"},
    {EnergyEvent::kResidueAddBit, "residue_add_bit", EnergyGroup::kThresholdAndFiring, PriceKind::kListed,
     "per bit of the adders that form R = (V << F) + theta/2 + (theta << (B-1))"},
    {EnergyEvent::kCompareSubtractBit, "compare_subtract_bit", EnergyGroup::kThresholdAndFiring, PriceKind::kListed,
     "per bit of the comparator-subtractor, at each firing step"},
    {EnergyEvent::kResidueReadBit, "residue_read_bit", EnergyGroup::kThresholdAndFiring, PriceKind::kListed,
     "per residue register bit read, at each firing step"},
    {EnergyEvent::kResidueWriteBit, "residue_write_bit", EnergyGroup::kThresholdAndFiring, PriceKind::kListed,
     "per residue register bit written"},
    {EnergyEvent::kThresholdReadBit, "threshold_read_bit", EnergyGroup::kThresholdAndFiring, PriceKind::kListed,
     "per threshold register bit read, at each firing step and when R is formed"},
    {EnergyEvent::kThresholdWriteBit, "threshold_write_bit", EnergyGroup::kThresholdAndFiring, PriceKind::kListed,
     "per bit of a threshold, initial membrane or weight shift loaded"},
    {EnergyEvent::kWeightRowRead, "weight_row_read", EnergyGroup::kWeights, PriceKind::kSramRead,
     "per row read from a bank of the weight SRAM"},
    {EnergyEvent::kWeightRowWrite, "weight_row_write", EnergyGroup::kWeights, PriceKind::kSramWrite,
     "per row written to a bank of the weight SRAM"},
    {EnergyEvent::kWeightBufferRead, "weight_buffer_read", EnergyGroup::kWeights, PriceKind::kSramRead,
     "per flit's worth of data read from a weight loader's buffer"},
    {EnergyEvent::kWeightBufferWrite, "weight_buffer_write", EnergyGroup::kWeights, PriceKind::kSramWrite,
     "per flit's worth of data written to a weight loader's buffer, whole bursts"},
    {EnergyEvent::kKvCacheRead, "kv_cache_read", EnergyGroup::kWeights, PriceKind::kSramRead,
     "per word read from the SRAM of keys and values"},
    {EnergyEvent::kKvCacheWrite, "kv_cache_write", EnergyGroup::kWeights, PriceKind::kSramWrite,
     "per word written to the SRAM of keys and values"},
    {EnergyEvent::kRowLatchWriteBit, "row_latch_write_bit", EnergyGroup::kWeights, PriceKind::kListed,
     "per bit of a row latched between weight SRAM and adders"},
    {EnergyEvent::kActivationMainRead, "activation_main_read", EnergyGroup::kActivations, PriceKind::kSramRead,
     "per word read from the 4-bit main array"},
    {EnergyEvent::kActivationMainWrite, "activation_main_write", EnergyGroup::kActivations, PriceKind::kSramWrite,
     "per word written to the 4-bit main array"},
    {EnergyEvent::kActivationSideRead, "activation_side_read", EnergyGroup::kActivations, PriceKind::kSramRead,
     "per word read from the side array (mask and further bits)"},
    {EnergyEvent::kActivationSideWrite, "activation_side_write", EnergyGroup::kActivations, PriceKind::kSramWrite,
     "per word written to the side array (mask and further bits)"},
    {EnergyEvent::kGlobalBufferRead, "global_buffer_read", EnergyGroup::kActivations, PriceKind::kSramRead,
     "per word read from the global buffer"},
    {EnergyEvent::kGlobalBufferWrite, "global_buffer_write", EnergyGroup::kActivations, PriceKind::kSramWrite,
     "per word written to the global buffer"},
    {EnergyEvent::kRouterBufferWriteBit, "router_buffer_write_bit", EnergyGroup::kNoc, PriceKind::kListed,
     "per bit of a flit written to an input buffer of a router or network interface"},
    {EnergyEvent::kRouterBufferReadBit, "router_buffer_read_bit", EnergyGroup::kNoc, PriceKind::kListed,
     "per bit of a flit read from a router's input buffer, once per branch of a multicast"},
    {EnergyEvent::kCrossbarBit, "crossbar_bit", EnergyGroup::kNoc, PriceKind::kListed,
     "per bit of a flit through a router's crossbar, once per branch of a multicast"},
    {EnergyEvent::kRouteComputation, "route_computation", EnergyGroup::kNoc, PriceKind::kListed,
     "per head flit and router"},
    {EnergyEvent::kVcAllocation, "vc_allocation", EnergyGroup::kNoc, PriceKind::kListed,
     "per virtual channel that a packet is given at a router output"},
    {EnergyEvent::kSwitchArbitration, "switch_arbitration", EnergyGroup::kNoc, PriceKind::kListed,
     "per grant of a router output"},
    {EnergyEvent::kLinkBitMm, "link_bit_mm", EnergyGroup::kNoc, PriceKind::kListed,
     "per bit of a flit over a link, times the link's length in mm"},
    {EnergyEvent::kDramActivate, "dram_activate", EnergyGroup::kDram, PriceKind::kDram,
     "per row activated, its precharge included"},
    {EnergyEvent::kDramReadBit, "dram_read_bit", EnergyGroup::kDram, PriceKind::kDram,
     "per bit read from DRAM, whole bursts"},
    {EnergyEvent::kDramWriteBit, "dram_write_bit", EnergyGroup::kDram, PriceKind::kDram,
     "per bit written to DRAM, whole bursts"},
    {EnergyEvent::kDramRefresh, "dram_refresh", EnergyGroup::kDram, PriceKind::kDram,
     "per refresh of all banks of a device"},
    {EnergyEvent::kDramActiveClock, "dram_active_clock", EnergyGroup::kDram, PriceKind::kDram,
     "per clock of a device in which a row is open or a refresh runs, beyond the standby of closed banks"},
    {EnergyEvent::kEncoderIndexRead, "encoder_index_read", EnergyGroup::kEncoder, PriceKind::kSramRead,
     "per entry read from the counting sort's index memory"},
    {EnergyEvent::kEncoderIndexWrite, "encoder_index_write", EnergyGroup::kEncoder, PriceKind::kSramWrite,
     "per entry written to the counting sort's index memory"},
    {EnergyEvent::kEncoderHistogramBit, "encoder_histogram_bit", EnergyGroup::kEncoder, PriceKind::kListed,
     "per bit of a counter that the counting sort increments"},
    {EnergyEvent::kVectorAdd, "vector_add", EnergyGroup::kVectorUnit, PriceKind::kListed,
     "per binary32 addition or subtraction of the vector unit"},
    {EnergyEvent::kVectorMultiply, "vector_multiply", EnergyGroup::kVectorUnit, PriceKind::kListed,
     "per binary32 multiplication of the vector unit, its exact product included"},
    {EnergyEvent::kVectorDoubleAdd, "vector_double_add", EnergyGroup::kVectorUnit, PriceKind::kListed,
     "per binary64 addition: sums over a vector, and what ends them"},
    {EnergyEvent::kVectorDoubleMultiply, "vector_double_multiply", EnergyGroup::kVectorUnit, PriceKind::kListed,
     "per binary64 multiplication, at the end of a sum over a vector"},
    {EnergyEvent::kVectorTableRead, "vector_table_read", EnergyGroup::kVectorUnit, PriceKind::kSramRead,
     "per entry read from the tables of exponentials and of reciprocal seeds"},
    {EnergyEvent::kVectorShiftBit, "vector_shift_bit", EnergyGroup::kVectorUnit, PriceKind::kListed,
     "per bit at the output of a 32-bit shifter of the vector unit"},
    {EnergyEvent::kVectorIntegerBit, "vector_integer_bit", EnergyGroup::kVectorUnit, PriceKind::kListed,
     "per bit of a comparator or integer adder of the vector unit"},
    {EnergyEvent::kVectorHistogramBit, "vector_histogram_bit", EnergyGroup::kVectorUnit, PriceKind::kListed,
     "per bit of a counter that the search for a median increments"},
    {EnergyEvent::kVectorRegisterBit, "vector_register_bit", EnergyGroup::kVectorUnit, PriceKind::kListed,
     "per bit of a pipeline register or counter of the vector unit written"},
    {EnergyEvent::kVectorBufferRead, "vector_buffer_read", EnergyGroup::kVectorUnit, PriceKind::kSramRead,
     "per word read from the vector buffer"},
    {EnergyEvent::kVectorBufferWrite, "vector_buffer_write", EnergyGroup::kVectorUnit, PriceKind::kSramWrite,
     "per word written to the vector buffer"},
    {EnergyEvent::kSequencerCommand, "sequencer_command", EnergyGroup::kControl, PriceKind::kListed,
     "per command that the sequencer issues"},
}};

constexpr bool energy_events_in_order() {
  for (size_t i = 0; i < kEnergyEvents.size(); ++i)
    if (kEnergyEvents[i].event != static_cast<EnergyEvent>(i)) return false;
  return true;
}
static_assert(energy_events_in_order(), "kEnergyEvents must list every EnergyEvent once, in order");

constexpr const EnergyEventInfo& info(EnergyEvent event) { return kEnergyEvents[static_cast<size_t>(event)]; }

}  // namespace spikeloom
