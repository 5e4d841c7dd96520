// Whether a mapped layer fits a chip: registers proven wide enough, windows that fit the encoder, tags in range.

#include <algorithm>
#include <limits>

#include "hw/chip/chip.h"
#include "hw/mapping/parts.h"
#include "hw/sequencer/vector_job.h"
#include "models/attention_operations.h"
#include "models/mac_layer.h"

namespace spikeloom {

namespace {

constexpr int kResidualBits = 32;  // binary32, as the vector unit computes

// What is too small, each key once with the most that it has to hold.
class Shortfalls {
 public:
  explicit Shortfalls(const ChipSpec& spec) : spec_(spec) {}

  // `most`: that the key may be set to; `remedy`: what else helps where that is not enough.
  void need(const std::string& key, const std::string& name, int64_t needed, int64_t given,
            int64_t most = std::numeric_limits<int64_t>::max(), const std::string& remedy = "") {
    if (needed <= given) return;
    const auto found = std::find_if(all_.begin(), all_.end(), [&](const Shortfall& other) { return other.key == key; });
    if (found == all_.end())
      all_.push_back({key, name, needed, given, most, remedy});
    else if (needed > found->needed)
      *found = {key, name, needed, given, most, remedy};
  }
  // Throws UserError that names all, if there are any.
  void refuse() const {
    std::string text;
    for (const Shortfall& one : all_) {
      const std::string needed = std::to_string(one.needed);
      text += (text.empty() ? "" : "; also ") +
              spec_.section.message_below(
                  one.key, std::to_string(one.given) + " is too small for '" + one.name + "', which needs " + needed +
                               "; " + (one.needed <= one.most ? "set it to " + needed + " or more" : one.remedy));
    }
    if (!text.empty()) throw UserError(text);
  }

 private:
  struct Shortfall {
    std::string key, name;
    int64_t needed, given, most;
    std::string remedy;
  };
  const ChipSpec& spec_;
  std::vector<Shortfall> all_;
};

void check_accumulators(const ChipSpec& spec, const LayerTrace& layer, const OperationTrace& operation,
                        const RegisterNeeds& needs, Shortfalls* shortfalls) {
  if (spec.mac_array.accumulators == Accumulators::kShared) return;  // as wide as membranes
  shortfalls->need("tile.mac_array.accumulator_bits", operation.name,
                   product_sum_bits(layer.inputs[operation.input], needs), spec.mac_array.accumulator_bits);
}

void check_registers(const ChipSpec& spec, const LayerTrace& layer, Shortfalls* shortfalls) {
  const NeuronArraySpec& have = spec.neuron_array;
  for (const OperationTrace& operation : layer.operations) {
    if (operation.mac) {
      if (!spec.multiplies_reals())
        shortfalls->need("tile.mac_array.accumulator_bits", operation.name,
                         accumulator_needs(layer.inputs[operation.input], operation), spec.mac_array.accumulator_bits);
      continue;
    }
    const RegisterNeeds needs = operation_needs(layer, operation);
    if (spec.multiplies())
      check_accumulators(spec, layer, operation, needs, shortfalls);
    else
      shortfalls->need("tile.neuron_array.slope_bits", operation.name, needs.slope_bits, have.slope_bits);
    shortfalls->need("tile.neuron_array.membrane_bits", operation.name, needs.membrane_bits, have.membrane_bits);
    shortfalls->need("tile.neuron_array.threshold_bits", operation.name, needs.threshold_bits, have.threshold_bits);
    shortfalls->need("tile.neuron_array.residue_bits", operation.name, needs.residue_bits, have.residue_bits);
  }
}

// Most entries that the counting sort can have for one code.
int entries_per_code(const SpikeCode& code, const CodeFormat& format) {
  const int T = code.steps(format.largest_magnitude());
  int most = 1;
  for (int p = 1; p <= format.largest_magnitude() && !code.repeats(); ++p) {
    int spikes = 0;
    for (int step = 0; step < T; ++step) spikes += code.fires(p, step, T);
    most = std::max(most, spikes);
  }
  return most * (format.digits ? 2 : 1);
}

// What one encoder gets of a window: one source's inputs, in a tile those of all sources.
struct EncoderWindow {
  int64_t count = 0;      // inputs
  int64_t side_bits = 0;  // of a token, at most
};

EncoderWindow encoder_window(const ChipSpec& spec, const InputTrace& input, SideFormat side_format,
                             const Window& window, int part, const SourceShare& share) {
  EncoderWindow most, all;
  for (int source = 0; source < share.sources; ++source) {
    const InputRange range = source_range(window, part, source, share);
    const auto side_bits = int64_t(most_side_bits(input, side_format, range.first, range.count));
    most = {std::max<int64_t>(most.count, range.count), std::max(most.side_bits, side_bits)};
    all = {all.count + range.count, all.side_bits + side_bits};
  }
  return spec.payload == Payload::kPackedCodes ? all : most;
}

// `batch`: most tokens at once.
void check_encoder(const ChipSpec& spec, const InputTrace& input, SideFormat side_format, const Window& window,
                   int batch, int part, const SourceShare& share, Shortfalls* shortfalls) {
  const EncoderWindow holds = encoder_window(spec, input, side_format, window, part, share);
  const int64_t count = holds.count;
  const int64_t codes = count * batch;
  const CodeFormat format = CodeFormat::of(input);
  const auto code = make_spike_code(spec.spike_code);
  const int64_t main_bytes = int64_t(2 * ceil_div(codes * input.main_code_bits(), 8)),
                side_bytes = int64_t(2 * ceil_div(holds.side_bits * batch, 8));
  shortfalls->need("encoder.main_bytes", input.name, main_bytes, spec.encoder.buffer.main_bytes);
  shortfalls->need("encoder.side_bytes", input.name, side_bytes, spec.encoder.buffer.side_bytes);
  if (spec.payload == Payload::kBitmap || spec.multiplies()) return;
  const int bits = ceil_log2(count) + ceil_log2(batch) + ceil_log2(format.slope_bases()) + 1;
  const auto entry_bytes = int64_t(ceil_div(bits, 8));
  shortfalls->need("encoder.index_entry_bytes", input.name, entry_bytes, spec.encoder.index_entry_bytes);
  const int64_t index_bytes =
      2 * codes * entries_per_code(*code, format) * std::max<int64_t>(entry_bytes, spec.encoder.index_entry_bytes);
  shortfalls->need("encoder.index_bytes", input.name, index_bytes, spec.encoder.index_bytes);
}

// Bits that a job of the vector unit leaves in the global buffer, and whether they are codes, which stay until the
// operations behind have sent them; of a neuron the spike alone, whose state takes the place of the one before. What
// else it makes, the next such job reads, and codings before it. The residual stream is counted apart.
struct Made {
  uint64_t bits = 0;
  bool are_codes = false;
};

Made made_by(const VectorJob& job) {
  switch (job.kind) {
    case VectorKind::kResidualAdd:
      return {0, false};
    case VectorKind::kSpikeScores:
    case VectorKind::kSpikeMix:  // a sum for each vector
      return {uint64_t(job.vectors) * job.out_bits, false};
    case VectorKind::kIntegrateFire:
      return {uint64_t(job.elements), true};
    default:
      return {uint64_t(job.elements) * job.out_bits,
              job.kind == VectorKind::kEncode || job.kind == VectorKind::kQuantize};
  }
}

// Most bytes that a memory node's global buffer holds at once, beside the residual stream of its own tokens: of
// operations the codes that it sends (with the side bits that they may need), and of its tokens the outputs, and those
// of the operations before, from which the vector unit makes the codes; of the vector unit what it has made since and
// is still read.
uint64_t resident_bytes(const LayerTrace& layer, const Program& program, int node) {
  uint64_t most = 0, outputs_before = 0, codes = 0, latest = 0;
  const uint64_t kept = program.tokens_kept(node);
  for (size_t index = 0; index < program.phases.size(); ++index) {
    const Phase& phase = program.phases[index];
    if (phase.is_vector()) {
      const Made made = made_by(vector_job(layer, program, node, int(index)));
      most = std::max(most, outputs_before + codes + latest + made.bits);
      if (made.are_codes)
        codes += made.bits;
      else
        latest = made.bits;
      continue;
    }
    const SourceShare share{static_cast<int>(phase.parts.size()), program.sources};
    const InputTrace& input = layer.inputs[phase.input];
    uint64_t row_bits = 0, outputs = 0;  // row_bits: of a row's codes
    for (int part = 0; part < share.parts; ++part)
      for (const Slice& slice : phase.parts[part].slices)
        for (const Window& window : slice.windows) {
          const InputRange range = source_range(window, part, node, share);
          row_bits += uint64_t(input.main_code_bits()) * range.count +
                      most_side_bits(input, phase.side_format, range.first, range.count);
          if (has_row_scales(input) && node == share.last(part) && window.first == input.group_begin(window.group))
            row_bits += row_scale_bits(input, window.group);
        }
    for (const OperationTrace& operation : layer.operations)
      if (operation.input == phase.input)
        outputs += kept * phase.rows_per_token * operation.outputs * operation.output_bits;
    most = std::max(most, row_bits * phase.rows + outputs + outputs_before);
    outputs_before = outputs;
    codes = latest = 0;
  }
  return ceil_div(most + kept * layer.inputs[0].size * kResidualBits, 8);
}

void check_global_buffer(const ChipSpec& spec, const LayerTrace& layer, const Program& program,
                         Shortfalls* shortfalls) {
  uint64_t most = 0;
  for (int node = 0; node < program.sources; ++node) most = std::max(most, resident_bytes(layer, program, node));
  shortfalls->need("memory_node.global_buffer.bytes", "the codes, outputs and residual stream of a phase",
                   int64_t(most), spec.global_buffer.bytes);
}

void check_vector_unit(const ChipSpec& spec, const LayerTrace& layer, const Program& program, Shortfalls* shortfalls) {
  for (const Phase& phase : program.phases) {
    if (!phase.is_vector()) continue;
    const VectorWork& work = layer.vector_unit[phase.vector_work];
    const int64_t longest = work.causal()      ? layer.seen(layer.tokens - 1)
                            : work.vectors > 0 ? work.elements / work.vectors
                                               : 0;
    const int64_t word = int64_t(spec.vector_unit.buffer().word_bytes);
    if (longest > spec.vector_unit.longest_vector())
      shortfalls->need("memory_node.vector_unit.buffer_bytes", work.name,
                       int64_t(ceil_div(longest, spec.vector_unit.lanes)) * word, spec.vector_unit.buffer_bytes);
  }
}

// All keys of a slice are in the loader's buffer before its first row leaves; its bursts may begin and end elsewhere.
void check_transposing(const ChipSpec& spec, const WeightLayout& layout, Shortfalls* shortfalls) {
  uint64_t most = 0;
  for (const Load& load : layout.slices())
    if (layout.transposes(load))
      most = std::max(most, layout.place(load).parameter_bytes + uint64_t(layout.place(load).row_bytes));
  if (most > 0) most += 2 * spec.dram.device.burst_bytes();
  shortfalls->need("memory_node.weight_loader.buffer_bytes", "scores", int64_t(most), spec.weight_loader.buffer_bytes);
}

void check_dram(const ChipSpec& spec, const LayerTrace& layer, const Program& program, Shortfalls* shortfalls) {
  const int link_bits = spec.network.link_bits;
  for (int node = 0; node < program.sources; ++node) {
    const WeightLayout layout(layer, program, node, spec.neuron_array, spec.synapse_array.packing, link_bits,
                              spec.dram.device.burst_bytes(), spec.weight_loader.kv_cache.layer_bytes());
    check_transposing(spec, layout, shortfalls);
    shortfalls->need(
        "memory_node.dram.channels",
        "the " + std::to_string(layout.bytes()) + " bytes of weights of memory node " + std::to_string(node),
        int64_t(ceil_div(layout.bytes(), spec.dram.device.bytes())), spec.dram.channels, DramSpec::kMostChannels,
        "at most " + std::to_string(DramSpec::kMostChannels) +
            " are allowed: take a larger device (memory_node.dram.device)");
  }
}

// A word for each token and each part of an operation that a tile has.
void check_state_memory(const ChipSpec& spec, const LayerTrace& layer, const Program& program, Shortfalls* shortfalls) {
  std::vector<int64_t> words(spec.tiles(), 0);
  for (const Pass& pass : program.passes)
    for (size_t tile = 0; tile < pass.tiles.size(); ++tile) {
      const TileWork& work = pass.tiles[tile];
      if (!work.fires()) continue;
      const OperationTrace& operation = layer.operations[work.operation];
      if (operation.keeps_state && !operation.restores_state) words[tile] += layer.tokens;
    }
  const int64_t needed = *std::max_element(words.begin(), words.end()) * spec.neuron_array.state_words() *
                         spec.neuron_array.state_word_bytes;
  shortfalls->need("step_blocks.state_bytes", "states of neurons between blocks of steps", needed,
                   spec.neuron_array.state_bytes);
}

// What a message's tag has bits for.
void check_tags(const ChipSpec& spec, const Program& program) {
  const auto check = [&](const char* key, size_t count, int most, const std::string& what, const std::string& remedy) {
    if (count > size_t(most))
      spec.section.fail_below(
          key, std::to_string(count) + " " + what + " (allowed: up to " + std::to_string(most) + "); " + remedy);
  };
  for (const Phase& phase : program.phases) {
    check("mapping.input_split", phase.parts.size(), WindowTag::kMostParts, "parts of an operation's inputs",
          "split them over fewer tiles");
    check("tile.token_batch", ceil_div(uint64_t(phase.rows), uint64_t(program.batch)), WindowTag::kMostBatches,
          "batches of tokens", "enlarge the batch or run fewer tokens");
    for (const Part& part : phase.parts)
      check("tile.synapse_array.weight_bytes", size_t(part.window_count()), WindowTag::kMostWindows,
            "windows per token", "enlarge the weight SRAM or split the inputs");
  }
  check("tile.lanes", program.passes.size(), WindowTag::kMostPasses, "passes that the layer needs",
        "use more tiles or lanes");
}

}  // namespace

void check_mapping(const ChipSpec& spec, const LayerTrace& layer) {
  Shortfalls shortfalls(spec);
  for (const OperationTrace& operation : layer.operations) {
    const InputTrace& input = layer.inputs[operation.input];
    const int rows = most_rows_of_an_input(input);
    if (rows > spec.synapse_array.half_rows())
      shortfalls.need("tile.synapse_array.weight_bytes", input.name, int64_t{2} * rows * spec.synapse_array.row_bytes(),
                      spec.synapse_array.weight_bytes);
    if (input.in_order && !spec.mapping.automatic && spec.mapping.input_split != 1)
      spec.section.fail_below("mapping.input_split",
                              std::to_string(spec.mapping.input_split) +
                                  " parts would change the order in which the binary32 sums of input '" + input.name +
                                  "' are added; set it to 1");
  }
  shortfalls.refuse();
}

void check_fit(const ChipSpec& spec, const LayerTrace& layer, const Program& program) {
  Shortfalls shortfalls(spec);
  check_registers(spec, layer, &shortfalls);
  check_vector_unit(spec, layer, program, &shortfalls);
  check_global_buffer(spec, layer, program, &shortfalls);
  check_dram(spec, layer, program, &shortfalls);
  check_state_memory(spec, layer, program, &shortfalls);
  for (const Phase& phase : program.phases) {
    const int batch = std::min(spec.token_batch, phase.rows);
    for (size_t p = 0; p < phase.parts.size(); ++p) {  // none in phases of the vector unit
      const Part& part = phase.parts[p];
      for (const Slice& slice : part.slices)
        for (const Window& window : slice.windows)
          check_encoder(spec, layer.inputs[phase.input], phase.side_format, window, batch, static_cast<int>(p),
                        {static_cast<int>(phase.parts.size()), program.sources}, &shortfalls);
    }
  }
  shortfalls.refuse();
  check_tags(spec, program);
}

}  // namespace spikeloom
