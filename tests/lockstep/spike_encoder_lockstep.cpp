// The spike encoder of a memory node (address events and bitmaps) and that of a tile, which gathers the codes of
// several sources, beside their SystemVerilog twin: random windows of random codes come in with random gaps, spikes
// leave against random back-pressure; what both sides take and send is compared in every cycle, bit by bit. Formats,
// spike codes, payload and side formats are fixed for a simulation, so that each setting runs in a process of its own.

#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <memory>
#include <systemc>

#include "Rtl_spike_encoder.h"
#include "Rtl_spike_encoder_bitmap.h"
#include "Rtl_spike_encoder_bitmap_lists.h"
#include "Rtl_spike_encoder_bitmap_lists_narrow.h"
#include "Rtl_spike_encoder_bitmap_narrow.h"
#include "Rtl_spike_encoder_lists.h"
#include "Rtl_spike_encoder_recorded.h"
#include "Rtl_spike_encoder_recorded_bitmap.h"
#include "Rtl_spike_encoder_recorded_tile.h"
#include "Rtl_spike_encoder_tile.h"
#include "Rtl_spike_encoder_tile_lists.h"
#include "tests/lockstep/lockstep.h"
#include "tests/lockstep/rtl_ports.h"
#include "tests/lockstep/spike_encoder_traffic.h"

namespace spikeloom {
namespace {

constexpr int kMostInputs = 576;

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

// On links of 64 bits, of which a chunk may take three.
constexpr Setting kNarrowSettings[] = {
    {"ttfs digits", 0, kSigned, kFloating, true, 1, 2},
    {"count digits, 2 tokens", 1, kSigned, kFloating, true, 2, 1},
    {"count unsigned extended", 1, kUnsigned, kExtended, false, 1, 2},
    {"radix signed floating, 2 tokens", 2, kSigned, kFloating, false, 2, 1},
};
constexpr Setting kTileSettings[] = {
    {"ttfs digits", 0, kSigned, kFloating, true, 1, 2},
    {"ttfs digits, 4 tokens", 0, kSigned, kFloating, true, 4, 3},
    {"ttfs unsigned extended, 2 tokens", 0, kUnsigned, kExtended, false, 2, 3, 2},
    {"count digits, 2 tokens", 1, kSigned, kFloating, true, 2, 3},
    {"count unsigned extended", 1, kUnsigned, kExtended, false, 1, 2},
    {"radix unsigned floating", 2, kUnsigned, kFloating, false, 1, 3, 2},
};

// Salient values by index list in every window, or in those of some inputs.
constexpr SidePolicy kLists = SidePolicy::kIndexList, kSomeLists = SidePolicy::kAuto;
constexpr Setting kListSettings[] = {
    {"lists, ttfs signed floating", 0, kSigned, kFloating, false, 1, 2, 1, kLists},
    {"lists, ttfs digits, 4 tokens", 0, kSigned, kFloating, true, 4, 1, 1, kLists},
    {"some lists, ttfs signed shifted, 3 tokens", 0, kSigned, kShifted, false, 3, 2, 1, kSomeLists},
    {"some lists, count digits", 1, kSigned, kFloating, true, 1, 2, 1, kSomeLists},
    {"lists, radix unsigned extended, 2 tokens", 2, kUnsigned, kExtended, false, 2, 1, 1, kLists},
};
constexpr Setting kNarrowListSettings[] = {
    {"lists, ttfs digits", 0, kSigned, kFloating, true, 1, 2, 1, kLists},
    {"lists, count signed floating, 2 tokens", 1, kSigned, kFloating, false, 2, 1, 1, kLists},
    {"some lists, radix unsigned extended, 2 tokens", 2, kUnsigned, kExtended, false, 2, 1, 1, kSomeLists},
};
constexpr Setting kTileListSettings[] = {
    {"lists, ttfs digits, 4 tokens", 0, kSigned, kFloating, true, 4, 3, 1, kLists},
    {"some lists, ttfs unsigned extended, 2 tokens", 0, kUnsigned, kExtended, false, 2, 3, 2, kSomeLists},
    {"lists, count signed floating", 1, kSigned, kFloating, false, 1, 2, 1, kLists},
};

// Recorded spikes, in shapes of before and in those of 8 steps a batch whose buffers have short words.
constexpr SidePolicy kMasks = SidePolicy::kMask;
constexpr Setting kRecordedSettings[] = {
    {"recorded", 3, kSigned, kFloating, false, 1, 2},
    {"recorded, 3 steps", 3, kUnsigned, kExtended, false, 3, 1},
};
constexpr Setting kNarrowRecordedSettings[] = {{"recorded, 2 steps", 3, kSigned, kFloating, false, 2, 2}};
constexpr Setting kShortWordSettings[] = {
    {"recorded, 8 steps, short words", 3, kSigned, kFloating, false, 8, 3, 1, kMasks, 4},
    {"recorded, short words", 3, kSigned, kFloating, false, 1, 3, 2, kMasks, 4},
};

// clang-format off
#define PORTS(X)                                                                                                      \
  X(clk) X(reset) X(code_repeats) X(code_radix) X(format_unsigned) X(format_salient) X(format_digits)                 \
  X(format_recorded) X(steps) X(slots) X(window_serves) X(window_counts) X(window_tokens) X(window_wide)              \
  X(window_lists) X(codes_in_valid) X(codes_in_bits) X(codes_in_tag) X(codes_in_destination) X(codes_in_class)        \
  X(codes_in_flow) X(codes_in_type) X(codes_in_head) X(codes_in_tail) X(codes_in_last_packet) X(codes_in_pop)         \
  X(spikes_out_ready) X(spikes_out_push) X(spikes_out_bits) X(spikes_out_tag) X(spikes_out_destination)               \
  X(spikes_out_class) X(spikes_out_flow) X(spikes_out_type) X(spikes_out_head) X(spikes_out_tail)                     \
  X(spikes_out_last_packet)
// clang-format on

// One field of every source's flit, side by side.
struct Fields {
  std::array<uint64_t, 7> words{};  // up to 3 x 128 bits
  void put(size_t source, int bits, uint64_t value) { put_bits(words.data(), source * bits, bits, value); }
};

// The twin and a signal at each of its ports.
template <class Rtl>
struct Twin {
  template <class P>
  using SignalOf = Signal<typename std::remove_reference_t<P>::data_type>;
#define DECLARE(port) SignalOf<decltype(Rtl::port)> port;
  PORTS(DECLARE)
#undef DECLARE
  Rtl rtl{"rtl"};
  Twin() {
#define BIND(port) rtl.port(port);
    PORTS(BIND)
#undef BIND
  }

  void configure(const Setting& setting, int T) {
    code_repeats = setting.spike_code == 1;
    code_radix = setting.spike_code == 2;
    format_recorded = setting.recorded();
    format_unsigned = !setting.recorded() && setting.code == ActivationCode::kUnsigned;
    format_salient = setting.recorded() ? 0u : 1u << int(setting.salient);
    format_digits = setting.digits;
    steps = T;
    slots = setting.batch;
  }
  // What each input shows; nullptr: nothing.
  void codes_in(const std::vector<const Flit*>& flits, int link_bits) {
    Fields valid, bits, tag, destination, message_class, flow, type, head, tail, last_packet;
    for (size_t s = 0; s < flits.size(); ++s) {
      if (!flits[s]) continue;
      const Flit& flit = *flits[s];
      valid.put(s, 1, 1);
      for (int b = 0; b < link_bits; b += 64) put_bits(bits.words.data(), s * link_bits + b, 64, flit.bits[b / 64]);
      tag.put(s, 48, flit.tag);
      destination.put(s, 32, flit.destination);
      message_class.put(s, 8, flit.message_class);
      flow.put(s, 8, flit.flow);
      type.put(s, 3, uint64_t(flit.type));
      head.put(s, 1, flit.head);
      tail.put(s, 1, flit.tail);
      last_packet.put(s, 1, flit.last_packet);
    }
    write_words(codes_in_valid, valid.words.data());
    write_words(codes_in_bits, bits.words.data());
    write_words(codes_in_tag, tag.words.data());
    write_words(codes_in_destination, destination.words.data());
    write_words(codes_in_class, message_class.words.data());
    write_words(codes_in_flow, flow.words.data());
    write_words(codes_in_type, type.words.data());
    write_words(codes_in_head, head.words.data());
    write_words(codes_in_tail, tail.words.data());
    write_words(codes_in_last_packet, last_packet.words.data());
  }
  Flit spikes_out() const {
    Flit flit;
    read_words(spikes_out_bits, flit.bits.data());
    flit.tag = spikes_out_tag.read();
    flit.destination = spikes_out_destination.read();
    flit.message_class = uint8_t(spikes_out_class.read());
    flit.flow = uint8_t(spikes_out_flow.read());
    flit.type = MessageType(uint32_t(spikes_out_type.read()));
    flit.head = spikes_out_head.read();
    flit.tail = spikes_out_tail.read();
    flit.last_packet = spikes_out_last_packet.read();
    return flit;
  }
};

template <class Rtl>
class Lockstep {
 public:
  Lockstep(const Setting& setting, Payload payload, int link_bits, uint64_t cycles, uint32_t seed)
      : cycles_(cycles),
        link_bits_(link_bits),
        gather_(payload == Payload::kPackedCodes),
        layer_(layer_of(setting, seed)),
        tiny_(record(setting, &layer_.trace), chip_of(setting, payload, link_bits)),
        spikes_(clock_, 2),
        source_(tiny_, seed),
        windows_(windows(cycles)),
        traffic_("traffic", clock_, tiny_, source_, windows_, gather_, seed + 1),
        encoder_("encoder", clock_, chip_of(setting, payload, link_bits).encoder, tiny_.context, gather_ ? -1 : 0,
                 ledger_, gather_ ? windows_ : std::vector<WindowTag>()),
        comparison_("spike_encoder, " +
                    std::string(payload == Payload::kBitmap ? "bitmap "
                                : gather_                   ? "tile "
                                                            : "") +
                    std::to_string(link_bits) + " bits, " + setting.name) {
    for (size_t i = 0; i < traffic_.codes.size(); ++i) {
      codes_.push_back(std::make_unique<RegisteredFifo<Flit>>(clock_, 4));
      traffic_.codes[i](*codes_[i]);
      encoder_.codes_in[i](*codes_[i]);
    }
    encoder_.spikes_out(spikes_);
    traffic_.spikes(spikes_);
    twin_.configure(setting, stream_format(tiny_.context, {}, gather_ ? -1 : 0).steps);
  }

  // A clock cycle is 2000 ps; blocks run at its start, and each pass of the loop begins 1500 ps before.
  void run() {
    const auto advance = [](int ps) { sc_core::sc_start(ps, sc_core::SC_PS); };
    twin_.reset = true;
    advance(200);
    twin_.clk = true;
    advance(300);
    twin_.reset = false;
    for (uint64_t cycle = 1; cycle <= cycles_; ++cycle) {
      twin_.clk = false;
      drive();
      advance(1800);
      compare(cycle);
      twin_.clk = true;
      advance(200);
    }
    comparison_.report(cycles_, std::to_string(filling_) + " windows, " + std::to_string(lists_) + " with lists, " +
                                    std::to_string(traffic_.flits) + " flits out, " +
                                    std::to_string(encoder_.spikes()) + " spikes");
  }

 private:
  // More than can pass: a window takes a cycle to start, one a head flit, and one a mark or chunk of its steps.
  std::vector<WindowTag> windows(uint64_t cycles) {
    std::vector<WindowTag> tags;
    for (uint64_t i = 0; i < cycles / 4 + 20; ++i) tags.push_back(source_.window());
    return tags;
  }

  // What the FIFOs show in the cycle that comes next, and the program's entry for the window that is filled.
  void drive() {
    std::vector<const Flit*> shown;
    for (size_t i = 0; i < codes_.size(); ++i) {
      codes_before_[i] = codes_[i]->size();
      shown.push_back(codes_[i]->can_pop() ? &codes_[i]->front() : nullptr);
    }
    spikes_before_ = spikes_.size();
    twin_.spikes_out_ready = spikes_.can_push();
    twin_.codes_in(shown, link_bits_);
    if (shown_window_ != filling_) show_window();
  }

  void show_window() {
    shown_window_ = filling_;
    const LayerContext& context = tiny_.context;
    const WindowTag& tag = windows_[filling_];
    Fields serves, counts;
    int total = 0;
    for (size_t i = 0; i < codes_.size(); ++i) {
      const int count = context.range(tag, int(i)).count;
      serves.put(i, 1, traffic_.serves(tag, int(i)));
      counts.put(i, ceil_log2(kMostInputs + 1), uint64_t(count));
      total += count;
    }
    write_words(twin_.window_serves, serves.words.data());
    write_words(twin_.window_counts, counts.words.data());
    twin_.window_tokens = context.rows(tag);
    twin_.window_lists = context.side_format(tag) == SideFormat::kIndexList;
    const int first = gather_ ? context.window(tag).first : context.range(tag, 0).first;
    sc_dt::sc_bv<kMostInputs> wide = 0;
    for (int k = 0; k < total; ++k) wide[k] = context.input(tag).is_wide(first + k);
    twin_.window_wide = wide;
  }

  // What the encoder took and sent is what the FIFOs gained and lost beside the traffic's share. A flit that is sent is
  // compared when the traffic takes it.
  void compare(uint64_t cycle) {
    uint64_t pops = 0;
    for (size_t i = 0; i < codes_.size(); ++i) {
      const uint64_t popped = codes_before_[i] + traffic_.pushed[i] - codes_[i]->size();
      pops |= popped << i;
      flits_taken_ += popped;
    }
    comparison_.expect(cycle, "codes_in_pop", pops, twin_.codes_in_pop.read());
    const std::vector<uint64_t>& until = traffic_.flits_until();
    for (; filling_ < until.size() && until[filling_] <= flits_taken_; ++filling_)
      lists_ += tiny_.context.side_format(windows_[filling_]) == SideFormat::kIndexList;
    comparison_.expect(cycle, "spikes_out_push", spikes_.size() + traffic_.popped - spikes_before_,
                       twin_.spikes_out_push.read());
    if (twin_.spikes_out_push.read()) sent_.push_back({cycle, twin_.spikes_out()});
    if (!traffic_.popped) return;
    const auto& [sent_in, flit] = sent_.front();
    const Flit& right = traffic_.taken;
    for (int i = 0; i < link_bits_ / 64; ++i)
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
  uint64_t cycles_;
  int link_bits_;
  bool gather_;
  TinyLayer layer_;
  TinyContext tiny_;
  std::vector<std::unique_ptr<RegisteredFifo<Flit>>> codes_;
  RegisteredFifo<Flit> spikes_;
  WindowSource source_;
  std::vector<WindowTag> windows_;
  Traffic traffic_;
  SpikeEncoder encoder_;
  Twin<Rtl> twin_;
  PortComparison comparison_;
  std::array<size_t, kMostSources> codes_before_{};
  size_t spikes_before_ = 0, filling_ = 0, lists_ = 0, shown_window_ = SIZE_MAX;
  uint64_t flits_taken_ = 0;
  std::deque<std::pair<uint64_t, Flit>> sent_;  // by the twin: cycle, flit
};

// Runs one setting in a process of its own: SystemC elaborates once per process.
template <class Rtl>
bool run_setting(const Setting& setting, Payload payload, int link_bits, uint64_t cycles, uint32_t seed) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    Verilated::randReset(2);  // registers without a reset start at random
    Lockstep<Rtl> lockstep(setting, payload, link_bits, cycles, seed);
    lockstep.run();
    std::fflush(stdout);
    std::_Exit(0);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

template <class Rtl, size_t kCount>
bool run_settings(const Setting (&settings)[kCount], Payload payload, int link_bits, const LockstepOptions& options) {
  const uint64_t cycles = ceil_div(options.cycles, kCount);
  for (size_t i = 0; i < kCount; ++i)
    if (!run_setting<Rtl>(settings[i], payload, link_bits, cycles, options.seed + uint32_t(i))) return false;
  return true;
}

// As many cycles of each twin.
bool run(const LockstepOptions& options) {
  return run_settings<Rtl_spike_encoder>(kSettings, Payload::kAddressEvents, 128, options) &&
         run_settings<Rtl_spike_encoder_bitmap>(kSettings, Payload::kBitmap, 128, options) &&
         run_settings<Rtl_spike_encoder_bitmap_narrow>(kNarrowSettings, Payload::kBitmap, 64, options) &&
         run_settings<Rtl_spike_encoder_bitmap_lists>(kListSettings, Payload::kBitmap, 128, options) &&
         run_settings<Rtl_spike_encoder_bitmap_lists_narrow>(kNarrowListSettings, Payload::kBitmap, 64, options) &&
         run_settings<Rtl_spike_encoder_tile>(kTileSettings, Payload::kPackedCodes, 128, options) &&
         run_settings<Rtl_spike_encoder_lists>(kListSettings, Payload::kAddressEvents, 128, options) &&
         run_settings<Rtl_spike_encoder_tile_lists>(kTileListSettings, Payload::kPackedCodes, 128, options) &&
         run_settings<Rtl_spike_encoder>(kRecordedSettings, Payload::kAddressEvents, 128, options) &&
         run_settings<Rtl_spike_encoder_bitmap>(kRecordedSettings, Payload::kBitmap, 128, options) &&
         run_settings<Rtl_spike_encoder_bitmap_narrow>(kNarrowRecordedSettings, Payload::kBitmap, 64, options) &&
         run_settings<Rtl_spike_encoder_recorded>(kShortWordSettings, Payload::kAddressEvents, 128, options) &&
         run_settings<Rtl_spike_encoder_recorded_bitmap>(kShortWordSettings, Payload::kBitmap, 128, options) &&
         run_settings<Rtl_spike_encoder_recorded_tile>(kShortWordSettings, Payload::kPackedCodes, 128, options);
}

}  // namespace
}  // namespace spikeloom

int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) { return spikeloom::run(spikeloom::LockstepOptions::parse(argc, argv)) ? 0 : 1; }
