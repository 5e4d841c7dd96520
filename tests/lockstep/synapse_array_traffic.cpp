#include "tests/lockstep/synapse_array_traffic.h"

#include "hw/noc/network_spec.h"

namespace spikeloom {

namespace {

using Kind = NeuronCommand::Kind;
constexpr int kMostWide = 8;
const uint8_t kAnyShift = 0;  // only whether rows have exponents is read; these come with the rows

}  // namespace

RandomProgram::RandomProgram(const Sizes& shape, Random* random)
    : long_runs(random->chance(15)),
      half_rows(random->between(long_runs ? 16 : 6, shape.half_rows)),
      encoder_in_tile(!shape.bitmap && random->chance(20)),
      code(make_spike_code(random->chance(50) ? 0 : random->between(1, 2))) {
  const int sources = random->between(1, long_runs ? 2 : shape.sources), width = random->between(1, 2);
  std::vector<EdgeNode> edges = {{0, 0, kWest}, {width - 1, 0, kEast}, {0, 0, kNorth}};
  edges.resize(sources);
  topology = std::make_unique<Topology>(width, 1, edges);
  routes = std::make_unique<RouteTable>(NetworkSpec().routes(*topology));
  const int inputs = random->between(1, 2), batch = random->between(long_runs ? shape.slots : 1, shape.slots);
  for (int i = 0; i < inputs; ++i) {
    if (shape.row_shifts && random->chance(70))
      make_shifted_input(random);
    else
      make_input(shape, random);
  }
  for (int i = 0; i < inputs; ++i) {
    for (int n = random->between(1, 2); n > 0; --n) {
      OperationTrace operation;
      operation.input = i;
      operation.outputs = random->between(1, 2 * shape.lanes);
      operation.row_bytes = (operation.outputs + 1) / 2;
      layer.operations.push_back(operation);
    }
  }
  layer.tokens = batch * random->between(20, 80) + random->between(0, batch - 1);
  for (InputTrace& input : layer.inputs)
    codes.resize(std::max(codes.size(), size_t(layer.tokens) * input.rows_per_token * input.size), 0);
  for (InputTrace& input : layer.inputs) input.codes = codes.data();
  const MappingSpec mapping{false, random->between(1, width)};
  const TileLimits limits{shape.lanes, half_rows, 1, 16.0};
  program = make_program(layer, mapping, limits, batch, *code, *topology, routes.get());
  context = {&layer,
             &program,
             code.get(),
             {shape.link_bits, topology->nodes(), MessageClasses{sources}.count()},
             sources,
             random->between(2, 16),
             encoder_in_tile ? Payload::kPackedCodes
             : shape.bitmap  ? Payload::kBitmap
                             : Payload::kAddressEvents};
  tile = random->between(0, width - 1);
  if (tile_items(program, tile).empty()) tile = 0;
  make_steps();
}

void RandomProgram::make_input(const Sizes& shape, Random* random) {
  InputTrace input;
  const int groups = long_runs || random->chance(50) ? 1 : random->between(2, 4);
  input.size = long_runs ? random->between(6, kMostWide) : groups * random->between(groups > 1 ? 2 : 4, 90 / groups);
  input.group = groups > 1 ? input.size / groups : 0;
  input.wide_rank.assign(input.size, -1);
  for (int i = long_runs ? 4 * kMostWide : random->between(0, kMostWide); i > 0; --i) {
    const int k = random->between(0, input.size - 1);
    if (input.is_wide(k)) continue;
    input.wide_rank[k] = 0;
    input.wide.push_back(k);
  }
  std::sort(input.wide.begin(), input.wide.end());
  for (size_t i = 0; i < input.wide.size(); ++i) input.wide_rank[input.wide[i]] = static_cast<int>(i);
  const int digits_percent = shape.bitmap ? 80 : 50;  // how digits lie in flits is a bitmap's own
  input.code = random->chance(digits_percent) ? ActivationCode::kSigned : ActivationCode::kUnsigned;
  input.salient_format = random->chance(long_runs ? 0 : 60)      ? SalientFormat::kFloating
                         : input.code == ActivationCode::kSigned ? SalientFormat::kShifted
                                                                 : SalientFormat::kExtended;
  input.digits = input.code == ActivationCode::kSigned && input.salient_format == SalientFormat::kFloating &&
                 random->chance(digits_percent);
  input.all_digits = input.digits && random->chance(30);
  layer.inputs.push_back(input);
}

// Probabilities: rows of several heads, of which most see the first inputs alone; value vectors have exponents.
void RandomProgram::make_shifted_input(Random* random) {
  InputTrace input;
  input.size = random->between(4, 90);
  input.wide_rank.assign(input.size, -1);
  input.code = ActivationCode::kUnsigned;
  input.row_shift = &kAnyShift;
  input.rows_per_token = random->between(1, 3);
  if (random->chance(60)) {
    input.causal = Causal::kInputs;
    input.first_position = random->between(0, input.size);
  }
  layer.inputs.push_back(input);
}

void RandomProgram::make_steps() {
  items = tile_items(program, tile);
  for (const Load& load : load_order(program))
    if (load.tile == tile) loads.push_back(load);
  for (const TileItem& item : items) {
    const Pass& at = program.passes[item.pass];
    const int part = at.tiles[tile].part;
    const std::vector<Slice>& slices = program.part(at, part).slices;
    int before = 0;
    for (int s = 0; s < item.slice; ++s) before += static_cast<int>(slices[s].windows.size());
    const Slice& slice = slices[item.slice];
    for (int w = 0; w < item.windows; ++w)
      steps.push_back(
          {&item, &slice, &slice.windows[w], {item.pass, part, before + w, item.batch}, w + 1 == item.windows});
  }
}

// A step's spikes by input, then token; both digits of a wide input may come.
std::vector<SpikeEvent> Traffic::events(const StreamFormat& format, int tokens, int percent) {
  std::vector<SpikeEvent> events;
  for (int address = 0; address < format.range.count; ++address) {
    const bool digits = format.two_digits(address);
    for (int slot = 0; slot < tokens; ++slot) {
      for (int digit = 0; digit < (digits ? 2 : 1); ++digit) {
        if (!random_.chance(percent)) continue;
        SpikeEvent event;
        event.address = uint16_t(address);
        event.slot = uint8_t(slot);
        event.slope = uint8_t(digits ? 5 + digit : random_.between(0, std::min(format.code.slope_bases(), 5) - 1));
        event.negative = format.sign_bits() > 0 && random_.chance(50);
        events.push_back(event);
      }
    }
  }
  return events;
}

void Traffic::add_window(const RandomProgram::Step& step, int lane) {
  if (!program_.serves(step, lane)) return;
  const StreamFormat format = program_.format(step, lane);
  const int tokens = program_.program.batch_rows(program_.pass(step), step.item->batch);
  const int percents[] = {0, 2, 10, 30, program_.long_runs ? 100 : 80}, percent = percents[random_.between(0, 4)];
  SpikeStreamWriter writer(format);
  for (int i = 0; i < format.steps; ++i) writer.step(events(format, tokens, percent));
  const std::vector<MadeFlit> body = writer.finish();
  const size_t per_packet = program_.context.packet_flits - 1;
  for (size_t i = 0; i < body.size(); ++i) {
    if (i % per_packet == 0) {
      Flit head;
      head.head = true;
      head.tag = step.tag.pack();
      for (uint64_t& word : head.bits) word = random_.word();  // shifts in the first, nothing of use in others
      spikes_[lane].push_back(head);
    }
    spikes_[lane].push_back(body[i].flit);
  }
}

// Rows of a load in messages of random sources, as packets that mix with those of other sources.
void Traffic::add_load(const Load& load) {
  const int rows = program_.slice(load).rows(), row_bytes = program_.load_row_bytes(load.index);
  for (int row = 0, count; row < rows; row += count) {
    count = random_.chance(30) ? rows - row : random_.between(1, rows - row);
    const int source = random_.between(0, program_.context.sources - 1);
    Flit head;
    head.type = MessageType::kWeights;
    head.tag = WeightTag{load.index, source, row, count}.pack();
    std::vector<uint64_t> payload(size_t(count) * row_bytes / 8 + 3);
    for (uint64_t& word : payload) word = random_.word();
    uint8_t* const bytes = reinterpret_cast<uint8_t*>(payload.data());
    for (int i = 1; i <= count && program_.row_shifts(load.pass); ++i) bytes[i * row_bytes - 1] &= 7;
    std::vector<Flit> packet;
    for (const Flit& flit : make_packets(head, payload, uint64_t(count) * row_bytes * 8, program_.context.flits,
                                         program_.context.packet_flits)) {
      packet.push_back(flit);
      if (flit.tail) packets_[source].push_back(std::move(packet));
      if (flit.tail) packet.clear();
    }
  }
}

std::vector<Flit> Traffic::parameter_packet() {
  std::vector<Flit> packet(random_.between(2, program_.context.packet_flits));
  for (Flit& flit : packet) {
    flit.type = MessageType::kParameters;
    for (uint64_t& word : flit.bits) word = random_.word();
  }
  packet.front().head = packet.back().tail = true;
  packet.front().tag = random_.word() & low_mask(48);
  return packet;
}

std::deque<Flit>& Traffic::weights() {
  if (!weights_.empty()) return weights_;
  while (next_load_ < program_.loads.size() && next_load_ < released_ + 2) add_load(program_.loads[next_load_++]);
  std::vector<size_t> ready;
  for (size_t s = 0; s < packets_.size(); ++s)
    if (!packets_[s].empty()) ready.push_back(s);
  if (random_.chance(ready.empty() ? 1 : 10)) {
    add_packet(parameter_packet());
  } else if (!ready.empty()) {
    std::deque<std::vector<Flit>>& from = packets_[ready[random_.between(0, int(ready.size()) - 1)]];
    add_packet(from.front());
    from.pop_front();
  }
  return weights_;
}

void Surroundings::redraw() {
  next_rates_ = now() + random_.between(20, 600);
  const auto rate = [this] {
    const int rates[] = {100, 100, 100, 100, 80, 40, 5};
    return rates[random_.between(0, 6)];
  };
  for (int& each : spike_rate_) each = rate();
  weight_rate_ = rate();
  command_rate_ = rate();
  parameter_rate_ = rate();
  most_commands_ = random_.chance(60) ? 64 : random_.between(1, 2);
}

void Surroundings::end_slice(const NeuronCommand& command) {
  if (command.releases_load) traffic_.release(command.load);
  const Cycle due = now() + random_.between(1, random_.chance(20) ? 300 : 20);
  if (command.batch_complete) frees_due_.push_back(frees_due_.empty() ? due : std::max(due, frees_due_.back()));
}

void Surroundings::tick() {
  if (!stopped_) wake_at(now() + 1);
  if (now() >= next_rates_) redraw();
  spikes_pushed.fill(0);
  weights_pushed = frees_pushed = commands_popped = parameters_popped = 0;
  for (size_t s = 0; s < spikes.size(); ++s) {
    std::deque<Flit>& flits = traffic_.spikes(static_cast<int>(s));
    if (flits.empty() || !random_.chance(spike_rate_[s]) || !spikes[s]->can_push()) continue;
    spikes[s]->push(flits.front());
    flits.pop_front();
    spikes_pushed[s] = 1;
  }
  std::deque<Flit>& flits = traffic_.weights();
  if (!flits.empty() && random_.chance(weight_rate_) && weights->can_push()) {
    weights->push(flits.front());
    flits.pop_front();
    weights_pushed = 1;
  }
  if (!frees_due_.empty() && frees_due_.front() <= now() && membrane_free->can_push()) {
    membrane_free->push(1);
    frees_due_.pop_front();
    frees_pushed = 1;
  }
  if (random_.chance(command_rate_)) {
    for (; commands_popped < most_commands_ && commands->can_pop(); ++commands_popped) {
      if (commands->front().kind == Kind::kSliceEnd) end_slice(commands->front());
      commands->pop();
    }
  }
  if (random_.chance(parameter_rate_) && parameters->can_pop()) {
    parameters->pop();
    parameters_popped = 1;
  }
}

}  // namespace spikeloom
