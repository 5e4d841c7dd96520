#include "sim/app/waves.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>

#include "sim/base/bits.h"

namespace spikeloom {

namespace {

constexpr size_t kLeastCommon = 2;  // letters that alike names begin with

// Below the chip: "tile_0_0.synapse_array".
std::string short_name(const sc_core::sc_object& object) {
  const std::string name = object.name();
  return name.substr(name.find('.') + 1);
}

// Insertions, deletions and replacements that turn one text into the other.
size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j)
      diagonal = std::exchange(row[j + 1], std::min({row[j + 1] + 1, row[j] + 1, diagonal + (a[i] != b[j])}));
  }
  return row.back();
}

// Letters at the begin of both.
size_t common_begin(const std::string& a, const std::string& b) {
  return size_t(std::mismatch(a.begin(), a.begin() + long(std::min(a.size(), b.size())), b.begin()).first - a.begin());
}

// All names that may be given: of blocks, and of what they are in.
std::set<std::string> all_names(const std::vector<const Block*>& blocks) {
  std::set<std::string> names;
  for (const Block* block : blocks) {
    const std::string name = short_name(*block);
    for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1))
      names.insert(name.substr(0, dot));
    names.insert(name);
  }
  return names;
}

// Those that begin as the wrong one does for longest, the closest of them first; where none does, one of each kind.
[[noreturn]] void fail_name(const std::string& wrong, const std::vector<const Block*>& blocks) {
  std::vector<std::tuple<size_t, size_t, std::string>> ranked;  // letters that do not agree, distance, name
  std::string kinds;
  std::set<std::string> seen;
  for (const std::string& name : all_names(blocks)) {
    if (const size_t same = common_begin(wrong, name); same > 0)
      ranked.emplace_back(wrong.size() - same, distance(wrong, name), name);
    if (seen.insert(name.substr(0, name.find_first_of("0123456789."))).second)
      kinds += (kinds.empty() ? "" : ", ") + name;
  }
  std::sort(ranked.begin(), ranked.end());
  std::string similar;
  for (size_t i = 0; i < std::min<size_t>(ranked.size(), 3); ++i) similar += (i ? ", " : "") + std::get<2>(ranked[i]);
  const bool is_alike = !ranked.empty() && std::get<0>(ranked[0]) + kLeastCommon <= wrong.size();
  throw UserError("--vcd: the chip has no block '" + wrong + "' (" +
                  (is_alike ? "similar: " + similar : "there are, for example: " + kinds) + ")");
}

std::vector<const Block*> chosen_blocks(const Chip& chip, const std::vector<std::string>& names) {
  const std::vector<const Block*> all = blocks_below(chip);
  std::vector<const Block*> chosen;
  std::set<const Block*> wanted;
  for (const std::string& given : names) {
    const std::string name = given.compare(0, 5, "chip.") == 0 ? given.substr(5) : given;
    bool found = false;
    for (const Block* block : all)
      if ((short_name(*block) + ".").compare(0, name.size() + 1, name + ".") == 0) {
        wanted.insert(block);
        found = true;
      }
    if (!found) fail_name(name, all);
  }
  for (const Block* block : all)
    if (wanted.count(block)) chosen.push_back(block);
  return chosen;
}

// "in_north" of a router's "in_1".
std::string signal_name(const Block& block, const std::string& port) {
  if (!dynamic_cast<const Router*>(&block)) return port;
  const size_t underscore = port.rfind('_');
  return port.substr(0, underscore + 1) + port_name(std::stoi(port.substr(underscore + 1)));
}

}  // namespace

Waves::Waves(Chip& chip, const RecordingSpec& spec)
    : chip_(chip), first_(spec.from), to_(spec.to), writer_(chip.spec().clock_mhz, spec.limit_bytes) {
  const auto activities = chip.activities();
  state_signals_.assign(activities.size(), -1);
  for (const Block* block : chosen_blocks(chip, spec.blocks)) {
    for (size_t i = 0; i < activities.size(); ++i) {
      if (activities[i].first != block->name()) continue;
      for (size_t state = 1; state < kActivityNames.size(); ++state) {
        const int signal = writer_.signal(std::string(block->name()) + "." + kActivityNames[state], 1);
        if (state == 1) state_signals_[i] = signal;
      }
    }
    watch(*block);
  }
}

void Waves::watch(const Block& block) {
  for (sc_core::sc_object* child : block.get_child_objects())
    if (auto* port = dynamic_cast<sc_core::sc_port_base*>(child))
      watch_port(std::string(block.name()) + "." + signal_name(block, port->basename()), *port);
}

// A port between blocks is a FIFO; one to the mesh is a link, whose buffers belong to the receiver.
void Waves::watch_port(const std::string& name, sc_core::sc_port_base& port) {
  sc_core::sc_interface* bound = port.get_interface();
  if (const FifoView* fifo = dynamic_cast<FifoView*>(bound)) {
    watch_fifo(name, *fifo);
  } else if (Link* link = dynamic_cast<Link*>(bound)) {
    if (std::string(port.basename()).compare(0, 3, "out") == 0) {
      links_.push_back({link, writer_.signal(name + ".flit", 1), 0});
      return;
    }
    for (int vc = 0; vc < link->vcs(); ++vc) watch_fifo(name + ".vc_" + std::to_string(vc), link->channel(vc));
  }
}

void Waves::watch_fifo(const std::string& name, const FifoView& fifo) {
  const int bits = ceil_log2(int(fifo.status().capacity) + 1);
  fifos_.push_back({&fifo,
                    writer_.signal(name + ".occupancy", bits),
                    writer_.signal(name + ".valid", 1),
                    writer_.signal(name + ".push", 1),
                    writer_.signal(name + ".pop", 1),
                    {}});
}

void Waves::state_changes(size_t block, ActivityState state, Cycle from) {
  if (state_signals_[block] < 0 || writer_.full()) return;
  for (int other = 1; other < int(ActivityState::kCount); ++other)
    writer_.set(state_signals_[block] + other - 1, std::max(from, first_), other == int(state));
}

// What this cycle leaves behind is what the next one begins with; `first`: before what is recorded.
void Waves::take(WatchedFifo* watched, bool first) {
  const FifoStatus before = std::exchange(watched->status, watched->fifo->status()), status = watched->status;
  const size_t popped = pops_between(before, status), pushed = status.size + popped - before.size;
  if (!first && pushed == 0 && popped == 0) return;
  const Cycle now = chip_.clock().now(), next = first ? first_ : now + 1;
  writer_.set(watched->occupancy, next, status.size);
  const bool valid = status.size > 0 && status.visible_from <= next;
  writer_.set(watched->valid, next, valid);
  if (status.size > 0 && !valid) writer_.set(watched->valid, status.visible_from, 1);
  if (first) return;
  for (const auto& [signal, happens] : {std::pair{watched->push, pushed > 0}, {watched->pop, popped > 0}}) {
    if (!happens) continue;
    writer_.set(signal, now, 1);
    writer_.set(signal, now + 1, 0);
  }
}

void Waves::take_all(bool first) {
  for (WatchedFifo& watched : fifos_) take(&watched, first);
  for (WatchedLink& watched : links_) {
    const uint64_t flits = watched.link->flits();
    if (flits != std::exchange(watched.flits, flits) && !first) {
      writer_.set(watched.flit, chip_.clock().now(), 1);
      writer_.set(watched.flit, chip_.clock().now() + 1, 0);
    }
  }
}

Cycle Waves::sample(Cycle next) {
  const Cycle now = chip_.clock().now();
  if (!begun_) {
    begun_ = true;
    take_all(true);
    writer_.begin(first_);
  } else {
    take_all(false);
    writer_.write(std::min(now + 1, to_));
  }
  return writer_.full() || next >= to_ ? Clock::kNever : 0;
}

void Waves::finish(Cycle cycles) {
  const Cycle end = std::min(to_, cycles);
  if (!begun_) first_ = std::min(first_, cycles);
  if (!writer_.full() && chip_.clock().now() < end) sample(Clock::kNever);
  writer_.close(end);
}

}  // namespace spikeloom
