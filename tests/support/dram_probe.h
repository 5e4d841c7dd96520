// A DRAM controller between a source of requests and a sink per channel, on a chip of 500 MHz.
#pragma once

#include <deque>

#include "hw/dram/dram_controller.h"
#include "hw/dram/mapping/address_mapping.h"
#include "tests/support/committed_dram.h"
#include "tests/support/fifo_probe.h"

namespace spikeloom {

struct DramProbe {
  explicit DramProbe(const DramSpec& spec, Cycle window_cycles = 1)
      : spec(spec), ledger(window_cycles), dram("dram", clock, spec, ledger) {
    source.out(requests);
    dram.requests_in(requests);
    for (int i = 0; i < spec.channels; ++i) {
      responses.emplace_back(clock, spec.queue_depth);
      dram.responses_out[i](responses.back());
      sinks.emplace_back(("sink_" + std::to_string(i)).c_str(), clock, 64);
      sinks.back().in(responses.back());
    }
  }
  void read(Cycle cycle, uint64_t address, uint32_t bytes = 32) { request(cycle, address, bytes, false); }
  void write(Cycle cycle, uint64_t address, uint32_t bytes = 32) { request(cycle, address, bytes, true); }
  void request(Cycle cycle, uint64_t address, uint32_t bytes, bool write) {
    source.add(cycle, {address, bytes, write, next_id, 0});
    next_id += ceil_div(address % 32 + bytes, 32);
  }
  void run() {
    sc_core::sc_start();
    dram.finish(clock.now() + 1);
  }
  // Of the only channel: cycles in which responses came, and their ids.
  const std::vector<Cycle>& cycles() const { return sinks[0].cycles; }
  std::vector<uint64_t> ids() const {
    std::vector<uint64_t> list;
    for (const DramResponse& response : sinks[0].values) list.push_back(response.id);
    return list;
  }

  Clock clock{"clock", 500};
  DramSpec spec;
  EnergyLedger ledger;
  RegisteredFifo<DramRequest> requests{clock, 4};
  std::deque<RegisteredFifo<DramResponse>> responses;
  FifoSource<DramRequest> source{"source", clock};
  DramController dram;
  std::deque<FifoSink<DramResponse>> sinks;
  uint64_t next_id = 0;
};

// One channel of LPDDR4-3200: 3.2 clocks a cycle, rows of 2 KB in 8 banks.
inline DramSpec lpddr4(const std::string& mapping = "row_bank_column", const std::string& scheduler = "first_ready",
                       bool closed = false) {
  DramSpec spec;
  spec.device = committed_dram("lpddr4_3200");
  spec.interleave_bytes = 64;
  const auto index = [](const std::vector<std::string>& names, const std::string& name) {
    return int(std::find(names.begin(), names.end(), name) - names.begin());
  };
  spec.mapping = index(mapping_names(), mapping);
  spec.scheduler = index(scheduler_names(), scheduler);
  spec.page_policy = closed;
  spec.queue_depth = 16;
  spec.clock_mhz = 500;
  return spec;
}

}  // namespace spikeloom
