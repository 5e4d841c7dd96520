// What a run found, as numbers: filled once, then shown on the terminal and written to files.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hw/weight_loader/weight_layout.h"
#include "sim/app/bill.h"
#include "sim/app/experiment.h"
#include "sim/app/recording.h"
#include "sim/app/roofline.h"

namespace spikeloom {

struct PhaseReport {
  std::string input;        // of the vector unit: empty, and
  std::string vector_kind;  // what it does
  std::vector<std::string> operations;
  PhaseChoice mapping;
  std::string side_format;  // of packed codes; of the vector unit: empty
  Cycle begin = 0, end = 0;
  int passes = 0;
  uint64_t spikes = 0;     // spikes of the input's codes, counted from the trace; every pass sends them
  GroupEnergies groups{};  // pJ; leakage and DRAM background by time
  Roofline roofline;
};

// The DRAM of a memory node.
struct DramReport {
  std::string block;
  uint64_t bytes_read = 0, bytes_written = 0;
  DramStats stats;
  const Activity* activity = nullptr;

  uint64_t bursts() const { return stats.read_bursts + stats.write_bursts; }
  double share(uint64_t bursts_of_a_kind) const { return bursts() ? double(bursts_of_a_kind) / double(bursts()) : 0; }
};

struct Report {
  std::string experiment, chip, technology, payload, code;
  std::string datapath;    // as chip.tile.datapath names it
  std::string arithmetic;  // of it: the spike code, or what multiplies
  bool multiplies = false;
  bool dequantizes = false;  // outputs are y of binary32, and attention is not in the trace
  std::string compared;      // what outputs were compared with
  bool synthetic = false;
  std::string trace_file, trace_sha256, weights_sha256, model, text_source, text_excerpt;
  int layer = 0, tokens = 0, token_batch = 1;
  LayerTrace::StepRun step_run;  // of recorded spikes
  double clock_mhz = 0;
  Cycle cycles = 0;
  Cycle fill_cycles = 0;  // of the first operation with passes, until a tile issues a weight row or step mark
  uint64_t outputs = 0, outputs_equal = 0;
  std::string first_difference;
  uint64_t bank_waits = 0;                              // cycles of all global buffers
  std::string halves;                                   // of weight SRAMs, as chip.tile.synapse_array names it
  uint64_t weight_bank_waits = 0;                       // cycles of all weight SRAMs; own_banks: none
  uint64_t cache_sram_bytes = 0, cache_dram_bytes = 0;  // keys and values, as they travel to tiles
  uint64_t weights = 0;                                 // of all operations, keys and values included
  WeightBits weight_bits;                               // of all memory nodes
  uint64_t synapses = 0;                                // weights times the tokens (of attention: rows) that use them
  uint64_t spikes_received = 0;                         // over all tiles
  uint64_t additions = 0, rows_read = 0, rows_added = 0;
  uint64_t spikes_sent = 0;                    // by all encoders
  uint64_t input_spikes = 0, input_steps = 0;  // multiplied: values that are not 0, values
  double lane_utilisation = 0, array_busy = 0, dram_bytes = 0, dram_utilisation = 0, dram_peak_mb_s = 0;
  std::vector<DramReport> drams;
  int64_t largest_membrane = 0;
  Bill bill;
  std::vector<BlockArea> areas;
  StoredCounts counts;
  std::vector<PhaseReport> phases;
  std::vector<std::pair<std::string, Activity*>> activities;
  std::vector<std::pair<std::string, uint64_t>> link_flits;
  int width = 0, height = 0;
  std::vector<RecordedFile> recordings;

  // The chip's area, mm2, without DRAM.
  BlockArea area() const { return sum_of(areas); }
  double time_us() const { return cycles / clock_mhz; }
  double pj_per_token() const { return bill.total_pj / tokens; }
  // Times that the average weight is added per token: 1 for a dense one-spike code.
  double spikes_per_synapse() const { return synapses ? double(additions) / double(synapses) : 0; }
  // Share of the input-step slots of the code that carry a spike.
  double spike_density() const { return input_steps ? double(input_spikes) / double(input_steps) : 0; }
  // SRAM row reads per row added to a slope: below 1 where a latched row serves several tokens.
  double weight_reads_per_use() const { return rows_added ? double(rows_read) / double(rows_added) : 0; }
};

// Compares outputs, prices the run, gathers the figures.
Report make_report(const Experiment& experiment, const LayerTrace& layer, Chip& chip);

// What the simulation does not charge, each a sentence.
std::vector<std::string> not_charged(const Report& report);

// Key `steps` of a report.
nlohmann::ordered_json steps_json(const LayerTrace::StepRun& steps);
// What became of an early exit, from the key `steps` of a report; empty where there was none to be.
std::string settling_line(const nlohmann::ordered_json& steps);
// How long global buffers waited for their banks and, where the halves of weight SRAMs share them, rows for theirs.
std::string bank_waits_line(uint64_t cycles, const std::string& halves, uint64_t weight_cycles);
// Where keys and values lie; empty where there are none.
std::string cache_line(double sram_bytes, double dram_bytes);
// What rows, flits and SRAM add to the bits of a weight.
std::string packing_line(const WeightBits& bits);
// Below a table of operations: what counts with which of them.
std::string operations_note();
// The table of energy groups; DRAM's background power is a part of its group.
std::string group_table(const GroupEnergies& groups, double background_pj, double total_pj);
// What the reports of traces without attention say about it.
std::string attention_line();
// The tables for a terminal.
std::string report_text(const Report& report);
// report.json; its keys are documented in sim/app/README.md.
nlohmann::ordered_json report_json(const Report& report, const Technology& technology, const LayerTrace& layer);
std::string energy_csv(const Report& report);
std::string windows_csv(const Report& report);
// Writes these three files and resolved.yaml, and removes figures of an earlier run. Throws UserError.
void write_results(const std::string& folder, const Experiment& experiment, const LayerTrace& layer,
                   const Report& report);

}  // namespace spikeloom
