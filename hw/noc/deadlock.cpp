#include "hw/noc/deadlock.h"

#include <cstdint>
#include <vector>

namespace spikeloom {

namespace {

// Channels of a router: direction and partition.
constexpr int kMostPartitions = 2;
constexpr int kChannels = kDirections * kMostPartitions;

class DependencyGraph {
 public:
  DependencyGraph(const Topology& topology, const Routing& routing)
      : topology_(topology), routing_(routing), next_(size_t(topology.routers()) * kChannels, 0) {
    const int draws = topology.shape() == Shape::kTorus ? 4 : 1;  // ties of direction occur on rings only
    for (int router = 0; router < topology.routers(); ++router)
      for (int dice = 0; dice < draws; ++dice) follow_to(router * topology.concentration(), uint8_t(dice));
  }

  std::string cycle() {
    state_.assign(next_.size(), kNew);
    for (size_t channel = 0; channel < next_.size(); ++channel)
      if (state_[channel] == kNew && visit(channel)) return path_text();
    return "";
  }

 private:
  enum State : uint8_t { kNew, kOpen, kDone };

  // All ways of packets to `node`, from every router.
  void follow_to(int node, uint8_t dice) {
    reached_.assign(next_.size(), false);
    for (int router = 0; router < topology_.routers(); ++router) step(router, -1, {kLocal, 0, dice}, node);
    while (!open_.empty()) {
      const int channel = open_.back();
      open_.pop_back();
      const Port direction = Port(channel % kChannels / kMostPartitions);
      const int to = topology_.neighbour(channel / kChannels, direction);
      step(to, channel, {opposite(direction), uint8_t(channel % kMostPartitions), dice}, node);
    }
  }

  // A packet that holds channel `from` (-1: it is still at its source) and is at `router`.
  void step(int router, int from, const RouteState& state, int node) {
    const RouteChoice choice = routing_.next(topology_, router, state, node);
    for (int direction = 0; direction < kDirections; ++direction) {
      if (!(choice.ports >> direction & 1) || topology_.neighbour(router, Port(direction)) < 0) continue;
      if (topology_.router_of(node) == router) continue;  // a memory node's port
      const int bit = direction * kMostPartitions + choice.partition;
      const int channel = router * kChannels + bit;
      if (from >= 0) next_[from] |= uint8_t(1u << bit);
      if (reached_[channel]) continue;
      reached_[channel] = true;
      open_.push_back(channel);
    }
  }

  // Depth first, without recursion; on return `path_` ends in the cycle when there is one.
  bool visit(size_t start) {
    path_.assign(1, int(start));
    std::vector<unsigned> left(1, next_[start]);
    state_[start] = kOpen;
    while (!path_.empty()) {
      if (left.back() == 0) {
        state_[path_.back()] = kDone;
        path_.pop_back();
        left.pop_back();
        continue;
      }
      const int bit = __builtin_ctz(left.back());
      left.back() &= left.back() - 1;
      const int channel = path_.back();
      const int to = topology_.neighbour(channel / kChannels, Port(channel % kChannels / kMostPartitions));
      const int next = to * kChannels + bit;
      if (state_[next] == kDone) continue;
      path_.push_back(next);
      if (state_[next] == kOpen) return true;
      state_[next] = kOpen;
      left.push_back(next_[next]);
    }
    return false;
  }

  std::string path_text() const {
    size_t begin = path_.size() - 1;
    while (begin > 0 && path_[begin - 1] != path_.back()) --begin;
    std::string text;
    for (size_t i = begin - 1; i < path_.size(); ++i) {
      const int router = path_[i] / kChannels, bit = path_[i] % kChannels;
      text += (text.empty() ? "" : " -> ") + ("router (" + std::to_string(topology_.x(router)) + ",") +
              std::to_string(topology_.y(router)) + ") " + port_name(bit / kMostPartitions);
      if (routing_.partitions() > 1) text += " partition " + std::to_string(bit % kMostPartitions);
    }
    return text;
  }

  const Topology& topology_;
  const Routing& routing_;
  std::vector<uint8_t> next_;  // [channel]: bit set for channels of the router that it leads to
  std::vector<bool> reached_;
  std::vector<int> open_;
  std::vector<State> state_;
  std::vector<int> path_;
};

}  // namespace

std::string find_deadlock(const Topology& topology, const Routing& routing) {
  return DependencyGraph(topology, routing).cycle();
}

}  // namespace spikeloom
