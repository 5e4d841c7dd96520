// The spike encoder beside its SystemVerilog twin: random windows of random codes come in with random gaps, spikes
// leave against random back-pressure; what both sides take and send is compared in every cycle, bit by bit. Formats and
// spike codes are fixed for a simulation, so that each setting runs in a process of its own.

#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <memory>
#include <systemc>

#include "Rtl_spike_encoder.h"
#include "hw/spike_encoder/spike_encoder.h"
#include "tests/lockstep/lockstep.h"
#include "tests/support/tiny_layer.h"

namespace spikeloom {
namespace {

constexpr int kLinkBits = 128, kMostInputs = 576, kPacketFlits = 16;

struct Setting {
  const char* name;
  int spike_code;  // as in spike_code_names()
  ActivationCode code;
  SalientFormat salient;
  bool digits;
  int batch;
  int sources;  // that share a window: the encoder is the first one's
};

constexpr ActivationCode kSigned = ActivationCode::kSigned, kUnsigned = ActivationCode::kUnsigned;
constexpr SalientFormat kFloating = SalientFormat::kFloating, kShifted = SalientFormat::kShifted,
                        kExtended = SalientFormat::kExtended;
constexpr Setting kSettings[] = {
    {"ttfs signed floating", 0, kSigned, kFloating, false, 1, 1},
    {"ttfs digits", 0, kSigned, kFloating, true, 1, 2},
    {"ttfs digits, 4 tokens", 0, kSigned, kFloating, true, 4, 1},
    {"ttfs signed shifted, 3 tokens", 0, kSigned, kShifted, false, 3, 2},
    {"ttfs unsigned floating", 0, kUnsigned, kFloating, false, 1, 1},
    {"ttfs unsigned extended, 2 tokens", 0, kUnsigned, kExtended, false, 2, 2},
    {"count digits, 2 tokens", 1, kSigned, kFloating, true, 2, 1},
    {"count unsigned extended", 1, kUnsigned, kExtended, false, 1, 2},
    {"radix digits, 4 tokens", 2, kSigned, kFloating, true, 4, 1},
    {"radix unsigned floating", 2, kUnsigned, kFloating, false, 1, 2},
};

// Inputs of several sizes, wide ones among them; the largest is cut into windows. Of an input of one, the first of two
// sources has none.
TinySpec layer_of(const Setting& setting, uint32_t seed) {
  TinySpec spec;
  spec.tokens = 3 * setting.batch + (setting.batch > 1);  // the last batch is not full
  spec.inputs = {1, 6, 16, 40, 120, 570, 1100};
  if (setting.digits) spec.inputs = {12, 24, 50, 130, 560, 1000};
  spec.operations.clear();
  for (int i = 0; i < int(spec.inputs.size()); ++i) spec.operations.push_back({i, 4});
  spec.code = setting.code;
  spec.salient_format = setting.salient;
  spec.digits = setting.digits;
  spec.wide = setting.digits ? 12 : 1;
  spec.seed = seed;
  return spec;
}

ChipSpec chip_of(const Setting& setting) {
  ChipSpec spec = tiny_chip(2, 1);
  if (setting.sources == 2) spec.memory_nodes.push_back({1, 0, kEast});
  spec.synapse_array = {8, 4608, 4, 2};  // windows of at most 576 rows
  spec.packet_flits = kPacketFlits;
  spec.token_batch = setting.batch;
  spec.spike_code = setting.spike_code;
  return spec;
}

// Flits of one random window at a time, their codes random too: silent, dense, all salient ...
class WindowSource {
 public:
  WindowSource(const TinyContext& tiny, uint32_t seed) : tiny_(tiny), random_(seed) {}

  std::vector<Flit> next() {
    const LayerContext& context = tiny_.context;
    const Program& program = *context.program;
    WindowTag tag;
    do {
      tag.pass = below(int(program.passes.size()));
    } while (below(4) > 0 && context.range({tag.pass, 0, 0, 0}, 0).count > 20);  // more of the small ones
    tag.window = below(program.part(program.passes[tag.pass], 0).window_count());
    tag.batch = below(program.batches(program.passes[tag.pass]));
    const InputTrace& input = context.input(tag);
    const InputRange range = context.range(tag, 0);
    const CodeFormat format = CodeFormat::of(input);
    PackedCodes codes;
    codes.count = range.count;
    codes.tokens = context.rows(tag);
    const int silent_share = below(5) * 25, salient_share = below(4) * 30;
    for (int i = 0; i < codes.tokens * codes.count; ++i) {
      const bool pair = input.wide_rank[range.first + i % codes.count] >= 0;
      codes.salient.push_back(below(100) < salient_share);
      const int side = format.side_bits(codes.salient.back(), pair);
      codes.code.push_back(below(100) < silent_share ? 0 : uint8_t(below(16 << side)));
      codes.side_value_bits += side;
    }
    std::vector<uint64_t> bits;
    const uint64_t count = codes.pack(input, range.first, &bits);
    Flit head;
    head.type = MessageType::kCodes;
    head.tag = tag.pack();
    head.destination = random_();
    head.message_class = uint8_t(random_());
    head.flow = uint8_t(random_());
    for (int i = 0; i < kLinkBits / 64; ++i) head.bits[i] = uint64_t(random_()) << 32 | random_();
    return make_packets(head, bits, count, context.flits, below(3) ? kPacketFlits : 2 + below(4));
  }

 private:
  int below(int n) { return int(random_() % uint32_t(n)); }

  const TinyContext& tiny_;
  std::mt19937 random_;
};

// Pushes codes and pops spikes at random, every cycle another try.
class Traffic : public Block {
 public:
  FifoOut<Flit> codes;
  FifoIn<Flit> spikes;
  uint64_t windows = 0, flits = 0;
  bool pushed = false, popped = false;  // in this cycle
  Flit taken;                           // what was popped

  Traffic(const sc_core::sc_module_name& name, Clock& clock, WindowSource& source, uint32_t seed)
      : Block(name, clock), codes("codes"), spikes("spikes"), source_(source), random_(seed) {
    wake_at(1);
  }

 private:
  void tick() override {
    wake_at(now() + 1);
    pushed = popped = false;
    if (now() % 1000 == 1) {
      gap_ = random_() % 4 ? random_() % 90 : 0;
      stall_ = random_() % 3 ? random_() % 95 : 0;
    }
    if (waiting_.empty()) {
      for (const Flit& flit : source_.next()) waiting_.push_back(flit);
      ++windows;
    }
    if (random_() % 100 >= gap_ && codes->can_push()) {
      codes->push(waiting_.front());
      waiting_.pop_front();
      pushed = true;
    }
    if (random_() % 100 >= stall_ && spikes->can_pop()) {
      taken = spikes->front();
      spikes->pop();
      popped = true;
      ++flits;
    }
  }

  WindowSource& source_;
  std::mt19937 random_;
  std::deque<Flit> waiting_;
  uint32_t gap_ = 0, stall_ = 0;
};

// The twin's ports.
struct Twin {
  template <typename T>
  using Signal = sc_core::sc_signal<T>;
  using Bits = sc_dt::sc_bv<kLinkBits>;
  Rtl_spike_encoder rtl{"rtl"};
  Signal<bool> clk, reset, code_repeats, code_radix, format_unsigned, format_digits;
  Signal<uint32_t> format_salient, steps, slot_bits, window_count, window_tokens;
  Signal<sc_dt::sc_bv<kMostInputs>> window_wide;
  Signal<bool> codes_in_valid, codes_in_head, codes_in_tail, codes_in_last_packet, codes_in_pop;
  Signal<Bits> codes_in_bits, spikes_out_bits;
  Signal<uint64_t> codes_in_tag, spikes_out_tag;
  Signal<uint32_t> codes_in_destination, codes_in_class, codes_in_flow, codes_in_type;
  Signal<uint32_t> spikes_out_destination, spikes_out_class, spikes_out_flow, spikes_out_type;
  Signal<bool> spikes_out_ready, spikes_out_push, spikes_out_head, spikes_out_tail, spikes_out_last_packet;

  Twin() {
    rtl.clk(clk), rtl.reset(reset), rtl.code_repeats(code_repeats), rtl.code_radix(code_radix);
    rtl.format_unsigned(format_unsigned), rtl.format_digits(format_digits), rtl.format_salient(format_salient);
    rtl.steps(steps), rtl.slot_bits(slot_bits), rtl.window_count(window_count), rtl.window_tokens(window_tokens);
    rtl.window_wide(window_wide), rtl.codes_in_valid(codes_in_valid), rtl.codes_in_head(codes_in_head);
    rtl.codes_in_tail(codes_in_tail), rtl.codes_in_last_packet(codes_in_last_packet), rtl.codes_in_pop(codes_in_pop);
    rtl.codes_in_bits(codes_in_bits), rtl.codes_in_tag(codes_in_tag), rtl.codes_in_class(codes_in_class);
    rtl.codes_in_flow(codes_in_flow);
    rtl.codes_in_destination(codes_in_destination), rtl.codes_in_type(codes_in_type);
    rtl.spikes_out_ready(spikes_out_ready), rtl.spikes_out_push(spikes_out_push), rtl.spikes_out_bits(spikes_out_bits);
    rtl.spikes_out_tag(spikes_out_tag), rtl.spikes_out_destination(spikes_out_destination);
    rtl.spikes_out_class(spikes_out_class), rtl.spikes_out_flow(spikes_out_flow), rtl.spikes_out_type(spikes_out_type),
        rtl.spikes_out_head(spikes_out_head);
    rtl.spikes_out_tail(spikes_out_tail), rtl.spikes_out_last_packet(spikes_out_last_packet);
  }

  void configure(const Setting& setting, int T) {
    code_repeats = setting.spike_code == 1;
    code_radix = setting.spike_code == 2;
    format_unsigned = setting.code == ActivationCode::kUnsigned;
    format_salient = 1u << int(setting.salient);
    format_digits = setting.digits;
    steps = T;
    slot_bits = ceil_log2(setting.batch);
  }
  void codes_in(const Flit& flit) {
    Bits bits;
    for (int i = 0; i < kLinkBits / 32; ++i) bits.set_word(i, sc_dt::sc_digit(flit.bits[i / 2] >> i % 2 * 32));
    codes_in_bits = bits;
    codes_in_tag = flit.tag;
    codes_in_destination = flit.destination;
    codes_in_class = flit.message_class;
    codes_in_flow = flit.flow;
    codes_in_type = uint32_t(flit.type);
    codes_in_head = flit.head;
    codes_in_tail = flit.tail;
    codes_in_last_packet = flit.last_packet;
  }
  Flit spikes_out() const {
    Flit flit;
    for (int i = 0; i < kLinkBits / 32; ++i)
      flit.bits[i / 2] |= uint64_t(spikes_out_bits.read().get_word(i)) << i % 2 * 32;
    flit.tag = spikes_out_tag;
    flit.destination = spikes_out_destination;
    flit.message_class = uint8_t(spikes_out_class);
    flit.flow = uint8_t(spikes_out_flow);
    flit.type = MessageType(uint32_t(spikes_out_type));
    flit.head = spikes_out_head;
    flit.tail = spikes_out_tail;
    flit.last_packet = spikes_out_last_packet;
    return flit;
  }
};

class Lockstep {
 public:
  Lockstep(const Setting& setting, uint32_t seed)
      : layer_(layer_of(setting, seed)),
        tiny_(layer_, chip_of(setting)),
        codes_(clock_, 4),
        spikes_(clock_, 2),
        source_(tiny_, seed),
        traffic_("traffic", clock_, source_, seed + 1),
        encoder_("encoder", clock_, chip_of(setting).encoder, tiny_.context, 0, ledger_),
        comparison_(std::string("spike_encoder, ") + setting.name) {
    traffic_.codes(codes_);
    encoder_.codes_in[0](codes_);
    encoder_.spikes_out(spikes_);
    traffic_.spikes(spikes_);
    twin_.configure(setting, stream_format(tiny_.context, {}, 0).steps);
  }

  // A clock cycle is 2000 ps; blocks run at its start, and each pass of the loop begins 1500 ps before.
  void run(uint64_t cycles) {
    const auto advance = [](int ps) { sc_core::sc_start(ps, sc_core::SC_PS); };
    twin_.reset = true;
    advance(200);
    twin_.clk = true;
    advance(300);
    twin_.reset = false;
    for (uint64_t cycle = 1; cycle <= cycles; ++cycle) {
      twin_.clk = false;
      drive();
      advance(1800);
      compare(cycle);
      twin_.clk = true;
      advance(200);
    }
    comparison_.report(cycles, std::to_string(traffic_.windows) + " windows, " + std::to_string(traffic_.flits) +
                                   " flits out, " + std::to_string(encoder_.spikes()) + " spikes");
  }

 private:
  // What the FIFOs show in the cycle that comes next, and the program's entry for its window.
  void drive() {
    codes_before_ = codes_.size();
    spikes_before_ = spikes_.size();
    twin_.codes_in_valid = codes_.can_pop();
    twin_.spikes_out_ready = spikes_.can_push();
    if (!codes_.can_pop()) return;
    const Flit& flit = codes_.front();
    twin_.codes_in(flit);
    if (!flit.head) return;
    const WindowTag tag = WindowTag::unpack(flit.tag);
    const InputRange range = tiny_.context.range(tag, 0);
    twin_.window_count = range.count;
    twin_.window_tokens = tiny_.context.rows(tag);
    sc_dt::sc_bv<kMostInputs> wide = 0;
    for (int k = 0; k < range.count; ++k) wide[k] = tiny_.context.input(tag).is_wide(range.first + k);
    twin_.window_wide = wide;
  }

  // What the encoder took and sent is what the FIFOs gained and lost beside the traffic's share. A flit that is sent is
  // compared when the traffic takes it.
  void compare(uint64_t cycle) {
    comparison_.expect(cycle, "codes_in_pop", codes_before_ + traffic_.pushed - codes_.size(), twin_.codes_in_pop);
    comparison_.expect(cycle, "spikes_out_push", spikes_.size() + traffic_.popped - spikes_before_,
                       twin_.spikes_out_push);
    if (twin_.spikes_out_push) sent_.push_back({cycle, twin_.spikes_out()});
    if (!traffic_.popped) return;
    const auto& [sent_in, flit] = sent_.front();
    const Flit& right = traffic_.taken;
    for (int i = 0; i < kLinkBits / 64; ++i)
      comparison_.expect(sent_in, "spikes_out_bits", right.bits[i], flit.bits[i]);
    comparison_.expect(sent_in, "spikes_out_tag", right.tag, flit.tag);
    comparison_.expect(sent_in, "spikes_out_destination", right.destination, flit.destination);
    comparison_.expect(sent_in, "spikes_out_class", right.message_class, flit.message_class);
    comparison_.expect(sent_in, "spikes_out_flow", right.flow, flit.flow);
    comparison_.expect(sent_in, "spikes_out_type", uint64_t(right.type), uint64_t(flit.type));
    comparison_.expect(sent_in, "spikes_out_head", right.head, flit.head);
    comparison_.expect(sent_in, "spikes_out_tail", right.tail, flit.tail);
    comparison_.expect(sent_in, "spikes_out_last_packet", right.last_packet, flit.last_packet);
    sent_.pop_front();
  }

  Clock clock_{"clock", 500};
  EnergyLedger ledger_{1000};
  TinyLayer layer_;
  TinyContext tiny_;
  RegisteredFifo<Flit> codes_, spikes_;
  WindowSource source_;
  Traffic traffic_;
  SpikeEncoder encoder_;
  Twin twin_;
  PortComparison comparison_;
  size_t codes_before_ = 0, spikes_before_ = 0;
  std::deque<std::pair<uint64_t, Flit>> sent_;  // by the twin: cycle, flit
};

// Runs one setting in a process of its own: SystemC elaborates once per process.
bool run_setting(const Setting& setting, uint64_t cycles, uint32_t seed) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    Lockstep lockstep(setting, seed);
    lockstep.run(cycles);
    std::fflush(stdout);
    std::_Exit(0);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace
}  // namespace spikeloom

int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) {
  using namespace spikeloom;
  const LockstepOptions options = LockstepOptions::parse(argc, argv);
  const uint64_t settings = std::size(kSettings);
  for (uint64_t i = 0; i < settings; ++i)
    if (!run_setting(kSettings[i], ceil_div(options.cycles, settings), options.seed + uint32_t(i))) return 1;
  return 0;
}
