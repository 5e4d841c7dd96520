// The neuron array beside its SystemVerilog twin: random programs, parameters, rows, marks, partial membranes and
// stalls; every port in every cycle, and the membranes of every token that fires. Each shape below runs for --cycles
// cycles, in a process of its own.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <type_traits>

#include "Rtl_neuron_array.h"
#include "Rtl_neuron_array_batch.h"
#include "Rtl_neuron_array_unary.h"
#include "Rtl_neuron_array_wide.h"
#include "hw/neuron_array/neuron_array.h"
#include "models/activation_code.h"
#include "tests/lockstep/lockstep.h"
#include "tests/lockstep/rtl_ports.h"

namespace spikeloom {
namespace {

using Kind = NeuronCommand::Kind;
constexpr int kPasses = 64, kFifoCapacity = 4;
constexpr double kClockMhz = 500, kPeriodNs = 1000 / kClockMhz;

// Sizes, as CMakeLists.txt gives them to the twin.
struct Shape {
  const char* name;
  int lanes, slots, groups, link_bits, sources, tiles, tile, output_bits, spike_code;
  NeuronArraySpec spec;
};
constexpr FiringPolicy kRadix = FiringPolicy::kRadix, kUnary = FiringPolicy::kUnary;
const Shape kPlain = {"ttfs", 8, 1, 4, 128, 1, 1, 0, 10, 0, {8, 20, 32, 24, 48, kRadix}};
const Shape kBatch = {"count, 4 tokens", 13, 4, 3, 64, 3, 12, 5, 12, 1, {13, 14, 30, 22, 46, kRadix}};
const Shape kUnaryFiring = {"radix, unary firing", 20, 2, 1, 128, 2, 4, 3, 4, 2, {20, 20, 32, 24, 48, kUnary}};
const Shape kWide = {"ttfs, 48 lanes", 48, 1, 9, 256, 4, 64, 42, 10, 0, {48, 18, 32, 24, 48, kRadix}};

// What the synapse array tells in one cycle.
struct CommandWord {
  bool batch_start = false, window_start = false, row = false, mark = false, slice_end = false;
  NeuronCommand start, window, end;
  WeightedRow weighted{};
  int step = 0;
};

// 1 .. 2^bits - 1, every length alike.
int64_t magnitude(Random* random, int bits) {
  const int length = random->between(1, bits);
  return int64_t((random->word() & low_mask(length - 1)) | uint64_t{1} << (length - 1));
}
int64_t signed_value(Random* random, int bits) {
  if (random->chance(5)) return 0;
  return random->chance(50) ? magnitude(random, bits) : -magnitude(random, bits);
}

// Formats and a program of kPasses passes for one tile. An even number of them has work, so that the program can be run
// again and again with the parameter sets in turn.
struct RandomProgram {
  RandomProgram(const Shape& shape, Random* random)
      : topology(shape.tiles, 1, std::vector<EdgeNode>(shape.sources)), code(make_spike_code(shape.spike_code)) {
    for (int i = 0; i < 4; ++i) {
      InputTrace input;
      const int groups = i == 0 ? 1 : random->between(1, shape.groups);
      input.size = 4 * groups;
      input.group = i == 0 ? 0 : 4;
      input.salient_format = i % 2 ? SalientFormat::kShifted : SalientFormat::kFloating;
      layer.inputs.push_back(input);
    }
    static const uint8_t any_shift = 0;  // only whether there are shifts is read
    const int most_F = std::min(14, shape.spec.residue_bits - shape.spec.membrane_bits - 2);
    for (int i = 0; i < 8; ++i) {
      OperationTrace operation;
      operation.output_bits = shape.output_bits;
      operation.F = random->upto(i < 4 ? 3 : most_F);
      operation.h = i % 2 ? &any_shift : nullptr;
      layer.operations.push_back(operation);
    }
    program.batch = shape.slots;
    program.sources = shape.sources;
    program.phases.push_back({});
    for (int i = 0; i < kPasses; ++i) program.passes.push_back(pass(shape, i, random));
    context = {&layer,
               &program,
               code.get(),
               {shape.link_bits, topology.nodes(), MessageClasses{shape.sources}.count()},
               shape.sources,
               16,
               Payload::kAddressEvents};
  }

  LayerTrace layer;
  Topology topology;
  std::unique_ptr<SpikeCode> code;
  Program program;
  LayerContext context;
  std::vector<int> busy;  // passes in which the tile has work

 private:
  Pass pass(const Shape& shape, int index, Random* random) {
    Pass pass;
    pass.index = index;
    pass.input = random->upto(3);
    pass.tiles.resize(shape.tiles);
    TileWork& work = pass.tiles[shape.tile];
    const bool last_odd = index + 1 == kPasses && busy.size() % 2 == 1;
    if (index + 1 == kPasses ? !last_odd : random->chance(15)) return pass;
    busy.push_back(index);
    work.operation = random->upto(7);
    work.outputs = random->chance(50) ? shape.lanes : random->between(1, shape.lanes);
    work.receives_partials_from = random->chance(40) ? random->upto(shape.tiles - 1) : -1;
    work.sends_partials_to = random->chance(30) ? random->upto(shape.tiles - 1) : -1;
    work.sink = random->upto(shape.sources - 1);
    return pass;
  }
};

// What comes in: commands as the synapse array gives them, parameters and partial membranes as the network brings them.
class Traffic {
 public:
  Traffic(const Shape& shape, const RandomProgram& program, Random* random)
      : shape_(shape), program_(program), random_(*random), code_(program.code.get()) {
    for (auto& row : rows_)
      for (uint8_t& byte : row) byte = uint8_t(random->word());
  }

  // The commands that are pushed in cycle `now` and their delays; they arrive from now + 1 on.
  std::vector<std::pair<NeuronCommand, Cycle>> issue(Cycle now);
  // What arrives in `cycle`; cycles ascend.
  CommandWord take(Cycle cycle) {
    while (!words_.empty() && words_.front().first < cycle) words_.pop_front();
    return !words_.empty() && words_.front().first == cycle ? words_.front().second : CommandWord{};
  }
  void batch_fired() { ++fired_; }
  void release_sent() { --releases_; }
  void parameters_taken() { ++parameters_taken_; }
  // Flits that may be pushed.
  std::deque<Flit> partials, grants;
  std::deque<Flit>& parameters() {
    if (parameters_.empty()) make_parameters();
    return parameters_;
  }
  int gap_percent = 10;
  uint64_t rows() const { return row_count_; }
  uint64_t marks() const { return mark_count_; }

 private:
  static constexpr int kRows = 1024;
  static constexpr int64_t kHeaviestWeight = 15;

  const TileWork& work() const { return program_.program.passes[pass_].tiles[shape_.tile]; }
  const OperationTrace& operation() const { return program_.layer.operations[work().operation]; }
  const InputTrace& input(int pass) const { return program_.layer.inputs[program_.program.passes[pass].input]; }
  int groups(int pass) const {
    const int operation = program_.program.passes[pass].tiles[shape_.tile].operation;
    return program_.layer.operations[operation].h ? input(pass).groups() : 0;
  }
  int busy_pass(uint64_t sequence) const { return program_.busy[sequence % program_.busy.size()]; }
  CommandWord& word(Cycle cycle);
  void push(const NeuronCommand& command, Cycle delay) { pushed_.emplace_back(command, delay); }
  bool start_batch(Cycle now);
  void start_window(Cycle now);
  bool choose_row(WeightedRow* row);
  void issue_rows(Cycle now);
  void issue_mark(Cycle now);
  void end_window(Cycle now);
  void make_parameters();
  void make_partials(int tokens);
  void make_grant(int batch);

  const Shape& shape_;
  const RandomProgram& program_;
  Random& random_;
  const SpikeCode* code_;
  std::array<std::array<uint8_t, 64>, kRows> rows_;
  std::vector<std::pair<NeuronCommand, Cycle>> pushed_;
  std::deque<std::pair<Cycle, CommandWord>> words_;
  std::deque<Flit> parameters_;
  uint64_t parameter_sequence_ = 0, parameters_taken_ = 0;
  uint64_t sequence_ = 0, started_ = 0, fired_ = 0, row_count_ = 0, mark_count_ = 0;
  std::vector<uint64_t> batches_before_ = {0};  // [sequence]: batches of the passes before
  int batches_left_ = 0;                        // of this pass
  int pass_ = 0, tokens_ = 0, slices_left_ = 0, windows_left_ = 0, step_ = 0, steps_ = 0, runs_left_ = 0;
  int releases_ = 0, most_runs_ = 0, most_slope_ = 0;
  bool in_batch_ = false, in_window_ = false;
  Cycle issue_free_ = 0;
  WindowShifts shifts_;
  std::array<int64_t, 16> budget_{};                    // [slot]: what |V| may still grow by
  std::array<std::array<int64_t, kSlopes>, 16> reach_;  // [slot][slope]: bound of |S|, -1 where nothing is held
};

CommandWord& Traffic::word(Cycle cycle) {
  if (words_.empty() || words_.back().first < cycle) {
    words_.emplace_back(cycle, CommandWord{});
    return words_.back().second;
  }
  for (size_t i = words_.size(); i-- > 0;)
    if (words_[i].first == cycle) return words_[i].second;
  assert(false);
  return words_.back().second;
}

std::vector<std::pair<NeuronCommand, Cycle>> Traffic::issue(Cycle now) {
  pushed_.clear();
  while (now >= issue_free_) {
    if (random_.chance(gap_percent)) {
      issue_free_ = now + 1 + random_.upto(random_.chance(10) ? 40 : 3);
      break;
    }
    if (!in_batch_ && !start_batch(now)) break;
    if (!in_window_) start_window(now);
    if (runs_left_ > 0)
      issue_rows(now);
    else
      issue_mark(now);
  }
  return pushed_;
}

// Needs the pass's parameters and a free membrane set.
bool Traffic::start_batch(Cycle now) {
  if (batches_left_ == 0) {
    batches_left_ = random_.between(1, 4);
    batches_before_.push_back(batches_before_.back() + batches_left_);
  }
  if (parameters_taken_ <= sequence_ || started_ - fired_ == 2) return false;
  pass_ = busy_pass(sequence_);
  ++started_;
  tokens_ = random_.chance(70) ? shape_.slots : random_.between(1, shape_.slots);
  slices_left_ = random_.chance(70) ? 1 : random_.between(2, 3);
  windows_left_ = random_.chance(70) ? 1 : random_.between(2, 3);
  most_runs_ = random_.upto(random_.chance(30) ? 6 : 1);
  most_slope_ = random_.chance(50) ? random_.upto(2) : kSlopes - 1;
  in_batch_ = true;
  budget_.fill((int64_t{1} << (shape_.spec.membrane_bits - 2)) - 1);
  CommandWord& at = word(now + 1);
  at.batch_start = true;
  at.start.kind = Kind::kBatchStart;
  at.start.pass = pass_;
  at.start.batch = random_.upto(0xfffff) >> ceil_log2(shape_.slots);
  at.start.tokens = tokens_;
  push(at.start, 0);
  if (work().receives_partials_from >= 0) make_partials(tokens_);
  if (work().sends_partials_to >= 0) make_grant(at.start.batch);
  return true;
}

void Traffic::start_window(Cycle now) {
  for (int slot = 0; slot < WindowShifts::kMostTokens; ++slot) {
    shifts_.E[slot] = uint8_t(random_.upto(random_.chance(20) ? 7 : 2));
    shifts_.E7[slot] = uint8_t(random_.upto(random_.chance(20) ? 7 : 2));
    shifts_.g[slot] = uint8_t(random_.chance(50) ? random_.upto(3) : 0);
    reach_[slot].fill(-1);
  }
  CommandWord& at = word(now + 1);
  at.window_start = true;
  at.window.kind = Kind::kWindowStart;
  at.window.shifts = shifts_;
  at.window.group = random_.upto(std::max(groups(pass_), 1) - 1);
  push(at.window, 0);
  in_window_ = true;
  step_ = 0;
  steps_ = shape_.spike_code == 2 ? random_.between(3, 5) : random_.between(3, 9);
  runs_left_ = random_.upto(most_runs_);
}

// A row whose slope fits its register and whose updates fit the membranes, if one is found.
bool Traffic::choose_row(WeightedRow* row) {
  const CodeFormat format = CodeFormat::of(input(pass_));
  for (int attempt = 0; attempt < 3; ++attempt) {
    const int slot = random_.upto(tokens_ - 1);
    const int slope = random_.chance(40) ? 0 : random_.upto(most_slope_);
    const int shift = format.shift(slope, shifts_.E[slot], shifts_.E7[slot]) + shifts_.g[slot] +
                      (operation().h ? 3 : 0) + code_->step_shift(step_);
    const int64_t marks = code_->keeps_slopes() ? steps_ - step_ : 1;
    const int64_t cost = (kHeaviestWeight << shift) * marks;
    int64_t& reach = reach_[slot][slope];
    const int64_t reached = std::max<int64_t>(reach, 0) + kHeaviestWeight;
    if (cost > budget_[slot] || reached >= int64_t{1} << (shape_.spec.slope_bits - 1)) continue;
    budget_[slot] -= cost;
    reach = reached;
    *row = {rows_[row_count_++ % kRows].data(), uint8_t(slot), uint8_t(slope), random_.chance(50), random_.chance(20)};
    return true;
  }
  return false;
}

void Traffic::issue_rows(Cycle now) {
  --runs_left_;
  NeuronCommand command;
  command.kind = Kind::kRows;
  const int most = random_.chance(10) ? NeuronCommand::kMostRows : random_.between(1, 6);
  while (command.count < most && choose_row(&command.rows[command.count])) {
    CommandWord& at = word(now + 1 + command.count);
    at.row = true;
    at.weighted = command.rows[command.count++];
  }
  if (command.count == 0) return;
  push(command, command.count - 1);
  issue_free_ = now + command.count;
}

void Traffic::issue_mark(Cycle now) {
  NeuronCommand command;
  command.kind = Kind::kMark;
  command.step = uint8_t(step_);
  push(command, 0);
  CommandWord& at = word(now + 1);
  at.mark = true;
  at.step = step_;
  ++mark_count_;
  Cycle updates = 0;
  for (int slot = 0; slot < tokens_; ++slot) {
    for (int64_t& reach : reach_[slot]) {
      updates += reach >= 0;
      if (!code_->keeps_slopes()) reach = -1;
    }
  }
  issue_free_ = now + std::max<Cycle>(updates, 1);
  runs_left_ = random_.upto(most_runs_);
  if (++step_ == steps_) end_window(now);
}

void Traffic::end_window(Cycle now) {
  in_window_ = false;
  if (--windows_left_ > 0) return;
  windows_left_ = random_.chance(70) ? 1 : random_.between(2, 3);
  NeuronCommand end;
  end.kind = Kind::kSliceEnd;
  end.batch_complete = --slices_left_ == 0;
  end.releases_load = releases_ < 2 && random_.chance(60);
  end.load = random_.word() & 0xffff;
  end.needs_fired = started_ - std::min<uint64_t>(started_, random_.upto(2));
  if (end.releases_load) ++releases_;
  const Cycle delay = issue_free_ - now - 1;
  push(end, delay);
  CommandWord& at = word(now + 1 + delay);
  at.slice_end = true;
  at.end = end;
  if (!end.batch_complete) return;
  in_batch_ = false;
  if (--batches_left_ == 0) ++sequence_;
}

// A pass's parameters set out when the pass before last has fired: until then their registers are in use.
void Traffic::make_parameters() {
  const uint64_t next = parameter_sequence_;
  if (next >= 2 && (batches_before_.size() < next || fired_ < batches_before_[next - 1])) return;
  ++parameter_sequence_;
  const int pass = busy_pass(next), outputs = program_.program.passes[pass].tiles[shape_.tile].outputs;
  std::vector<uint64_t> payload(1 + (outputs * 64 + groups(pass) * outputs * 2 + 63) / 64, 0);
  uint64_t at = 0;
  const auto put = [&](int bits, uint64_t value) {
    put_bits(payload.data(), at, bits, value);
    at += bits;
  };
  const int theta_bits = shape_.spec.threshold_bits - (random_.chance(60) ? 0 : random_.upto(20));
  for (int i = 0; i < outputs; ++i) {
    const bool long_theta = random_.chance(80);
    put(shape_.spec.threshold_bits, uint64_t(magnitude(&random_, theta_bits)) | uint64_t(long_theta)
                                                                                    << (theta_bits - 1));
    put(shape_.spec.membrane_bits, uint64_t(signed_value(&random_, shape_.spec.membrane_bits - 3)));
  }
  for (int i = 0; i < groups(pass) * outputs; ++i) put(2, random_.upto(3));
  Flit head;
  head.type = MessageType::kParameters;
  head.tag = uint64_t(pass);
  for (const Flit& flit : make_packets(head, payload, at, program_.context.flits, random_.between(2, 17)))
    parameters_.push_back(flit);
}

void Traffic::make_partials(int tokens) {
  const int outputs = work().outputs, bits = shape_.spec.membrane_bits;
  for (int token = 0; token < tokens; ++token) {
    std::vector<uint64_t> payload(outputs + 1, 0);
    for (int i = 0; i < outputs; ++i)
      put_bits(payload.data(), uint64_t(i) * bits, bits, uint64_t(signed_value(&random_, bits - 3)));
    Flit head;
    head.type = MessageType::kPartials;
    for (const Flit& flit : make_packets(head, payload, uint64_t(outputs) * bits, program_.context.flits, INT32_MAX))
      partials.push_back(flit);
  }
}

void Traffic::make_grant(int batch) {
  const uint64_t tag = OutputTag{pass_, work().sends_partials_to, batch * shape_.slots}.pack();
  grants.push_back(make_control_flit(MessageType::kGrant, tag, shape_.tile, 0, 0));
}

// The twin's ports by name.
// clang-format off
#define INPUTS(X)                                                                                                   \
  X(clk) X(reset)                                                                                                   \
  X(config_write) X(config_pass) X(config_outputs) X(config_F) X(config_set) X(config_floating)                     \
  X(config_weight_shifts) X(config_receives_partials) X(config_sends_partials) X(config_destination)                \
  X(config_partials_from)                                                                                           \
  X(commands_in_batch_start) X(commands_in_pass) X(commands_in_batch) X(commands_in_tokens)                         \
  X(commands_in_window_start) X(commands_in_group) X(commands_in_shifts)                                            \
  X(commands_in_row) X(commands_in_weights) X(commands_in_slot) X(commands_in_slope) X(commands_in_negative)        \
  X(commands_in_unsigned_weights) X(commands_in_mark) X(commands_in_step)                                           \
  X(commands_in_slice_end) X(commands_in_batch_complete) X(commands_in_releases_load) X(commands_in_needs_fired)    \
  X(parameters_in_valid) X(parameters_in_bits) X(parameters_in_tag) X(parameters_in_head) X(parameters_in_tail)     \
  X(parameters_in_last_packet)                                                                                      \
  X(partials_in_valid) X(partials_in_bits) X(partials_in_head) X(partials_in_tail) X(grants_in_valid)                \
  X(outputs_out_ready) X(partials_out_ready) X(control_out_ready)
#define FLIT(X, port)                                                                                               \
  X(port##_push) X(port##_bits) X(port##_tag) X(port##_destination) X(port##_class) X(port##_flow) X(port##_type) X(port##_head)      \
  X(port##_tail) X(port##_last_packet)
#define OUTPUTS(X)                                                                                                  \
  FLIT(X, outputs_out) FLIT(X, partials_out) FLIT(X, control_out) X(membrane_free_out_push)                         \
  X(parameters_in_pop) X(partials_in_pop) X(grants_in_pop) X(fire_valid) X(fire_V)
// clang-format on

// The twin and a signal at each of its ports.
template <class Rtl>
struct Twin {
  template <class P>
  using SignalOf = Signal<typename std::remove_reference_t<P>::data_type>;
#define DECLARE(port) SignalOf<decltype(Rtl::port)> port;
  INPUTS(DECLARE)
  OUTPUTS(DECLARE)
#undef DECLARE
  Rtl rtl{"rtl"};
  Twin() {
#define BIND(port) rtl.port(port);
    INPUTS(BIND)
    OUTPUTS(BIND)
#undef BIND
  }
};

#define READ_FLIT(port)                                      \
  [this] {                                                   \
    Flit flit;                                               \
    read_words(twin_.port##_bits, flit.bits.data());         \
    flit.tag = twin_.port##_tag.read();                      \
    flit.destination = twin_.port##_destination.read();      \
    flit.message_class = uint8_t(twin_.port##_class.read()); \
    flit.flow = uint8_t(twin_.port##_flow.read());           \
    flit.type = MessageType(twin_.port##_type.read());       \
    flit.head = twin_.port##_head.read();                    \
    flit.tail = twin_.port##_tail.read();                    \
    flit.last_packet = twin_.port##_last_packet.read();      \
    return flit;                                             \
  }()

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

  NeuronLockstep(const sc_core::sc_module_name& name, Clock& clock, const Shape& shape, const LockstepOptions& options)
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

  Shape shape_;
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
int run_shape(const Shape& shape, const LockstepOptions& options) {
  Verilated::randReset(2);  // registers without a reset start at random
  Clock clock("clock", kClockMhz);
  NeuronLockstep<Rtl> lockstep("lockstep", clock, shape, options);
  const double periods = static_cast<double>(options.cycles) + 0.75;  // a cycle's comparison is its last event
  sc_core::sc_start(sc_core::sc_time(kPeriodNs * periods, sc_core::SC_NS));
  lockstep.report();
  return 0;
}

int run(const LockstepOptions& options) {
  using Run = int (*)(const Shape&, const LockstepOptions&);
  const std::pair<const Shape*, Run> shapes[] = {{&kPlain, run_shape<Rtl_neuron_array>},
                                                 {&kBatch, run_shape<Rtl_neuron_array_batch>},
                                                 {&kUnaryFiring, run_shape<Rtl_neuron_array_unary>},
                                                 {&kWide, run_shape<Rtl_neuron_array_wide>}};
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
