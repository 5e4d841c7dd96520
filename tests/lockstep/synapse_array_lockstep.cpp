// The synapse array beside its SystemVerilog twin: random programs, weights, spikes and stalls; every port in every
// cycle, and how many rows were read. Each program runs in a process of its own.

#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "Rtl_synapse_array.h"
#include "Rtl_synapse_array_bitmap.h"
#include "Rtl_synapse_array_bitmap_long.h"
#include "Rtl_synapse_array_four_banks.h"
#include "Rtl_synapse_array_long.h"
#include "Rtl_synapse_array_one_bank.h"
#include "Rtl_synapse_array_row_shifts.h"
#include "Rtl_synapse_array_row_shifts_bitmap.h"
#include "Rtl_synapse_array_three_banks.h"
#include "tests/lockstep/synapse_array_traffic.h"
#include "tests/lockstep/synapse_array_twin.h"

namespace spikeloom {
namespace {

using Kind = NeuronCommand::Kind;
constexpr int kRing = 512;
constexpr Sizes kShort = {"rows shorter than flits", 8, 32, 3, 4, 128, 2, false};
constexpr Sizes kLong = {"rows longer than flits", 37, 100, 2, 8, 64, 1, false};
constexpr Sizes kBitmap = {"bitmap, rows shorter than flits", 8, 32, 3, 4, 128, 2, true};
constexpr Sizes kBitmapLong = {"bitmap, rows longer than flits", 37, 100, 2, 8, 64, 1, true};
constexpr Sizes kOneBank = {"one bank for both halves", 8, 32, 3, 4, 128, 2, false, 1};
constexpr Sizes kFourBanks = {"four banks for both halves", 8, 30, 3, 4, 128, 2, false, 4};
constexpr Sizes kThreeBanks = {"bitmap, three banks for both halves", 37, 100, 2, 8, 64, 1, true, 3};
constexpr Sizes kRowShifts = {"rows with exponents", 8, 32, 3, 4, 128, 2, false, 0, true};
constexpr Sizes kRowShiftsBitmap = {"bitmap, rows with exponents, three banks", 37, 100, 2, 8, 64, 1, true, 3, true};
constexpr int kMostShownBits = 512;  // of a source

// What was done in one or more runs.
struct Totals {
  uint64_t cycles = 0, compared = 0, rows = 0, shifted = 0, latched = 0, marks = 0, windows = 0, slices = 0,
           parameters = 0, full = 0, bank_waits = 0;
};

// What SystemC lets reach the slopes in one cycle.
struct CommandWord {
  bool batch_start = false, window_start = false, row = false, mark = false, slice_end = false;
  int pass = 0, batch = 0, tokens = 0, group = 0, step = 0;
  std::array<uint64_t, 2> shifts{};
  std::array<uint64_t, 3> weights{};
  int row_bytes = 0;
  uint8_t slot = 0, slope = 0;
  bool negative = false, unsigned_weights = false;
  bool batch_complete = false, releases_load = false;
  uint64_t load = 0, needs_fired = 0;
};

// Both sides, their inputs, and the comparison. In each cycle: the twin's inputs are set from what the FIFOs show, then
// the SystemC blocks run; half a period later the outputs are compared and the twin's clock rises.
template <class Rtl>
class SynapseLockstep : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(SynapseLockstep);
  SynapseLockstep(const sc_core::sc_module_name& name, Clock& clock, const Sizes& shape, uint32_t seed,
                  uint64_t cycles);
  Totals totals() const {
    Totals totals = totals_;
    totals.cycles = cycle_;
    totals.compared = comparison_.compared();
    totals.latched = array_.rows_issued() - array_.rows_read();
    totals.bank_waits = array_.bank_waits();
    return totals;
  }

 private:
  // A FIFO and how much it held when the cycle began.
  template <class T>
  struct Watched {
    Watched(Clock& clock, size_t places, Cycle latency = 1) : capacity(places), fifo(clock, places, latency) {}
    bool visible(size_t i, Cycle cycle) const { return i < before && fifo.visible_from(i) <= cycle; }
    size_t capacity, before = 0;
    RegisteredFifo<T> fifo;
  };

  void begin_cycle();
  void show_inputs();
  void show_spikes();
  void show_window();
  void compare();
  void compare_pops();
  void compare_word();
  void compare_row(const CommandWord& word);
  void expect_command(const NeuronCommand& command, Cycle visible_from);
  void fall() { twin_.clk.write(false); }
  void expect(const char* port, uint64_t systemc, uint64_t rtl) { comparison_.expect(cycle_, port, systemc, rtl); }

  Clock& clock_;
  const Sizes& shape_;
  Random random_;
  uint64_t cycles_;
  RandomProgram program_;
  Traffic traffic_;
  EnergyLedger ledger_{1};
  std::vector<std::unique_ptr<Watched<Flit>>> spikes_;
  Watched<Flit> weights_, parameters_;
  Watched<int> frees_;
  Watched<NeuronCommand> commands_;
  SynapseArray array_;
  Surroundings surroundings_;
  Twin<Rtl> twin_;
  PortComparison comparison_;
  Totals totals_;
  sc_core::sc_event compare_due_, fall_due_;
  std::vector<CommandWord> words_;  // by arrival, modulo kRing
  Cycle cycle_ = 0, issued_until_ = 0;
  size_t step_ = 0;
  bool step_changed_ = true;
  uint64_t twin_reads_ = 0, twin_waits_ = 0;
  Cycle quiet_since_ = 0;
};

template <class Rtl>
SynapseLockstep<Rtl>::SynapseLockstep(const sc_core::sc_module_name& name, Clock& clock, const Sizes& shape,
                                      uint32_t seed, uint64_t cycles)
    : sc_module(name),
      clock_(clock),
      shape_(shape),
      random_(seed),
      cycles_(cycles),
      program_(shape, &random_),
      traffic_(shape, program_, &random_),
      weights_(clock, random_.between(1, 4)),
      parameters_(clock, random_.between(1, 4)),
      frees_(clock, 4),
      commands_(clock, random_.between(2, 20), shape.latency),
      array_("synapse_array", clock, shape.array_spec(), program_.context, program_.tile, program_.encoder_in_tile,
             ledger_),
      surroundings_("surroundings", clock, program_, &traffic_, &random_),
      comparison_("synapse_array (" + std::string(shape.name) + ", seed " + std::to_string(seed) + ")"),
      words_(kRing) {
  for (int s = 0; s < program_.lanes(); ++s) {
    spikes_.push_back(std::make_unique<Watched<Flit>>(clock, random_.between(1, shape.shown() + 3)));
    surroundings_.spikes[s](spikes_[s]->fifo);
    array_.spikes_in[s](spikes_[s]->fifo);
  }
  surroundings_.weights(weights_.fifo);
  array_.weights_in(weights_.fifo);
  surroundings_.membrane_free(frees_.fifo);
  array_.membrane_free_in(frees_.fifo);
  array_.neurons_out(commands_.fifo);
  surroundings_.commands(commands_.fifo);
  array_.parameters_out(parameters_.fifo);
  surroundings_.parameters(parameters_.fifo);
  clock.before_next_cycle([this] { begin_cycle(); });
  SC_METHOD(compare);
  sensitive << compare_due_;
  dont_initialize();
  SC_METHOD(fall);
  sensitive << fall_due_;
  dont_initialize();
}

template <class Rtl>
void SynapseLockstep<Rtl>::begin_cycle() {
  cycle_ = clock_.now();
  clock_.before_next_cycle([this] { begin_cycle(); });
  compare_due_.notify(sc_core::sc_time(500, sc_core::SC_PS));
  fall_due_.notify(sc_core::sc_time(1000, sc_core::SC_PS));
  for (auto& lane : spikes_) lane->before = lane->fifo.size();
  weights_.before = weights_.fifo.size();
  parameters_.before = parameters_.fifo.size();
  frees_.before = frees_.fifo.size();
  commands_.before = commands_.fifo.size();
  twin_.reset.write(cycle_ == 1);
  if (step_changed_) show_window();
  show_inputs();
}

template <class Rtl>
void SynapseLockstep<Rtl>::show_inputs() {
  show_spikes();
  const bool weights = weights_.visible(0, cycle_);
  twin_.weights_in_valid.write(weights);
  if (weights) {
    const Flit& flit = weights_.fifo.entry(0);
    const uint64_t load = WeightTag::unpack(flit.tag).load;
    twin_.weights_in_head.write(flit.head);
    twin_.weights_in_parameters.write(flit.type == MessageType::kParameters);
    twin_.weights_in_tag.write(flit.tag);
    write_words(twin_.weights_in_bits, flit.bits.data());
    if (load < program_.loads.size()) twin_.load_row_bytes.write(program_.load_row_bytes(load));
  }
  twin_.membrane_free_in_valid.write(frees_.visible(0, cycle_));
  twin_.parameters_out_ready.write(parameters_.before < parameters_.capacity);
  twin_.neurons_out_room.write(std::min<size_t>(commands_.capacity - commands_.before, 7));
  totals_.full += commands_.capacity == commands_.before;
}

template <class Rtl>
void SynapseLockstep<Rtl>::show_spikes() {
  std::array<uint64_t, kMostSources * kMostShownBits / 64 + 1> bits{};
  uint32_t valid = 0, head = 0;
  const size_t shown = shape_.shown();
  for (size_t s = 0; s < spikes_.size(); ++s) {
    for (size_t i = 0; i < shown && spikes_[s]->visible(i, cycle_); ++i) {
      const Flit& flit = spikes_[s]->fifo.entry(i);
      valid |= 1u << (shown * s + i);
      head |= uint32_t(flit.head) << (shown * s + i);
      for (int b = 0; b < shape_.link_bits; b += 64)
        bits[((shown * s + i) * shape_.link_bits + b) / 64] = flit.bits[b / 64];
    }
  }
  twin_.spikes_in_valid.write(valid);
  twin_.spikes_in_head.write(head);
  if (valid) write_words(twin_.spikes_in_bits, bits.data());
}

// The configuration registers: the window under way or the next one.
template <class Rtl>
void SynapseLockstep<Rtl>::show_window() {
  step_changed_ = false;
  twin_.code_keeps_slopes.write(program_.code->keeps_slopes());
  twin_.item_valid.write(step_ < program_.steps.size());
  if (step_ == program_.steps.size()) return;
  const RandomProgram::Step& step = program_.steps[step_];
  const TileItem& item = *step.item;
  const Slice& slice = *step.slice;
  const int row_bits = shape_.row_bits();
  twin_.item_pass.write(item.pass);
  twin_.item_batch.write(item.batch);
  twin_.item_tokens.write(program_.program.batch_rows(program_.program.passes[item.pass], item.batch));
  twin_.item_first_slice.write(item.first_slice);
  twin_.item_last_slice.write(item.last_slice);
  twin_.item_releases_load.write(item.releases_load);
  twin_.item_load.write(uint32_t(item.load));
  twin_.item_needs_fired.write(uint32_t(item.needs_fired));
  twin_.format_row_shifts.write(program_.row_shifts(item.pass));
  twin_.item_wide_row.write(slice.count & low_mask(row_bits));
  twin_.item_rows.write(slice.rows());
  twin_.item_wides.write(uint32_t(slice.wide.size()));
  uint64_t wide[2] = {}, serves = 0, first = 0, inputs = 0;
  for (size_t i = 0; i < slice.wide.size(); ++i) put_bits(wide, i * row_bits, row_bits, slice.row(slice.wide[i]));
  write_words(twin_.item_wide, wide);
  twin_.window_group.write(step.window->group);
  twin_.window_last.write(step.last);
  for (int lane = 0; lane < program_.lanes(); ++lane) {
    if (!program_.serves(step, lane)) continue;
    const StreamFormat format = program_.format(step, lane);
    serves |= uint64_t{1} << lane;
    first |= (uint64_t(slice.row(format.range.first)) & low_mask(row_bits)) << (lane * row_bits);
    inputs |= uint64_t(format.range.count) << (lane * ceil_log2(shape_.half_rows + 1));
    twin_.format_slots.write(format.slots);
    twin_.format_digits.write(format.code.digits);
    twin_.format_all_digits.write(format.code.digits && format.input->all_digits);
    twin_.format_slope_bits.write(format.slope_bits());
    twin_.format_sign.write(format.sign_bits());
    twin_.format_steps.write(format.steps);
  }
  twin_.lane_serves.write(serves);
  twin_.lane_first.write(first);
  twin_.lane_inputs.write(inputs);
}

// What a command of SystemC, pushed in this cycle, means in which later cycle; a run of rows is one word a cycle.
template <class Rtl>
void SynapseLockstep<Rtl>::expect_command(const NeuronCommand& command, Cycle visible_from) {
  CommandWord& word = words_[visible_from % kRing];
  switch (command.kind) {
    case Kind::kBatchStart:
      word.batch_start = true;
      word.pass = command.pass;
      word.batch = command.batch;
      word.tokens = command.tokens;
      break;
    case Kind::kWindowStart:
      word.window_start = true;
      word.group = command.group;
      command.shifts.pack(shape_.slots, word.shifts.data());
      break;
    case Kind::kRows:
      issued_until_ = visible_from - shape_.latency;
      totals_.shifted += program_.row_shifts(program_.steps[step_].item->pass) ? command.count : 0;
      for (int i = 0; i < command.count; ++i) {
        CommandWord& at = words_[(visible_from + 1 + i - command.count) % kRing];
        const WeightedRow& row = command.rows[i];
        at.row = true;
        at.row_bytes = program_.row_bytes(program_.steps[step_].item->load);
        std::memcpy(at.weights.data(), row.data, at.row_bytes);
        at.slot = row.slot;
        at.slope = row.slope;
        at.negative = row.negative;
        at.unsigned_weights = row.unsigned_weights;
      }
      break;
    case Kind::kProducts:
    case Kind::kRealProducts:
      throw std::logic_error("a synapse array sends no products");
    case Kind::kMark:
      word.mark = true;
      word.step = command.step;
      break;
    case Kind::kSliceEnd:
      word.slice_end = true;
      word.batch_complete = command.batch_complete;
      word.releases_load = command.releases_load;
      word.load = command.load;
      word.needs_fired = command.needs_fired;
      break;
  }
}

template <class Rtl>
void SynapseLockstep<Rtl>::compare() {
  if (cycle_ > 1) {
    const size_t pushed = commands_.fifo.size() + surroundings_.commands_popped - commands_.before;
    for (size_t i = commands_.fifo.size() - pushed; i < commands_.fifo.size(); ++i)
      expect_command(commands_.fifo.entry(i), commands_.fifo.visible_from(i));
    compare_pops();
    compare_word();
    twin_reads_ += twin_.weight_read.read();
    twin_waits_ += twin_.weight_waits.read();
    expect("weight_waits (sum)", array_.bank_waits(), twin_waits_);
    if (cycle_ >= issued_until_) expect("weight_read (sum)", array_.rows_read(), twin_reads_);
    if (twin_.window_done.read()) {
      ++step_;
      step_changed_ = true;
    }
  }
  if (step_ < program_.steps.size()) quiet_since_ = cycle_;
  if (cycle_ == cycles_ || cycle_ > quiet_since_ + 200) {
    surroundings_.stop();
    sc_core::sc_stop();
  }
  twin_.clk.write(true);
}

template <class Rtl>
void SynapseLockstep<Rtl>::compare_pops() {
  const uint64_t pops = twin_.spikes_in_pop.read();
  for (size_t s = 0; s < spikes_.size(); ++s)
    expect("spikes_in_pop", spikes_[s]->before + surroundings_.spikes_pushed[s] - spikes_[s]->fifo.size(),
           __builtin_popcountll(pops >> (shape_.shown() * s) & low_mask(shape_.shown())));
  expect("spikes_in_pop of no source", 0, pops >> (shape_.shown() * spikes_.size()));
  const size_t weights = weights_.before + surroundings_.weights_pushed - weights_.fifo.size();
  expect("weights_in_pop", weights, twin_.weights_in_pop.read());
  expect("membrane_free_in_pop", frees_.before + surroundings_.frees_pushed - frees_.fifo.size(),
         twin_.membrane_free_in_pop.read());
  const size_t parameters = parameters_.fifo.size() + surroundings_.parameters_popped - parameters_.before;
  expect("parameters_out_push", parameters, twin_.parameters_out_push.read());
  totals_.parameters += parameters;
  if (!parameters) return;
  const Flit& passed = parameters_.fifo.entry(parameters_.fifo.size() - 1);
  std::array<uint64_t, kMostLinkBits / 64> bits{};
  read_words(twin_.weights_in_bits, bits.data());
  for (int b = 0; b < shape_.link_bits; b += 64) expect("parameters_out_bits", passed.bits[b / 64], bits[b / 64]);
  expect("parameters_out_tag", passed.tag, twin_.weights_in_tag.read());
  expect("parameters_out_head", passed.head, twin_.weights_in_head.read());
}

template <class Rtl>
void SynapseLockstep<Rtl>::compare_word() {
  CommandWord& word = words_[cycle_ % kRing];
  expect("neurons_out_batch_start", word.batch_start, twin_.neurons_out_batch_start.read());
  expect("neurons_out_window_start", word.window_start, twin_.neurons_out_window_start.read());
  expect("neurons_out_row", word.row, twin_.neurons_out_row.read());
  expect("neurons_out_mark", word.mark, twin_.neurons_out_mark.read());
  expect("neurons_out_slice_end", word.slice_end, twin_.neurons_out_slice_end.read());
  if (word.batch_start) {
    expect("neurons_out_pass", word.pass, twin_.neurons_out_pass.read());
    expect("neurons_out_batch", word.batch, twin_.neurons_out_batch.read());
    expect("neurons_out_tokens", word.tokens, twin_.neurons_out_tokens.read());
  }
  if (word.window_start) {
    expect("neurons_out_group", word.group, twin_.neurons_out_group.read());
    std::array<uint64_t, 2> shifts{};
    read_words(twin_.neurons_out_shifts, shifts.data());
    for (size_t i = 0; i < shifts.size(); ++i) expect("neurons_out_shifts", word.shifts[i], shifts[i]);
  }
  if (word.row) compare_row(word);
  if (word.mark) expect("neurons_out_step", word.step, twin_.neurons_out_step.read());
  if (word.slice_end) {
    expect("neurons_out_batch_complete", word.batch_complete, twin_.neurons_out_batch_complete.read());
    expect("neurons_out_releases_load", word.releases_load, twin_.neurons_out_releases_load.read());
    expect("neurons_out_load", word.load, twin_.neurons_out_load.read());
    expect("neurons_out_needs_fired", word.needs_fired, twin_.neurons_out_needs_fired.read());
  }
  totals_.windows += word.window_start;
  totals_.rows += word.row;
  totals_.marks += word.mark;
  totals_.slices += word.slice_end;
  word = CommandWord();
}

// Only the bytes of the pass's outputs: those behind them belong to lanes without an output.
template <class Rtl>
void SynapseLockstep<Rtl>::compare_row(const CommandWord& word) {
  std::array<uint64_t, 3> weights{}, kept{};
  read_words(twin_.neurons_out_weights, weights.data());
  std::memcpy(kept.data(), weights.data(), word.row_bytes);
  for (size_t i = 0; i < kept.size(); ++i) expect("neurons_out_weights", word.weights[i], kept[i]);
  expect("neurons_out_slot", word.slot, twin_.neurons_out_slot.read());
  expect("neurons_out_slope", word.slope, twin_.neurons_out_slope.read());
  expect("neurons_out_negative", word.negative, twin_.neurons_out_negative.read());
  expect("neurons_out_unsigned_weights", word.unsigned_weights, twin_.neurons_out_unsigned_weights.read());
}

// Runs one random program and writes what was done to `pipe`.
template <class Rtl>
void run_program(const Sizes& shape, uint32_t seed, uint64_t cycles, int pipe) {
  Verilated::randReset(2);  // registers without a reset start at random
  Clock clock("clock", 500);
  SynapseLockstep<Rtl> lockstep("lockstep", clock, shape, seed, cycles);
  sc_core::sc_start();
  const Totals totals = lockstep.totals();
  if (write(pipe, &totals, sizeof totals) != sizeof totals) std::_Exit(1);
}

// Most programs are short, for variety; some go on for long.
uint64_t program_cycles(uint64_t number) { return number % 8 == 7 ? 20000 : 1000; }

// Programs until `cycles` are done; false at a difference.
bool run_shape(const Sizes& shape, void (*run)(const Sizes&, uint32_t, uint64_t, int), uint64_t cycles, uint32_t seed) {
  PortComparison sum("synapse_array");
  Totals all;
  for (uint64_t number = 0; all.cycles < cycles; ++number) {
    int ends[2];
    if (pipe(ends) != 0) return false;
    const uint64_t here = std::min(cycles - all.cycles, program_cycles(number));
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
      run(shape, uint32_t(seed * 100000 + number), here, ends[1]);
      std::_Exit(0);
    }
    int status = 1;
    Totals totals;
    close(ends[1]);
    const bool read_all = read(ends[0], &totals, sizeof totals) == sizeof totals;
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0 || !read_all) return false;
    sum.add_compared(totals.compared);
    all.cycles += totals.cycles;
    all.rows += totals.rows;
    all.shifted += totals.shifted;
    all.latched += totals.latched;
    all.marks += totals.marks;
    all.windows += totals.windows;
    all.slices += totals.slices;
    all.parameters += totals.parameters;
    all.full += totals.full;
    all.bank_waits += totals.bank_waits;
  }
  sum.report(all.cycles, std::string(shape.name) + ": " + std::to_string(all.rows) + " rows (" +
                             std::to_string(all.shifted) + " with exponents, " + std::to_string(all.latched) +
                             " latched), " + std::to_string(all.marks) + " marks, " + std::to_string(all.windows) +
                             " windows, " + std::to_string(all.slices) + " slices, " + std::to_string(all.parameters) +
                             " parameter flits, output full in " + std::to_string(all.full) +
                             " cycles, a bank taken in " + std::to_string(all.bank_waits));
  return true;
}

int run(const LockstepOptions& options) {
  const uint64_t cycles = ceil_div(options.cycles, 2);  // of each shape: there are two or more of each kind
  return run_shape(kShort, run_program<Rtl_synapse_array>, cycles, options.seed) &&
                 run_shape(kLong, run_program<Rtl_synapse_array_long>, cycles, options.seed) &&
                 run_shape(kBitmap, run_program<Rtl_synapse_array_bitmap>, cycles, options.seed) &&
                 run_shape(kBitmapLong, run_program<Rtl_synapse_array_bitmap_long>, cycles, options.seed) &&
                 run_shape(kOneBank, run_program<Rtl_synapse_array_one_bank>, cycles, options.seed) &&
                 run_shape(kFourBanks, run_program<Rtl_synapse_array_four_banks>, cycles, options.seed) &&
                 run_shape(kThreeBanks, run_program<Rtl_synapse_array_three_banks>, cycles, options.seed) &&
                 run_shape(kRowShifts, run_program<Rtl_synapse_array_row_shifts>, cycles, options.seed) &&
                 run_shape(kRowShiftsBitmap, run_program<Rtl_synapse_array_row_shifts_bitmap>, cycles, options.seed)
             ? 0
             : 1;
}

}  // namespace
}  // namespace spikeloom

int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) { return spikeloom::run(spikeloom::LockstepOptions::parse(argc, argv)); }
