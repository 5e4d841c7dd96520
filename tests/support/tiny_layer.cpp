#include "tests/support/tiny_layer.h"

#include <algorithm>
#include <cassert>
#include <random>

#include "tests/support/tiny_dram.h"

namespace spikeloom {

int64_t fired_code(int64_t y, int F, int64_t theta, int bits) {
  const int64_t above = y * (int64_t{1} << F) + theta / 2, most = (int64_t{1} << (bits - 1)) - 1;
  const int64_t code = above / theta - (above % theta < 0);  // rounded towards minus infinity
  return std::clamp(code, -most - 1, most);
}

TinyLayer::TinyLayer(const TinySpec& spec) : state_(spec.seed) {
  trace.synthetic = true;
  trace.file = "tiny layer";
  trace.tokens = spec.tokens;
  trace.output_bits = spec.output_bits;
  for (const int size : spec.inputs) make_input(spec, size);
  for (const auto& operation : spec.operations) make_operation(spec, operation);
  finish();
}

int TinyLayer::random(int least, int most) {
  std::mt19937 engine(static_cast<unsigned>(state_++) * 2654435761u);
  return least + static_cast<int>(engine() % static_cast<unsigned>(most - least + 1));
}

int TinyLayer::random_code(const TinySpec& spec, const InputTrace& input, int k, bool salient) {
  const bool silent = random(0, 999) < 1000 * spec.silent;
  if (input.digits && input.is_wide(k)) {
    const int digits = silent ? 0 : random(0, 63);
    return digits == 0 ? 0 : digits | random(0, 1) << 6;
  }
  if (salient && input.salient_format == SalientFormat::kShifted) {
    const int q = random(0, 15);
    return q == 0 ? 0 : q | random(0, 1) << 4;
  }
  if (salient) return random(0, 31);
  if (silent) return 0;
  if (input.code == ActivationCode::kUnsigned) return random(0, 15);
  return random(1, 7) | random(0, 1) << 3;
}

void TinyLayer::make_input(const TinySpec& spec, int size) {
  InputTrace input;
  input.name = "input" + std::to_string(trace.inputs.size());
  input.size = size;
  input.group = spec.group;
  input.code = spec.code;
  input.salient_format = spec.salient_format;
  input.digits = spec.digits;
  input.z = spec.z;
  input.salient_share = spec.salient;
  input.u = 1;
  input.most_E = 3;
  input.most_E7 = spec.digits ? 3 : 0;
  input.most_g = spec.g ? 3 : 0;
  input.wide_rank.assign(size, -1);
  for (int i = 0; i < spec.wide; ++i) {  // spread over the input, not at its start
    const int k = (2 * i + 1) * size / (2 * spec.wide);
    input.wide_rank[k] = i;
    input.wide.push_back(k);
  }
  auto data = std::make_unique<InputData>();
  const size_t mask_bytes = (size + 7) / 8;
  data->codes.resize(size_t(spec.tokens) * size);
  data->mask.assign(spec.tokens * mask_bytes, 0);
  for (int m = 0; m < spec.tokens; ++m) {
    input.e.push_back(random(-3, 3));
    input.E.push_back(random(0, input.most_E));
    input.E7.push_back(random(0, input.most_E7));
    for (int i = 0; i < input.groups(); ++i) input.g.push_back(random(0, input.most_g));
    for (int k = 0; k < size; ++k) {
      const bool salient = random(0, 999) < 1000 * spec.salient;
      data->codes[size_t(m) * size + k] = uint8_t(random_code(spec, input, k, salient));
      data->mask[m * mask_bytes + k / 8] |= uint8_t(salient << (k % 8));
    }
  }
  input.codes = data->codes.data();
  input.salient_mask = data->mask.data();
  input_data_.push_back(std::move(data));
  trace.inputs.push_back(std::move(input));
}

void TinyLayer::make_operation(const TinySpec& spec, const TinySpec::Operation& shape) {
  const InputTrace& input = trace.inputs[shape.input];
  OperationTrace operation;
  operation.name = "operation" + std::to_string(trace.operations.size());
  operation.input = shape.input;
  operation.outputs = shape.outputs;
  operation.F = spec.F;
  operation.output_bits = spec.output_bits;
  operation.row_bytes = (shape.outputs + 1) / 2;
  auto data = std::make_unique<OperationData>();
  data->weights.assign((input.size + input.wide.size()) * operation.row_bytes, 0);
  if (spec.h)
    for (int i = 0; i < input.groups() * shape.outputs; ++i) data->h.push_back(uint8_t(random(0, 3)));
  operation.weights = data->weights.data();
  operation.h = spec.h ? data->h.data() : nullptr;
  for (int n = 0; n < shape.outputs; ++n) operation.theta.push_back(random(1024, 8192));
  operation_data_.push_back(std::move(data));
  trace.operations.push_back(std::move(operation));
  const int index = static_cast<int>(trace.operations.size()) - 1;
  for (int k = 0; k < input.size; ++k)
    for (int n = 0; n < shape.outputs; ++n)
      set_weight(index, k, n, input.is_wide(k) ? random(-128, 127) : random(-8, 7));
}

void TinyLayer::set_code(int input, int m, int k, int byte, bool salient) {
  InputData& data = *input_data_[input];
  const int size = trace.inputs[input].size;
  data.codes[size_t(m) * size + k] = uint8_t(byte);
  uint8_t& mask = data.mask[size_t(m) * ((size + 7) / 8) + k / 8];
  mask = uint8_t((mask & ~(1 << (k % 8))) | salient << (k % 8));
}

void TinyLayer::set_all_codes(int input, int byte) {
  for (int m = 0; m < trace.tokens; ++m)
    for (int k = 0; k < trace.inputs[input].size; ++k) set_code(input, m, k, byte);
}

void TinyLayer::set_weight(int operation, int k, int n, int w) {
  const OperationTrace& op = trace.operations[operation];
  const InputTrace& input = trace.inputs[op.input];
  const auto set_nibble = [&](int row, int value) {
    uint8_t& byte = operation_data_[operation]->weights[size_t(row) * op.row_bytes + n / 2];
    byte = uint8_t(n % 2 ? (byte & 0x0f) | (value & 15) << 4 : (byte & 0xf0) | (value & 15));
  };
  if (input.is_wide(k)) set_nibble(input.size + input.wide_rank[k], (w - (w & 15)) / 16);
  set_nibble(k, w);
}

void TinyLayer::set_all_weights(int operation, int w) {
  const OperationTrace& op = trace.operations[operation];
  for (int k = 0; k < trace.inputs[op.input].size; ++k)
    for (int n = 0; n < op.outputs; ++n) set_weight(operation, k, n, w);
}

int64_t TinyLayer::a(int input_index, int m, int k) const {
  const InputTrace& input = trace.inputs[input_index];
  const int byte = input.code_at(m, k);
  const auto with_sign = [](bool negative, int64_t value) { return negative ? -value : value; };
  if (input.digits && input.is_wide(k))
    return with_sign(byte & 64, (8 * (byte >> 3 & 7) + (byte & 7)) * (int64_t{1} << input.E7[m]));
  const bool salient = input.salient(m, k);
  if (salient && input.salient_format == SalientFormat::kFloating)
    return with_sign(byte & 16, (4 + (byte & 3)) * (int64_t{2} << ((byte >> 2 & 3) + input.E[m]))) - input.z;
  if (salient && input.salient_format == SalientFormat::kShifted)
    return with_sign(byte & 16, (byte & 15) * (int64_t{1} << input.E[m]));
  if (salient) return byte - input.z;
  if (input.code == ActivationCode::kSigned) return with_sign(byte & 8, byte & 7);
  return byte + (input.salient_format == SalientFormat::kExtended ? 8 : 0) - input.z;
}

int64_t TinyLayer::w(int operation, int k, int n) const {
  const OperationTrace& op = trace.operations[operation];
  const InputTrace& input = trace.inputs[op.input];
  const auto as_signed = [](int nibble) { return nibble > 7 ? nibble - 16 : nibble; };
  if (input.is_wide(k)) return 16 * as_signed(op.nibble(input.size + input.wide_rank[k], n)) + op.nibble(k, n);
  return as_signed(op.nibble(k, n));
}

void TinyLayer::finish() {
  for (size_t o = 0; o < trace.operations.size(); ++o) {
    OperationTrace& op = trace.operations[o];
    const int index = static_cast<int>(o);
    const InputTrace& input = trace.inputs[op.input];
    const int window = input.size / input.groups();
    op.v0.assign(op.outputs, 0);
    for (int n = 0; n < op.outputs; ++n)
      for (int k = 0; k < input.size; ++k)
        op.v0[n] -= input.z * (w(index, k, n) * (int64_t{1} << op.h_at(k / window, n)));
    op.expected.clear();
    for (int m = 0; m < trace.tokens; ++m) {
      for (int n = 0; n < op.outputs; ++n) {
        int64_t y = 0;
        for (int k = 0; k < input.size; ++k) {
          const int shift = int(input.g[size_t(m) * input.groups() + k / window]) + op.h_at(k / window, n);
          y += a(op.input, m, k) * (int64_t{1} << shift) * w(index, k, n);
        }
        op.expected.push_back(fired_code(y, op.F, op.theta[n], trace.output_bits));
      }
    }
  }
}

ChipSpec tiny_chip(int width, int height) {
  ChipSpec spec;
  spec.name = "tiny";
  spec.clock_mhz = 500;
  spec.network.width = width;
  spec.network.height = height;
  spec.network.link_bits = 128;
  spec.network.buffer_flits = 6;
  spec.network.link_length_mm = 1.0;
  spec.network.router.speculative = true;
  spec.packet_flits = 16;
  spec.memory_nodes = {{0, 0, kWest}};
  spec.dram = tiny_dram();
  spec.weight_loader = {1024, 16, {}};
  spec.global_buffer = {65536, 16, 4};
  spec.vector_unit = {0, 4, 2, 2, 3, 4, 2, 1, 4096, 2};
  spec.encoder.ports = 1;
  spec.encoder.buffer = {2048, 16, 1024, 8};
  spec.encoder.index_bytes = 16384;
  spec.encoder.index_entry_bytes = 2;
  spec.token_batch = 1;
  spec.synapse_array = {8, 8192, 4, 2};
  spec.mac_array = {1, Multiplier::kParallel, ZeroGating::kSkip, Accumulators::kShared, 24};
  spec.dequantizer = {4, 3};
  spec.neuron_array = {8, 20, 32, 24, 48, FiringPolicy::kRadix};
  spec.payload = Payload::kAddressEvents;
  spec.spike_code = 0;
  spec.mapping = {false, 1};
  return spec;
}

void share_banks(int banks, SynapseArraySpec* spec) {
  if (banks == 0) return;
  spec->banks = banks;
  spec->halves = Halves::kSharedBanks;
}

TinyContext::TinyContext(const LayerTrace& layer, const ChipSpec& spec)
    : topology(spec.topology()),
      routes(spec.network.routes(topology)),
      code(make_spike_code(spec.spike_code)),
      program(make_program(layer, spec.mapping, spec.tile_limits(), spec.token_batch, *code, topology, &routes)),
      context{&layer,
              &program,
              code.get(),
              spec.flits(),
              topology.sources(),
              spec.packet_flits,
              spec.payload,
              spec.synapse_array.packing,
              spec.spike_channels()} {
  choose_side_formats(layer, spec.encoder.side_format, &program);
}

}  // namespace spikeloom
