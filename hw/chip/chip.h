// The chip: a mesh of tiles with memory nodes at its edge. Wiring only; what blocks do is in their folders.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hw/chip/memory_node.h"
#include "hw/chip/tile.h"
#include "hw/noc/network.h"

namespace spikeloom {

// What a block consists of, as its leakage and the chip's description need it.
struct BlockInventory {
  std::string block;
  uint64_t register_bits = 0, adder_bits = 0;
  std::vector<std::pair<SramMacro, int>> srams;  // macro, how many
  int dram_channels = 0;
};

// Registers per lane that a layer uses: slopes, or accumulators, of a token; of scales and column sums the bits;
// whether a token has a y beside its accumulators.
struct RegistersInUse {
  int slopes = 0, parameter_bits = 0;
  bool several_groups = false;
};
RegistersInUse registers_in_use(const LayerTrace& layer);

// Every block of a chip, by name.
std::vector<BlockInventory> inventory(const ChipSpec& spec, const RegistersInUse& in_use);

// Checks what a layer's mapping needs of the chip. Throws UserError.
void check_mapping(const ChipSpec& spec, const LayerTrace& layer);

// Checks a mapped layer against the chip's registers and memories. Throws UserError.
void check_fit(const ChipSpec& spec, const LayerTrace& layer, const Program& program);

struct CycleSpan {
  Cycle begin, end;  // begin .. end - 1
  Cycle cycles() const { return end - begin; }
};

// What the arrays of all tiles did together.
struct ArrayWork {
  ActivityCycles cycles{};
  uint64_t rows_added = 0;
  uint64_t additions = 0;  // of weights in lanes, or products
};

class Chip : public sc_core::sc_module {
 public:
  // Construction order must not matter; `reversed` lets a test show it.
  enum class Order { kForward, kReversed };
  Chip(const sc_core::sc_module_name& name, const ChipSpec& spec, const LayerTrace& layer, Cycle window_cycles,
       Order order = Order::kForward);
  ~Chip() override;

  // Simulates until the chip falls silent. Throws std::logic_error when outputs are missing then (the chip is
  // stuck: a bug).
  void run();

  const ChipSpec& spec() const { return spec_; }
  std::vector<BlockInventory> blocks() const { return inventory(spec_, registers_in_use(layer_)); }
  const Program& program() const { return program_; }
  const Topology& topology() const { return topology_; }
  const LayerResult& result() const { return result_; }
  EnergyLedger& ledger() { return ledger_; }
  const EnergyLedger& ledger() const { return ledger_; }
  Clock& clock() { return clock_; }
  // All cycles simulated, from 0 to the last in which a block ran.
  Cycle cycles() const { return clock_.now() + 1; }
  // The cycles from a phase's begin to the next one's; of the first from 0, of the last to the end.
  CycleSpan phase_span(size_t phase) const;
  ArrayWork array_work(size_t phase) const;
  const Tile& tile(int index) const { return *tiles_[index]; }
  const MemoryNode& memory_node(int index) const { return *memory_nodes_[index]; }
  const RouteTable& routes() const { return routes_; }
  const Network& network() const { return network_; }
  Network& network() { return network_; }
  // Every block that keeps account of its cycles, by name.
  std::vector<std::pair<std::string, Activity*>> activities();

 private:
  void build_tile(int tile);
  void build_memory_node(int source);
  void begin_phase(size_t phase);
  ArrayWork array_work_before(Cycle end) const;

  ChipSpec spec_;
  const LayerTrace& layer_;
  Clock clock_;
  EnergyLedger ledger_;
  Topology topology_;
  RouteTable routes_;
  std::unique_ptr<SpikeCode> code_;
  Program program_;
  LayerContext context_;
  LayerResult result_;
  Network network_;
  std::vector<std::unique_ptr<Tile>> tiles_;
  std::vector<std::unique_ptr<MemoryNode>> memory_nodes_;
  std::vector<ArrayWork> work_before_;  // [phase]: up to its begin; last: of the whole run
};

}  // namespace spikeloom
