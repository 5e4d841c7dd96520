#include "sim/app/describe_trace.h"

#include <cinttypes>
#include <cstdio>

#include "models/activation_code.h"
#include "sim/base/mac_trace.h"
#include "sim/base/rate_trace.h"
#include "sim/base/recorded_traffic.h"
#include "sim/base/trace.h"

namespace spikeloom {

namespace {

void print_origin(const TraceOrigin& trace, const std::string& kind) {
  std::printf("%s\n  layer %d of %s, %d tokens, %s%s\n  text: %s\n  \"%s\"\n\n", trace.file.c_str(), trace.layer,
              trace.model.c_str(), trace.tokens, kind.c_str(), trace.synthetic ? "; SYNTHETIC" : "",
              trace.text_source.c_str(), trace.text_excerpt.c_str());
}

void print_assumptions(const TraceOrigin& trace) {
  std::printf("\n  assumptions\n");
  for (const auto& [name, text] : trace.assumptions) std::printf("  - %s: %s\n", name.c_str(), text.c_str());
}

// Shares of values, in percent.
struct Shares {
  double values = 0, salient = 0, nonzero = 0;

  void add(const CodeFormat& format, const CodeRows& rows, int row, int k, bool digit_pair) {
    ++values;
    salient += rows.salient(row, k);
    nonzero += format.decode(rows.code_at(row, k), rows.salient(row, k), digit_pair).count > 0;
  }
  double of(double count) const { return 100 * count / values; }
};

void print_inputs(const LayerTrace& layer) {
  std::printf("  %-18s %6s %9s %9s %6s %4s %5s %6s %5s %9s\n", "input", "size", "code", "salient", "share", "z",
              "E max", "wide", "group", "nonzero");
  for (const InputTrace& input : layer.inputs) {
    Shares shares;
    for (int m = 0; m < layer.tokens; ++m)
      for (int k = 0; k < input.size; ++k) shares.add(CodeFormat::of(input), input, m, k, input.is_wide(k));
    std::printf("  %-18s %6d %9s %9s %5.2f%% %4d %5d %6zu %5d %8.1f%%\n", input.name.c_str(), input.size,
                name_of(input.code), name_of(input.salient_format), shares.of(shares.salient), input.z, input.most_E,
                input.wide.size(), input.group, shares.of(shares.nonzero));
  }
}

void print_operations(const LayerTrace& layer) {
  std::printf("\n  %-10s %-18s %8s %10s %4s %6s\n", "operation", "input", "outputs", "weights", "F", "gamma");
  for (const OperationTrace& operation : layer.operations)
    std::printf("  %-10s %-18s %8d %10d %4d %6d\n", operation.name.c_str(), layer.inputs[operation.input].name.c_str(),
                operation.outputs, operation.outputs * layer.inputs[operation.input].size, operation.F,
                operation.gamma);
}

// Of the positions that tokens see.
Shares probability_shares(const AttentionTrace& attention, int tokens) {
  const CodeFormat format{ActivationCode::kUnsigned, SalientFormat::kFloating, false};
  Shares shares;
  for (int row = 0; row < tokens * attention.heads; ++row)
    for (int n = 0; n < attention.seen(row / attention.heads); ++n)
      shares.add(format, attention.probabilities, row, n, false);
  return shares;
}

Shares query_shares(const AttentionTrace& attention, int tokens) {
  const CodeFormat format{ActivationCode::kSigned, SalientFormat::kFloating, attention.queries.digits};
  Shares shares;
  for (int m = 0; m < tokens; ++m)
    for (int k = 0; k < attention.queries.size; ++k)
      shares.add(format, attention.queries, m, k, attention.queries.digits);
  return shares;
}

void print_attention(const AttentionTrace& attention, int tokens) {
  std::printf("\n  attention: %d heads of %d dimensions, %d of keys and values; context %d, tokens at %d to %d\n",
              attention.heads, attention.head_dim, attention.kv_heads, attention.context, attention.first_position,
              attention.context - 1);
  std::printf("  %-18s %9s %6s %5s %6s %9s\n", "codes", "code", "share", "E max", "E7 max", "nonzero");
  const auto print_codes = [](const char* name, const char* code, const HeadCodes& codes, const Shares& shares) {
    std::printf("  %-18s %9s %5.2f%% %5d %6d %8.1f%%\n", name, code, shares.of(shares.salient), codes.most_E,
                codes.most_E7, shares.of(shares.nonzero));
  };
  print_codes("queries", attention.queries.digits ? "digits" : "signed", attention.queries,
              query_shares(attention, tokens));
  print_codes("probabilities", "unsigned", attention.probabilities, probability_shares(attention, tokens));
  std::printf("  values have exponents of 0 to %d above their head's\n", attention.most_value_shift);
  const auto print_operation = [](const char* name, const AttentionOperation& operation) {
    std::printf("  %-10s F %d, gamma %d, outputs of %d bits\n", name, operation.F, operation.gamma,
                operation.output_bits);
  };
  print_operation("scores", attention.scores);
  print_operation("mix", attention.mix);
}

void print_vector_unit(const std::vector<VectorWork>& all) {
  if (all.empty()) return;
  std::printf("\n  %-18s %-12s %12s %9s\n", "vector unit", "kind", "elements", "vectors");
  for (const VectorWork& work : all)
    std::printf("  %-18s %-12s %12" PRId64 " %9" PRId64 "\n", work.name.c_str(),
                vector_kind_names()[static_cast<int>(work.kind)].c_str(), work.elements, work.vectors);
}

void describe_mac_trace(const std::string& file) {
  const MacTrace trace = MacTrace::open(file);
  print_origin(trace, "multiply-accumulate, " + mac_arithmetic_names()[static_cast<int>(trace.arithmetic)]);
  std::printf("  %-18s %6s  %s\n", "input", "size", "groups (inputs x activation bits x weight bits)");
  for (const MacInput& input : trace.inputs) {
    std::printf("  %-18s %6d ", input.name.c_str(), input.size);
    for (const MacGroup& group : input.groups)
      std::printf(" %dx%dx%d", group.size, group.activation_bits, group.weight_bits);
    std::printf("%s\n", input.groups.empty() ? " -" : input.symmetric ? "" : ", zero points");
  }
  std::printf("\n  %-10s %-18s %8s %10s\n", "operation", "input", "outputs", "weights");
  for (const MacOperation& operation : trace.operations) {
    const MacInput& input = trace.inputs[operation.input];
    std::printf("  %-10s %-18s %8d %10d\n", operation.name.c_str(), input.name.c_str(), operation.outputs,
                operation.outputs * input.size);
  }
  print_vector_unit(trace.vector_unit);
  print_assumptions(trace);
}

void describe_rate_trace(const std::string& file) {
  const RateTrace trace = RateTrace::open(file);
  static const char* const kWeights[] = {"4-bit", "ternary", "binary"};  // in the order of WeightKind
  print_origin(trace, "recorded spikes of " + std::to_string(trace.steps) + " steps, " +
                          kWeights[static_cast<int>(trace.weight_kind)] + " weights");
  std::printf("  %-18s %6s %12s\n", "input", "size", "spiking rate");
  for (const RateInput& input : trace.inputs) {
    double spikes = 0;
    for (int m = 0; m < trace.tokens; ++m)
      for (int step = 0; step < trace.steps; ++step)
        for (int k = 0; k < input.size; ++k) spikes += trace.spike(input.spikes, input.size, m, step, k);
    std::printf("  %-18s %6d %11.1f%%\n", input.name.c_str(), input.size,
                100 * spikes / (double(trace.tokens) * trace.steps * input.size));
  }
  std::printf("\n  %-18s %-18s %8s %10s %4s  %s\n", "operation", "input", "outputs", "weights", "F", "neuron");
  for (const RateOperation& operation : trace.operations) {
    const RateInput& input = trace.inputs[operation.input];
    std::printf("  %-18s %-18s %8d %10d %4d  %s\n", operation.name.c_str(), input.name.c_str(), operation.outputs,
                operation.outputs * input.size, operation.F, operation.fires ? "integrate and fire" : "running sum");
  }
  print_vector_unit(trace.vector_unit);
  print_assumptions(trace);
}

void describe_traffic(const std::string& file) {
  const RecordedTraffic traffic = RecordedTraffic::read(file);
  std::printf("%s\n  network traffic of %s\n  %d tiles, %d memory nodes; %s; links of %d bits\n", file.c_str(),
              traffic.title().c_str(), traffic.tiles, traffic.memory_nodes, traffic.network.c_str(), traffic.link_bits);
  std::printf("  cycles %" PRIu64 " to %" PRIu64 "%s\n\n", traffic.begin, traffic.end - 1,
              traffic.whole ? ", the whole run" : "");
  std::printf("  %-10s %9s %9s %11s %13s\n", "class", "packets", "flits", "deliveries", "mean latency");
  for (size_t i = 0; i < traffic.classes.size(); ++i) {
    uint64_t packets = 0, flits = 0, deliveries = 0;
    double latency = 0;
    for (const RecordedPacket& packet : traffic.packets) {
      if (packet.message_class != i) continue;
      ++packets;
      flits += packet.flits;
      deliveries += traffic.fanout(packet);
      latency += double(packet.latency);
    }
    if (packets > 0)
      std::printf("  %-10s %9" PRIu64 " %9" PRIu64 " %11" PRIu64 " %13.2f\n", traffic.classes[i].name.c_str(), packets,
                  flits, deliveries, latency / double(packets));
  }
}

}  // namespace

void describe_trace(const std::string& file) {
  if (RecordedTraffic::recognizes(file)) return describe_traffic(file);
  refuse_weights(file);
  if (MacTrace::recognizes(file)) return describe_mac_trace(file);
  if (RateTrace::recognizes(file)) return describe_rate_trace(file);
  const LayerTrace layer = LayerTrace::open(file);
  print_origin(layer, "outputs of " + std::to_string(layer.output_bits) + " bits");
  print_inputs(layer);
  print_operations(layer);
  if (layer.attention) print_attention(*layer.attention, layer.tokens);
  print_vector_unit(layer.vector_unit);
  print_assumptions(layer);
}

}  // namespace spikeloom
