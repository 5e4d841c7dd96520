#include "tests/lockstep/spike_encoder_traffic.h"

namespace spikeloom {

TinySpec layer_of(const Setting& setting, uint32_t seed) {
  TinySpec spec;
  spec.tokens = 3 * setting.batch + (setting.batch > 1);  // the last batch is not full
  spec.inputs = {1, 6, 16, 40, 120, 570, 1100};
  if (setting.digits) spec.inputs = {12, 24, 50, 130, 560, 1000};
  if (setting.parts > 1) spec.inputs.erase(spec.inputs.begin());  // an input of one has no parts
  spec.operations.clear();
  for (int i = 0; i < int(spec.inputs.size()); ++i) spec.operations.push_back({i, 4});
  spec.code = setting.code;
  spec.salient_format = setting.salient;
  spec.digits = setting.digits;
  spec.wide = setting.digits ? 12 : 1;
  spec.salient = 0.15;  // where the choice is automatic, small inputs have lists and large ones masks
  spec.seed = seed;
  return spec;
}

const LayerTrace& record(const Setting& setting, LayerTrace* layer) {
  for (InputTrace& input : layer->inputs) input.steps = setting.recorded() ? layer->tokens : 0;
  return *layer;
}

ChipSpec chip_of(const Setting& setting, Payload payload, int link_bits) {
  ChipSpec spec = tiny_chip(2, 1);
  if (setting.sources > 1) spec.memory_nodes.push_back({1, 0, kEast});
  if (setting.sources > 2) spec.memory_nodes.push_back({0, 0, kNorth});
  spec.mapping.input_split = setting.parts;
  spec.synapse_array = {8, 4608, 4, 2};  // windows of at most 576 rows
  spec.packet_flits = kPacketFlits;
  spec.token_batch = setting.batch;
  spec.spike_code = setting.spike_code;
  spec.payload = payload;
  spec.encoder.side_format = setting.side_format;
  spec.encoder.buffer.main_word_bytes = setting.word_bytes;
  spec.network.link_bits = link_bits;
  return spec;
}

WindowTag WindowSource::window() {
  const LayerContext& context = tiny_.context;
  const Program& program = *context.program;
  WindowTag tag;
  do {  // more of the small ones
    tag.pass = below(int(program.passes.size()));
  } while (below(20) > 0 && context.window({tag.pass, 0, 0, 0}).count * program.batch > 60 * context.sources);
  tag.part = below(int(program.passes[tag.pass].destinations.size()));
  tag.window = below(program.part(program.passes[tag.pass], tag.part).window_count());
  tag.batch = below(program.batches(program.passes[tag.pass]));
  return tag;
}

std::vector<Flit> WindowSource::flits(const WindowTag& tag, int source) {
  const LayerContext& context = tiny_.context;
  const InputTrace& input = context.input(tag);
  const InputRange range = context.range(tag, source);
  const IndexList list = IndexList::of(input, range.first, range.count);
  PackedCodes codes;
  codes.side_format = context.side_format(tag);
  codes.code_bits = input.main_code_bits();
  codes.count = range.count;
  codes.tokens = context.rows(tag);
  const bool lists = codes.side_format == SideFormat::kIndexList;
  if (lists) codes.list_bits = codes.tokens * list.bits(0);
  const int silent_share = below(5) * 25, salient_share = below(5) * 25;
  for (int i = 0; i < codes.tokens * codes.count; ++i) {
    const int k = range.first + i % codes.count;
    codes.salient.push_back(!input.recorded() && below(100) < salient_share && !(lists && input.two_digits(k)));
    const int side = further_code_bits(input, k, codes.salient.back());
    codes.code.push_back(below(100) < silent_share ? 0 : uint8_t(below(1 << (codes.code_bits + side))));
    codes.side_value_bits += side;
    if (lists && codes.salient.back()) codes.list_bits += list.index_bits;
  }
  std::vector<uint64_t> bits;
  const uint64_t count = codes.pack(input, range.first, &bits);
  Flit head;
  head.type = MessageType::kCodes;
  head.tag = tag.pack();
  head.destination = random_();
  head.message_class = uint8_t(random_());
  head.flow = uint8_t(random_());
  for (int i = 0; i < context.flits.link_bits / 64; ++i) head.bits[i] = uint64_t(random_()) << 32 | random_();
  return make_packets(head, bits, count, context.flits, below(3) ? kPacketFlits : 2 + below(4));
}

void Traffic::add_window() {
  const WindowTag& tag = windows_.at(flits_until_.size());
  uint64_t count = flits_until_.empty() ? 0 : flits_until_.back();
  for (size_t i = 0; i < codes.size(); ++i) {
    if (!serves(tag, int(i))) continue;
    for (const Flit& flit : source_.flits(tag, int(i))) {
      waiting_[i].push_back(flit);
      ++count;
    }
  }
  flits_until_.push_back(count);
}

void Traffic::tick() {
  wake_at(now() + 1);
  pushed.fill(0);
  popped = false;
  if (now() % 1000 == 1) {
    for (uint32_t& gap : gap_) gap = random_() % 4 ? random_() % 90 : 0;
    stall_ = random_() % 3 ? random_() % 95 : 0;
  }
  for (size_t i = 0; i < codes.size(); ++i) {
    while (waiting_[i].empty()) add_window();
    if (random_() % 100 < gap_[i] || !codes[i]->can_push()) continue;
    codes[i]->push(waiting_[i].front());
    waiting_[i].pop_front();
    pushed[i] = 1;
  }
  if (random_() % 100 >= stall_ && spikes->can_pop()) {
    taken = spikes->front();
    spikes->pop();
    popped = true;
    ++flits;
  }
}

}  // namespace spikeloom
