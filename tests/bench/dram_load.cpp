// Host cost of DRAM: requests to one channel of LPDDR4-3200 that ask and are answered as fast as they can be.
// usage: dram_load stream|random DEVICE.yaml BURSTS
// stream: one address after the other; random: every burst a row of its own.
// Prints one line: host seconds, bursts.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "hw/dram/dram_controller.h"

namespace spikeloom {
namespace {

// Asks for bursts while there is room, and takes what comes.
class Requester : public Block {
 public:
  FifoOut<DramRequest> out;
  FifoIn<DramResponse> in;
  Requester(const sc_core::sc_module_name& name, Clock& clock, bool random, uint64_t bursts)
      : Block(name, clock), out("out"), in("in"), random_(random), left_(bursts) {
    wake_at(1);
  }
  uint64_t answered = 0;

 private:
  void tick() override {
    for (; in->can_pop(); in->pop()) ++answered;
    if (left_ == 0 || !out->can_push()) return;
    --left_;
    out->push({32 * (random_ ? dice_() % (1u << 25) : asked_), 32, false, asked_, 0});
    ++asked_;
    wake_at(now() + 1);
  }
  bool random_;
  uint64_t left_, asked_ = 0;
  std::mt19937 dice_{1};
};

int run(bool random, const char* file, uint64_t bursts) {
  ConfigNode root = ConfigNode::load(file);
  DramSpec spec;
  spec.device = DramDeviceSpec::read(root.section("device"));
  spec.interleave_bytes = 64;
  spec.scheduler = 1;  // first_ready
  spec.queue_depth = 16;
  spec.clock_mhz = 500;
  Clock clock("clock", 500);
  EnergyLedger ledger(1000);
  DramController dram("dram", clock, spec, ledger);
  Requester requester("requester", clock, random, bursts);
  RegisteredFifo<DramRequest> requests(clock, 4);
  RegisteredFifo<DramResponse> responses(clock, 16);
  requester.out(requests);
  dram.requests_in(requests);
  dram.responses_out[0](responses);
  requester.in(responses);
  clock.set_quantum(Clock::kQuantum);
  sc_core::sc_start(sc_core::SC_ZERO_TIME);
  const auto start = std::chrono::steady_clock::now();
  sc_core::sc_start();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("%.6f %llu\n", seconds, static_cast<unsigned long long>(requester.answered));
  return requester.answered == bursts ? 0 : 1;
}

}  // namespace
}  // namespace spikeloom

int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: dram_load stream|random DEVICE.yaml BURSTS\n"), 2;
  return spikeloom::run(std::string(argv[1]) == "random", argv[2], std::strtoull(argv[3], nullptr, 10));
}
