#include "tests/lockstep/neuron_array_traffic.h"

#include <algorithm>
#include <cassert>

namespace spikeloom {

namespace {

using Kind = NeuronCommand::Kind;

// 1 .. 2^bits - 1, every length alike.
int64_t magnitude(Random* random, int bits) {
  const int length = random->between(1, bits);
  return int64_t((random->word() & low_mask(length - 1)) | uint64_t{1} << (length - 1));
}
int64_t signed_value(Random* random, int bits) {
  if (random->chance(5)) return 0;
  return random->chance(50) ? magnitude(random, bits) : -magnitude(random, bits);
}

}  // namespace

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
  most_slope_ = random_.chance(50) ? random_.upto(2) : (input(pass_).row_shift ? kMixSlopes : kSlopes) - 1;
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

}  // namespace spikeloom
