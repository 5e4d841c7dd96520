// Small layers made in memory, with expected outputs from the formulas of the integer contract, and a chip for them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hw/chip/chip_spec.h"
#include "sim/base/trace.h"

namespace spikeloom {

struct TinySpec {
  struct Operation {
    int input, outputs;
  };
  int tokens = 1;
  int output_bits = 10;
  std::vector<int> inputs = {8};                 // sizes
  std::vector<Operation> operations = {{0, 4}};  // in execution order
  ActivationCode code = ActivationCode::kSigned;
  SalientFormat salient_format = SalientFormat::kFloating;
  bool digits = false;
  int wide = 0;   // wide inputs of each input
  int group = 0;  // as in InputTrace
  bool g = false, h = false;
  int z = 0;
  int F = 7;
  double silent = 0.25;  // share of normal codes that are zero
  double salient = 0.1;  // share of salient codes
  unsigned seed = 1;
};

// Random codes and weights; owns what the trace points to, so it stays where it is.
class TinyLayer {
 public:
  explicit TinyLayer(const TinySpec& spec);
  TinyLayer(const TinyLayer&) = delete;
  TinyLayer& operator=(const TinyLayer&) = delete;

  LayerTrace trace;

  // Hand-made values; call finish() after the last one.
  void set_code(int input, int m, int k, int byte, bool salient = false);
  void set_all_codes(int input, int byte);
  void set_weight(int operation, int k, int n, int w);  // wide inputs: -128..127, others -8..7
  void set_all_weights(int operation, int w);
  void set_theta(int operation, int n, int64_t theta) { trace.operations[operation].theta[n] = theta; }
  // Computes V0 and the expected outputs again.
  void finish();

  // a[m,k] and w[n,k] as the contract defines them.
  int64_t a(int input, int m, int k) const;
  int64_t w(int operation, int k, int n) const;

 private:
  void make_input(const TinySpec& spec, int size);
  void make_operation(const TinySpec& spec, const TinySpec::Operation& shape);
  int random(int least, int most);
  int random_code(const TinySpec& spec, const InputTrace& input, int k, bool salient);

  struct InputData {
    std::vector<uint8_t> codes, mask;
  };
  struct OperationData {
    std::vector<uint8_t> weights, h;
  };
  std::vector<std::unique_ptr<InputData>> input_data_;
  std::vector<std::unique_ptr<OperationData>> operation_data_;
  uint64_t state_;
};

// The contract's output code of a sum y: floor((y 2^F + floor(theta / 2)) / theta), clamped to `bits` bits.
int64_t fired_code(int64_t y, int F, int64_t theta, int bits);

// A 500 MHz chip of one memory node on the west side, all sizes small; its DRAM (tiny_dram.h) moves 16 bytes, one flit,
// a cycle.
ChipSpec tiny_chip(int width = 1, int height = 1);

// Both halves of the weight SRAM lie in so many banks; 0: as they are.
void share_banks(int banks, SynapseArraySpec* spec);

// What blocks are configured with, without a chip around them.
struct TinyContext {
  TinyContext(const TinyLayer& layer, const ChipSpec& spec) : TinyContext(layer.trace, spec) {}
  TinyContext(const LayerTrace& layer, const ChipSpec& spec);
  Topology topology;
  RouteTable routes;
  std::unique_ptr<SpikeCode> code;
  Program program;
  LayerContext context;
};

}  // namespace spikeloom
