// What every lockstep check shares: its command line, its random numbers, and the comparison of two sides' ports.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

namespace spikeloom {

// Options of a lockstep program: --cycles N, --seed S.
struct LockstepOptions {
  uint64_t cycles = 1000000;
  uint32_t seed = 1;

  static LockstepOptions parse(int argc, char** argv) {
    LockstepOptions options;
    for (int i = 1; i + 1 < argc; i += 2) {
      if (!std::strcmp(argv[i], "--cycles")) options.cycles = std::strtoull(argv[i + 1], nullptr, 10);
      if (!std::strcmp(argv[i], "--seed")) options.seed = uint32_t(std::strtoul(argv[i + 1], nullptr, 10));
    }
    return options;
  }
};

// What traffic is drawn from.
class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  int upto(int most) { return between(0, most); }
  int between(int least, int most) { return least + static_cast<int>(engine_() % uint32_t(most - least + 1)); }
  bool chance(int percent) { return between(0, 99) < percent; }
  uint64_t word() { return uint64_t(engine_()) << 32 | engine_(); }

 private:
  std::mt19937 engine_;
};

// Compares what the two sides of a block show at their ports; ends the program at the first difference.
class PortComparison {
 public:
  explicit PortComparison(std::string block) : block_(std::move(block)) {}

  void expect(uint64_t cycle, const char* port, uint64_t systemc, uint64_t rtl) {
    ++compared_;
    if (systemc == rtl) return;
    std::printf("%s differs in cycle %llu: port %s is %llx in SystemC, %llx in SystemVerilog\n", block_.c_str(),
                static_cast<unsigned long long>(cycle), port, static_cast<unsigned long long>(systemc),
                static_cast<unsigned long long>(rtl));
    std::fflush(stdout);
    std::_Exit(1);
  }
  // Values compared, and those of another process to be reported with them.
  uint64_t compared() const { return compared_; }
  void add_compared(uint64_t values) { compared_ += values; }
  // `worked`: what the run did (flits, rows ...), so that a run in which nothing happened shows.
  void report(uint64_t cycles, const std::string& worked) const {
    std::printf("%-24s %12llu cycles  %14llu values compared  0 differ  %s\n", block_.c_str(),
                static_cast<unsigned long long>(cycles), static_cast<unsigned long long>(compared_), worked.c_str());
  }

 private:
  std::string block_;
  uint64_t compared_ = 0;
};

}  // namespace spikeloom
