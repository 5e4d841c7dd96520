// The neuron array beside its SystemVerilog twin: random programs, parameters, rows, marks, partial membranes and
// stalls; every port in every cycle, and the membranes of every token that fires. Each shape below runs for --cycles
// cycles, in a process of its own.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <deque>

#include "Rtl_neuron_array.h"
#include "Rtl_neuron_array_batch.h"
#include "Rtl_neuron_array_row_shifts.h"
#include "Rtl_neuron_array_unary.h"
#include "Rtl_neuron_array_wide.h"
#include "hw/neuron_array/neuron_array.h"
#include "tests/lockstep/neuron_array_traffic.h"
#include "tests/lockstep/neuron_array_twin.h"

namespace spikeloom {
namespace {

constexpr int kFifoCapacity = 4;
constexpr double kClockMhz = 500, kPeriodNs = 1000 / kClockMhz;

constexpr FiringPolicy kRadix = FiringPolicy::kRadix, kUnary = FiringPolicy::kUnary;
const Sizes kPlain = {"ttfs", 8, 1, 4, 128, 1, 1, 0, 10, 0, {8, 20, 32, 24, 48, kRadix}};
const Sizes kBatch = {"count, 4 tokens", 13, 4, 3, 64, 3, 12, 5, 12, 1, {13, 14, 30, 22, 46, kRadix}};
const Sizes kUnaryFiring = {"radix, unary firing", 20, 2, 1, 128, 2, 4, 3, 4, 2, {20, 20, 32, 24, 48, kUnary}};
const Sizes kWide = {"ttfs, 48 lanes", 48, 1, 9, 256, 4, 64, 42, 10, 0, {48, 18, 32, 24, 48, kRadix}};
const Sizes kShifted = {"rows with exponents", 10, 3, 1, 128, 2, 6, 4, 10, 2, {10, 20, 40, 22, 56, kRadix}, true};

// A FIFO into the block, with what is in it and since when.
struct Fed {
  explicit Fed(Clock& clock) : fifo(clock, kFifoCapacity) {}
  RegisteredFifo<Flit> fifo;
  std::deque<std::pair<Flit, Cycle>> inside;
  size_t size_before = 0, pushed = 0;
  int stall_percent = 0;

  bool visible(Cycle now) const { return !inside.empty() && inside.front().second <= now; }
};
// A FIFO out of the block, with what the twin has pushed.
template <class T>
struct Drained {
  explicit Drained(Clock& clock) : fifo(clock, kFifoCapacity) {}
  RegisteredFifo<T> fifo;
  std::deque<T> expected;
  T last{};
  size_t size_before = 0, popped = 0;
  uint64_t count = 0;
  int stall_percent = 0;

  bool ready() const { return size_before < kFifoCapacity; }
};

// Drives both sides. In a cycle: the SystemC blocks run; a quarter of a period later the twin gets its inputs as they
// were visible in the cycle; another quarter later its outputs are compared and its clock rises.
template <class Rtl>
class NeuronLockstep : public Block {
 public:
  SC_HAS_PROCESS(NeuronLockstep);
  FifoOut<NeuronCommand> commands_out{"commands_out"};
  FifoOut<Flit> parameters_out{"parameters_out"}, partials_to{"partials_to"}, grants_to{"grants_to"};
  FifoIn<Flit> outputs_in{"outputs_in"}, partials_from{"partials_from"}, control_in{"control_in"};
  FifoIn<int> membrane_free_in{"membrane_free_in"};

  NeuronLockstep(const sc_core::sc_module_name& name, Clock& clock, const Sizes& shape, const LockstepOptions& options)
      : Block(name, clock),
        shape_(shape),
        options_(options),
        random_(options.seed),
        program_(shape, &random_),
        traffic_(shape, program_, &random_),
        array_("array", clock, shape.spec, program_.context, program_.topology, shape.tile, ledger_),
        parameters_(clock),
        partials_(clock),
        grants_(clock),
        outputs_(clock),
        partials_sent_(clock),
        control_(clock),
        frees_(clock),
        command_fifo_(clock, 64),
        comparison_(std::string("neuron_array (") + shape.name + ")") {
    commands_out(command_fifo_), array_.commands_in(command_fifo_);
    parameters_out(parameters_.fifo), array_.parameters_in(parameters_.fifo);
    partials_to(partials_.fifo), array_.partials_in(partials_.fifo);
    grants_to(grants_.fifo), array_.grants_in(grants_.fifo);
    array_.outputs_out(outputs_.fifo), outputs_in(outputs_.fifo);
    array_.partials_out(partials_sent_.fifo), partials_from(partials_sent_.fifo);
    array_.control_out(control_.fifo), control_in(control_.fifo);
    array_.membrane_free_out(frees_.fifo), membrane_free_in(frees_.fifo);
    SC_METHOD(drive_twin);
    sensitive << inputs_due_;
    dont_initialize();
    SC_METHOD(compare);
    sensitive << outputs_due_;
    dont_initialize();
    wake_at(1);
  }
  void report() const {
    comparison_.report(options_.cycles, std::to_string(traffic_.rows()) + " rows, " + std::to_string(traffic_.marks()) +
                                            " marks, " + std::to_string(outputs_.count) + " output flits, " +
                                            std::to_string(partials_sent_.count) + " partial flits, " +
                                            std::to_string(grants_sent_) + " grants, " +
                                            std::to_string(control_.count - grants_sent_) + " releases");
  }

 private:
  void tick() override;
  void drive_twin();
  void compare();
  void configure(int pass);
  void drive_command(const CommandWord& word);
  void drive_row(const WeightedRow& row);
  void compare_membranes();
  void vary();
  void feed(Fed* port, FifoOut<Flit>& out, std::deque<Flit>* flits);
  template <class T>
  void drain(Drained<T>* port, FifoIn<T>& in, const char* name, int most);
  void compare_pop(Fed* port, const char* name, bool popped);
  template <class T>
  bool compare_push(Drained<T>* port, const char* name, bool pushed);
  void compare_values(const char* name, const Flit& systemc, const Flit& rtl);
  void compare_values(const char* name, int systemc, int rtl) { comparison_.expect(cycle_, name, systemc, rtl); }

  Sizes shape_;
  LockstepOptions options_;
  Random random_;
  RandomProgram program_;
  Traffic traffic_;
  EnergyLedger ledger_{1000};
  NeuronArray array_;
  Fed parameters_, partials_, grants_;
  Drained<Flit> outputs_, partials_sent_, control_;
  Drained<int> frees_;
  RegisteredFifo<NeuronCommand> command_fifo_;
  Cycle cycle_ = 0;  // that is compared: the clock names the next one as soon as the blocks have run
  size_t commands_before_ = 0, commands_pushed_ = 0;
  std::deque<Cycle> commands_inside_;  // from when each is visible
  int sources_released_ = 0;
  uint64_t grants_sent_ = 0;
  Twin<Rtl> twin_;
  sc_core::sc_event inputs_due_, outputs_due_;
  PortComparison comparison_;
};

// The SystemC side's cycle. The first kPasses cycles write the twin's program.
template <class Rtl>
void NeuronLockstep<Rtl>::tick() {
  cycle_ = now();
  wake_at(now() + 1);
  inputs_due_.notify(sc_core::sc_time(kPeriodNs / 4, sc_core::SC_NS));
  if (now() % 512 == 0) vary();
  parameters_.pushed = partials_.pushed = grants_.pushed = commands_pushed_ = 0;
  if (now() <= kPasses) return;
  drain(&outputs_, outputs_in, "outputs_out", 1);
  drain(&partials_sent_, partials_from, "partials_out", 1);
  drain(&control_, control_in, "control_out", 1);
  drain(&frees_, membrane_free_in, "membrane_free_out", 2);
  for (size_t i = 0; i < frees_.popped; ++i) traffic_.batch_fired();
  for (size_t i = 0; i < control_.popped; ++i) {
    if (control_.last.type == MessageType::kGrant) {
      ++grants_sent_;
      continue;
    }
    if (++sources_released_ < shape_.sources) continue;
    sources_released_ = 0;
    traffic_.release_sent();
  }
  for (const auto& [command, delay] : traffic_.issue(now())) {
    assert(commands_out->can_push());
    commands_out->push(command, delay);
    commands_inside_.push_back(now() + 1 + delay);
    ++commands_pushed_;
  }
  feed(&parameters_, parameters_out, &traffic_.parameters());
  feed(&partials_, partials_to, &traffic_.partials);
  feed(&grants_, grants_to, &traffic_.grants);
}

// Every port stalls at its own pace for a while.
template <class Rtl>
void NeuronLockstep<Rtl>::vary() {
  const int paces[] = {0, 0, 0, 20, 60, 95};
  const auto pace = [&] { return paces[random_.upto(5)]; };
  parameters_.stall_percent = pace();
  partials_.stall_percent = pace();
  grants_.stall_percent = pace();
  outputs_.stall_percent = pace();
  partials_sent_.stall_percent = pace();
  control_.stall_percent = pace();
  frees_.stall_percent = pace();
  traffic_.gap_percent = random_.chance(30) ? 0 : random_.upto(40);
}

template <class Rtl>
void NeuronLockstep<Rtl>::feed(Fed* port, FifoOut<Flit>& out, std::deque<Flit>* flits) {
  if (flits->empty() || random_.chance(port->stall_percent) || !out->can_push()) return;
  out->push(flits->front());
  port->inside.emplace_back(flits->front(), now() + 1);
  flits->pop_front();
  port->pushed = 1;
}

template <class Rtl>
template <class T>
void NeuronLockstep<Rtl>::drain(Drained<T>* port, FifoIn<T>& in, const char* name, int most) {
  port->popped = 0;
  if (random_.chance(port->stall_percent)) return;
  for (int i = 0; i < most && in->can_pop(); ++i) {
    compare_values(name, in->front(), port->expected.front());
    port->expected.pop_front();
    port->last = in->front();
    in->pop();
    ++port->popped;
    ++port->count;
  }
}

template <class Rtl>
void NeuronLockstep<Rtl>::configure(int index) {
  const Pass& pass = program_.program.passes[index];
  const TileWork& work = pass.tiles[shape_.tile];
  const auto place = std::find(program_.busy.begin(), program_.busy.end(), index);
  if (place == program_.busy.end()) return;
  const OperationTrace& operation = program_.layer.operations[work.operation];
  twin_.config_write.write(true);
  twin_.config_pass.write(index);
  twin_.config_outputs.write(work.outputs);
  twin_.config_F.write(operation.F);
  twin_.config_set.write((place - program_.busy.begin()) % 2);
  twin_.config_floating.write(program_.layer.inputs[pass.input].salient_format == SalientFormat::kFloating);
  twin_.config_row_shifts.write(program_.layer.inputs[pass.input].row_shift != nullptr);
  twin_.config_weight_shifts.write(operation.h != nullptr);
  twin_.config_receives_partials.write(work.receives_partials_from >= 0);
  twin_.config_partials_from.write(uint32_t(std::max(work.receives_partials_from, 0)));
  twin_.config_sends_partials.write(work.sends_partials_to >= 0);
  twin_.config_destination.write(work.sends_partials_to >= 0 ? work.sends_partials_to
                                                             : program_.topology.source_node(work.sink));
}

template <class Rtl>
void NeuronLockstep<Rtl>::drive_twin() {
  outputs_due_.notify(sc_core::sc_time(kPeriodNs / 4, sc_core::SC_NS));
  twin_.clk.write(false);
  twin_.reset.write(cycle_ <= kPasses);
  twin_.config_write.write(false);
  if (cycle_ <= kPasses) configure(static_cast<int>(cycle_) - 1);
  drive_command(traffic_.take(cycle_));
  twin_.parameters_in_valid.write(parameters_.visible(cycle_));
  if (parameters_.visible(cycle_)) {
    const Flit& flit = parameters_.inside.front().first;
    write_words(twin_.parameters_in_bits, flit.bits.data());
    twin_.parameters_in_tag.write(uint32_t(flit.tag & (kPasses - 1)));
    twin_.parameters_in_head.write(flit.head);
    twin_.parameters_in_tail.write(flit.tail);
    twin_.parameters_in_last_packet.write(flit.last_packet);
  }
  twin_.partials_in_valid.write(partials_.visible(cycle_));
  twin_.grants_in_valid.write(grants_.visible(cycle_));
  if (partials_.visible(cycle_)) {
    const Flit& flit = partials_.inside.front().first;
    write_words(twin_.partials_in_bits, flit.bits.data());
    twin_.partials_in_head.write(flit.head);
    twin_.partials_in_tail.write(flit.tail);
  }
  twin_.outputs_out_ready.write(outputs_.ready());
  twin_.partials_out_ready.write(partials_sent_.ready());
  twin_.control_out_ready.write(control_.ready());
}

// Fields of what does not arrive keep their last values, as wires may.
template <class Rtl>
void NeuronLockstep<Rtl>::drive_command(const CommandWord& word) {
  twin_.commands_in_batch_start.write(word.batch_start);
  twin_.commands_in_window_start.write(word.window_start);
  twin_.commands_in_row.write(word.row);
  twin_.commands_in_mark.write(word.mark);
  twin_.commands_in_slice_end.write(word.slice_end);
  if (word.batch_start) {
    twin_.commands_in_pass.write(word.start.pass);
    twin_.commands_in_batch.write(word.start.batch);
    twin_.commands_in_tokens.write(word.start.tokens);
  }
  if (word.window_start) {
    uint64_t shifts[3] = {};
    word.window.shifts.pack(shape_.slots, shifts);
    write_words(twin_.commands_in_shifts, shifts);
    twin_.commands_in_group.write(word.window.group);
  }
  if (word.row) drive_row(word.weighted);
  if (word.mark) twin_.commands_in_step.write(word.step);
  if (word.slice_end) {
    twin_.commands_in_batch_complete.write(word.end.batch_complete);
    twin_.commands_in_releases_load.write(word.end.releases_load);
    twin_.commands_in_needs_fired.write(uint32_t(word.end.needs_fired));
  }
}

template <class Rtl>
void NeuronLockstep<Rtl>::drive_row(const WeightedRow& row) {
  uint64_t weights[8] = {};
  std::memcpy(weights, row.data, (shape_.lanes + 1) / 2);
  weights[shape_.lanes * 4 / 64] &= low_mask(shape_.lanes * 4 % 64);
  write_words(twin_.commands_in_weights, weights);
  twin_.commands_in_slot.write(row.slot);
  twin_.commands_in_slope.write(row.slope);
  twin_.commands_in_negative.write(row.negative);
  twin_.commands_in_unsigned_weights.write(row.unsigned_weights);
}

template <class Rtl>
void NeuronLockstep<Rtl>::compare() {
  if (cycle_ <= kPasses) return twin_.clk.write(true);
  size_t arrived = 0;
  for (; !commands_inside_.empty() && commands_inside_.front() <= cycle_; ++arrived) commands_inside_.pop_front();
  comparison_.expect(cycle_, "commands_in pops", commands_before_ + commands_pushed_ - command_fifo_.size(), arrived);
  commands_before_ = command_fifo_.size();
  if (parameters_.visible(cycle_)) {
    const Flit& flit = parameters_.inside.front().first;
    if (flit.tail && flit.last_packet) traffic_.parameters_taken();
  }
  compare_pop(&parameters_, "parameters_in_pop", twin_.parameters_in_pop.read());
  compare_pop(&partials_, "partials_in_pop", twin_.partials_in_pop.read());
  compare_pop(&grants_, "grants_in_pop", twin_.grants_in_pop.read());
  if (compare_push(&outputs_, "outputs_out_push", twin_.outputs_out_push.read()))
    outputs_.expected.push_back(READ_FLIT(outputs_out));
  if (compare_push(&partials_sent_, "partials_out_push", twin_.partials_out_push.read()))
    partials_sent_.expected.push_back(READ_FLIT(partials_out));
  if (compare_push(&control_, "control_out_push", twin_.control_out_push.read()))
    control_.expected.push_back(READ_FLIT(control_out));
  if (compare_push(&frees_, "membrane_free_out_push", twin_.membrane_free_out_push.read()))
    frees_.expected.push_back(1);
  if (twin_.fire_valid.read()) compare_membranes();
  twin_.clk.write(true);
}

template <class Rtl>
void NeuronLockstep<Rtl>::compare_pop(Fed* port, const char* name, bool popped) {
  comparison_.expect(cycle_, name, port->size_before + port->pushed - port->fifo.size(), popped);
  port->size_before = port->fifo.size();
  if (popped) port->inside.pop_front();
}

template <class Rtl>
template <class T>
bool NeuronLockstep<Rtl>::compare_push(Drained<T>* port, const char* name, bool pushed) {
  comparison_.expect(cycle_, name, port->fifo.size() + port->popped - port->size_before, pushed);
  port->size_before = port->fifo.size();
  return pushed;
}

template <class Rtl>
void NeuronLockstep<Rtl>::compare_values(const char* name, const Flit& systemc, const Flit& rtl) {
  for (int i = 0; i < shape_.link_bits / 64; ++i) comparison_.expect(cycle_, name, systemc.bits[i], rtl.bits[i]);
  comparison_.expect(cycle_, name, systemc.tag, rtl.tag);
  comparison_.expect(cycle_, name, systemc.destination, rtl.destination);
  comparison_.expect(cycle_, name, systemc.message_class, rtl.message_class);
  comparison_.expect(cycle_, name, systemc.flow, rtl.flow);
  comparison_.expect(cycle_, name, uint64_t(systemc.type), uint64_t(rtl.type));
  comparison_.expect(cycle_, name, systemc.head, rtl.head);
  comparison_.expect(cycle_, name, systemc.tail, rtl.tail);
  comparison_.expect(cycle_, name, systemc.last_packet, rtl.last_packet);
}

// The membranes from which R is formed in this cycle.
template <class Rtl>
void NeuronLockstep<Rtl>::compare_membranes() {
  const std::vector<int64_t> V = array_.firing_membranes();
  std::array<uint64_t, 65> words{};
  read_words(twin_.fire_V, words.data());
  const int bits = shape_.spec.membrane_bits;
  for (size_t i = 0; i < V.size(); ++i)
    comparison_.expect(cycle_, "fire_V", uint64_t(V[i]),
                       uint64_t(sign_extend(get_bits(words.data(), i * bits, bits), bits)));
}

template <class Rtl>
int run_shape(const Sizes& shape, const LockstepOptions& options) {
  Verilated::randReset(2);  // registers without a reset start at random
  Clock clock("clock", kClockMhz);
  NeuronLockstep<Rtl> lockstep("lockstep", clock, shape, options);
  const double periods = static_cast<double>(options.cycles) + 0.75;  // a cycle's comparison is its last event
  sc_core::sc_start(sc_core::sc_time(kPeriodNs * periods, sc_core::SC_NS));
  lockstep.report();
  return 0;
}

int run(const LockstepOptions& options) {
  using Run = int (*)(const Sizes&, const LockstepOptions&);
  const std::pair<const Sizes*, Run> shapes[] = {{&kPlain, run_shape<Rtl_neuron_array>},
                                                 {&kBatch, run_shape<Rtl_neuron_array_batch>},
                                                 {&kUnaryFiring, run_shape<Rtl_neuron_array_unary>},
                                                 {&kWide, run_shape<Rtl_neuron_array_wide>},
                                                 {&kShifted, run_shape<Rtl_neuron_array_row_shifts>}};
  for (const auto& [shape, run] : shapes) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      const int status = run(*shape, options);
      std::fflush(stdout);
      std::_Exit(status);
    }
    int status = 1;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace spikeloom

int sc_main(int, char**) { return 0; }

int main(int argc, char** argv) { return spikeloom::run(spikeloom::LockstepOptions::parse(argc, argv)); }
