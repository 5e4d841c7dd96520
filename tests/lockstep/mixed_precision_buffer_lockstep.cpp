// The mixed-precision buffer beside its SystemVerilog twin: random windows, packed by PackedCodes::pack, go in as flits
// with random gaps while the window before is read back with random pauses. Every code and flag is compared with
// PackedCodes::unpack, every word that the twin touches with what MixedPrecisionBuffer charges for the window. Windows
// with a mask, of a shape with lists with an index list, and of one with plain codes with neither, recorded spikes
// among them, follow one another.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <set>
#include <systemc>

#include "Rtl_mixed_precision_buffer.h"
#include "Rtl_mixed_precision_buffer_lists.h"
#include "Rtl_mixed_precision_buffer_lists_narrow.h"
#include "Rtl_mixed_precision_buffer_plain.h"
#include "Rtl_mixed_precision_buffer_plain_narrow.h"
#include "hw/mixed_precision_buffer/mixed_precision_buffer.h"
#include "sim/base/bits.h"
#include "tests/lockstep/lockstep.h"

// clang-format off
#define PORTS(X)                                                                                                      \
  X(clk) X(reset) X(write_start) X(window_count) X(window_tokens) X(window_wide) X(window_lists) X(window_plain)      \
  X(window_further) X(window_recorded) X(write_flit) X(write_data) X(read_start) X(read_next) X(code) X(salient)      \
  X(digit_pair) X(code_address) X(code_slot) X(last_code) X(main_write_at) X(main_write_bits) X(side_write_at)        \
  X(side_write_bits) X(read_issued) X(main_read_at) X(mark_read_at) X(value_read_at) X(read_shown) X(mark_width)      \
  X(value_width)
// clang-format on
#include "tests/lockstep/twin.h"

namespace spikeloom {
namespace {

constexpr int kMostInputs = 576;

struct Shape {
  const char* name;
  int link_bits, most_tokens;
  bool lists;
  int most_plain_bits;  // of the codes with neither mask nor list; 0: none
};

// A window's codes as its flits carry them, and what the SystemC side says of it.
struct Window {
  PackedCodes packed;  // as drawn
  PackedCodes codes;   // as unpacked
  std::vector<uint8_t> digit_pairs;
  int further = 0;  // bits of each code, with neither mask nor list
  bool recorded = false;
  std::vector<uint64_t> stream;
  int flits = 0;
};

// Codes, salient values and layout: owns what the input points to.
struct RandomInput {
  RandomInput(const Shape& shape, int count, int tokens, std::mt19937* random);
  InputTrace input;
  SideFormat side_format = SideFormat::kMask;
  int plain_bits = 0;

 private:
  MacInput mac_;
  std::vector<uint8_t> codes_, mask_;
};

RandomInput::RandomInput(const Shape& shape, int count, int tokens, std::mt19937* random) {
  const auto below = [random](uint32_t n) { return int((*random)() % n); };
  const int wide_share = below(6) * 20, salient_share = below(6) * 20;
  if (shape.most_plain_bits > 0 && below(3) == 0) {
    side_format = SideFormat::kNone;
    input.steps = tokens;
  } else if (shape.most_plain_bits > 0 && below(2)) {
    side_format = SideFormat::kNone;
    plain_bits = 1 + below(std::min(shape.most_plain_bits, 8));
    if (shape.most_plain_bits == 16 && below(4) == 0) plain_bits = 16;  // binary16
    mac_.groups.push_back({count, plain_bits, 4});
    input.mac = &mac_;
    input.code_bytes = plain_bits > 8 ? 2 : 1;
  } else if (shape.lists && below(4)) {
    side_format = SideFormat::kIndexList;
  }
  input.size = count;
  input.code = below(2) ? ActivationCode::kSigned : ActivationCode::kUnsigned;
  input.digits = side_format != SideFormat::kNone && below(2);
  for (int k = 0; k < count; ++k) input.wide_rank.push_back(below(100) < wide_share ? k : -1);
  const int mask_bytes = (count + 7) / 8;
  mask_.resize(size_t(tokens) * mask_bytes);
  for (int m = 0; m < tokens; ++m)
    for (int k = 0; k < count; ++k) {
      const bool salient = side_format != SideFormat::kNone && below(100) < salient_share;
      mask_[size_t(m) * mask_bytes + k / 8] |= uint8_t(salient << (k % 8));
      const int code = below(1u << (input.main_code_bits() + further_code_bits(input, k, salient)));
      codes_.push_back(uint8_t(code));
      if (input.code_bytes == 2) codes_.push_back(uint8_t(code >> 8));
    }
  input.codes = codes_.data();
  input.salient_mask = mask_.data();
}

// All kinds: one input or many, no value salient or all, a list's values all of two digits ...
Window random_window(const Shape& shape, std::mt19937* random) {
  const auto below = [random](uint32_t n) { return int((*random)() % n); };
  const int count = 1 + below(below(2) ? 6 : below(2) ? 130 : kMostInputs), tokens = 1 + below(shape.most_tokens);
  const RandomInput drawn(shape, count, tokens, random);
  Window window;
  for (int k = 0; k < count; ++k) window.digit_pairs.push_back(drawn.input.two_digits(k));
  window.recorded = drawn.input.recorded();
  window.further = std::max(drawn.plain_bits - 4, 0);
  window.packed = PackedCodes::of(drawn.input, drawn.side_format, 0, count, 0, tokens);
  uint64_t bits = window.packed.pack(drawn.input, 0, &window.stream);
  // Scales of rows lie behind plain codes; the buffer has no place for them (DEVIATIONS 46).
  const uint64_t scale_bits = drawn.input.mac && below(2) ? uint64_t(tokens) * 16 : 0;
  window.flits = int(ceil_div(bits + scale_bits, shape.link_bits));
  window.stream.resize(size_t(window.flits) * (shape.link_bits / 64) + 2, 0);
  for (; bits < uint64_t(window.flits) * shape.link_bits && scale_bits > 0; ++bits)
    put_bits(window.stream.data(), bits, 1, uint64_t(below(2)));
  window.codes = PackedCodes::unpack(drawn.input, drawn.side_format, 0, count, tokens, window.stream.data());
  return window;
}

// The words that one array's accesses touch.
class Words {
 public:
  void access(uint64_t at, uint64_t bits, int word_bits) {
    if (bits == 0) return;
    for (uint64_t word = at / word_bits; word <= (at + bits - 1) / word_bits; ++word) {
      words_.insert(word);
      ++accesses_;
    }
  }
  uint64_t distinct() const { return words_.size(); }
  uint64_t accesses() const { return accesses_; }

 private:
  std::set<uint64_t> words_;
  uint64_t accesses_ = 0;
};

struct Accesses {
  Words main_write, side_write, main_read, side_read;
};

template <class Rtl>
class Lockstep {
 public:
  Lockstep(const Shape& shape, uint32_t seed)
      : shape_(shape), random_(seed), comparison_("mixed_precision_buffer, " + std::string(shape.name)) {
    const MixedPrecisionBufferSpec specs[] = {{2048, 16, 1024, 8}, {2048, 32, 1024, 16}, {2048, 4, 1024, 2}};
    for (const MixedPrecisionBufferSpec& spec : specs) {
      specs_.push_back(spec);
      ledgers_.push_back(std::make_unique<EnergyLedger>(1000));
      buffers_.push_back(std::make_unique<MixedPrecisionBuffer>("buffer", spec, *ledgers_.back()));
      words_.push_back({});
    }
  }

  void run(uint64_t cycles) {
    twin_.reset = true;
    settle();
    clock();
    twin_.reset = false;
    for (cycle_ = 1; cycle_ <= cycles; ++cycle_) {
      if (cycle_ % 1000 == 1) gap_ = percent(90) ? int(random_() % 80) : 0, pause_ = int(random_() % 60);
      drive_reader();
      drive_filler();
      settle();
      compare();
      clock();
    }
    comparison_.report(cycles, std::to_string(windows_) + " windows, " + std::to_string(lists_) + " with lists, " +
                                   std::to_string(plain_) + " with neither, " + std::to_string(recorded_) +
                                   " of them recorded, " + std::to_string(codes_) + " codes; " + extra());
  }

 private:
  void settle() { sc_core::sc_start(1, sc_core::SC_NS); }
  void clock() {
    twin_.clk = true;
    settle();
    twin_.clk = false;
  }
  bool percent(int share) { return int(random_() % 100) < share; }

  // Reading starts when a window lies there, in the cycle after its last flit and a cycle per code at the earliest.
  void drive_reader() {
    twin_.read_start = false;
    twin_.read_next = false;
    starts_ = false;
    if (reading_) {
      next_ = !percent(pause_);
      last_ = code_ + 1 == int(reading_->codes.code.size());
      twin_.read_next = next_ && !last_;
    } else if (filled_ && cycle_ >= filled_from_ && !percent(pause_)) {
      twin_.read_start = starts_ = true;
    }
  }

  void drive_filler() {
    twin_.write_start = false;
    twin_.write_flit = false;
    flit_ = false;
    if (filled_ && !starts_) return;
    if (percent(gap_)) return;
    if (!filling_) {
      filling_ = std::make_unique<Window>(random_window(shape_, &random_));
      sent_ = 0;
      began_ = cycle_;
      twin_.write_start = true;
      twin_.window_count = filling_->codes.count;
      twin_.window_tokens = filling_->codes.tokens;
      twin_.window_lists = filling_->codes.side_format == SideFormat::kIndexList;
      twin_.window_plain = filling_->codes.side_format == SideFormat::kNone;
      twin_.window_further = filling_->further;
      twin_.window_recorded = filling_->recorded;
      sc_dt::sc_bv<kMostInputs> wide = 0;
      for (int k = 0; k < filling_->codes.count; ++k) wide[k] = filling_->digit_pairs[k];
      twin_.window_wide = wide;
      return;
    }
    write_words(twin_.write_data, &filling_->stream[size_t(sent_) * (shape_.link_bits / 64)]);
    twin_.write_flit = flit_ = true;
    ++sent_;
  }

  void compare() {
    for (size_t i = 0; i < specs_.size(); ++i) note_accesses(i);
    if (reading_) compare_code();
    if (starts_) {
      reading_ = std::move(filled_);
      code_ = 0;
    }
    if (flit_ && sent_ == filling_->flits) {
      filled_from_ = std::max(cycle_ + 1, began_ + filling_->codes.code.size());
      filled_ = std::move(filling_);
    }
  }

  // The order of reading: by input, then token.
  void compare_code() {
    const PackedCodes& codes = reading_->codes;
    const int address = code_ / codes.tokens, slot = code_ % codes.tokens;
    const size_t at = size_t(slot) * codes.count + address;
    comparison_.expect(cycle_, "code_address", address, twin_.code_address);
    comparison_.expect(cycle_, "code_slot", slot, twin_.code_slot);
    comparison_.expect(cycle_, "code", codes.code[at], twin_.code);
    comparison_.expect(cycle_, "code, as packed", reading_->packed.code[at], twin_.code);
    comparison_.expect(cycle_, "salient, as packed", reading_->packed.salient[at], twin_.salient);
    comparison_.expect(cycle_, "salient", codes.salient[at], twin_.salient);
    comparison_.expect(cycle_, "digit_pair", reading_->digit_pairs[address], twin_.digit_pair);
    comparison_.expect(cycle_, "last_code", last_, twin_.last_code);
    if (!next_) return;
    ++code_;
    ++codes_;
    if (!last_) return;
    for (size_t i = 0; i < specs_.size(); ++i) compare_words(i);
    lists_ += codes.side_format == SideFormat::kIndexList;
    plain_ += codes.side_format == SideFormat::kNone;
    recorded_ += reading_->recorded;
    reading_.reset();
    ++windows_;
  }

  // Reads belong to the window being read or started, writes to the one whose flits come.
  void note_accesses(size_t i) {
    const int main_bits = 8 * specs_[i].main_word_bytes, side_bits = 8 * specs_[i].side_word_bytes;
    Words& side_read = words_[i].read.side_read;
    if (twin_.read_shown && reading_) {
      side_read.access(mark_at_, twin_.mark_width, side_bits);
      side_read.access(value_at_, twin_.value_width, side_bits);
    }
    if (i + 1 == specs_.size()) mark_at_ = twin_.mark_read_at, value_at_ = twin_.value_read_at;
    if (twin_.write_start) words_[i].writes.emplace_back();
    const Window* read = starts_ ? filled_.get() : reading_.get();
    if (twin_.read_issued) words_[i].read.main_read.access(twin_.main_read_at, read->recorded ? 1 : 4, main_bits);
    if (words_[i].writes.empty()) return;
    Accesses& write = words_[i].writes.back();
    write.main_write.access(twin_.main_write_at, twin_.main_write_bits, main_bits);
    write.side_write.access(twin_.side_write_at, twin_.side_write_bits, side_bits);
  }

  void compare_words(size_t i) {
    const auto charged = [this, i](EnergyEvent event) {
      for (const auto& counter : ledgers_[i]->counters())
        if (counter->event() == event) return counter->total();
      return uint64_t{0};
    };
    const EnergyEvent events[] = {EnergyEvent::kActivationMainWrite, EnergyEvent::kActivationSideWrite,
                                  EnergyEvent::kActivationMainRead, EnergyEvent::kActivationSideRead};
    const char* ports[] = {"main words written", "side words written", "main words read", "side words read"};
    uint64_t before[4];
    for (int e = 0; e < 4; ++e) before[e] = charged(events[e]);
    buffers_[i]->write(cycle_, reading_->codes);
    buffers_[i]->read(cycle_, reading_->codes.code.size(), reading_->codes);
    Accesses& write = words_[i].writes.front();
    const Words* touched[] = {&write.main_write, &write.side_write, &words_[i].read.main_read,
                              &words_[i].read.side_read};
    for (int e = 0; e < 4; ++e) {
      comparison_.expect(cycle_, ports[e], charged(events[e]) - before[e], touched[e]->distinct());
      if (i == 0 && e < 2) charged_writes_ += touched[e]->distinct(), writes_ += touched[e]->accesses();
    }
    words_[i].writes.erase(words_[i].writes.begin());
    words_[i].read = Accesses();
  }

  std::string extra() const {
    return std::to_string(charged_writes_) + " words charged for writing, " + std::to_string(writes_) + " writes";
  }

  struct WordsOfSpec {
    std::vector<Accesses> writes;  // of the windows in the buffer, oldest first
    Accesses read;
  };

  Shape shape_;
  std::mt19937 random_;
  PortComparison comparison_;
  Twin<Rtl> twin_;
  std::vector<MixedPrecisionBufferSpec> specs_;
  std::vector<std::unique_ptr<EnergyLedger>> ledgers_;
  std::vector<std::unique_ptr<MixedPrecisionBuffer>> buffers_;
  std::vector<WordsOfSpec> words_;
  std::unique_ptr<Window> filling_, filled_, reading_;
  uint64_t cycle_ = 0, began_ = 0, filled_from_ = 0, mark_at_ = 0, value_at_ = 0;
  int sent_ = 0, code_ = 0, gap_ = 0, pause_ = 0;
  bool starts_ = false, next_ = false, last_ = false, flit_ = false;
  uint64_t windows_ = 0, lists_ = 0, plain_ = 0, recorded_ = 0, codes_ = 0, charged_writes_ = 0, writes_ = 0;
};

// Runs one shape in a process of its own: SystemC elaborates once per process.
template <class Rtl>
bool run_shape(const Shape& shape, const LockstepOptions& options) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    Verilated::randReset(2);  // registers without a reset start at random
    Lockstep<Rtl> lockstep(shape, options.seed);
    lockstep.run(options.cycles);
    std::fflush(stdout);
    std::_Exit(0);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool run(const LockstepOptions& options) {
  return run_shape<Rtl_mixed_precision_buffer>({"masks", 128, 4, false, 7}, options) &&
         run_shape<Rtl_mixed_precision_buffer_lists>({"lists", 128, 4, true, 0}, options) &&
         run_shape<Rtl_mixed_precision_buffer_lists_narrow>({"lists, 64 bits", 64, 2, true, 0}, options) &&
         run_shape<Rtl_mixed_precision_buffer_plain>({"lists, plain", 128, 4, true, 16}, options) &&
         run_shape<Rtl_mixed_precision_buffer_plain_narrow>({"plain, 64 bits", 64, 2, false, 8}, options);
}

}  // namespace
}  // namespace spikeloom

int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) { return spikeloom::run(spikeloom::LockstepOptions::parse(argc, argv)) ? 0 : 1; }
