// How the virtual channels of a link are shared out: classes of messages, partitions of the routing policy, flows.
#pragma once

#include <cassert>
#include <cstdint>
#include <vector>

#include "hw/noc/messages.h"

namespace spikeloom {

constexpr int kMostVcs = 32;

// Class k owns channels k*vcs_per_class ...; each of the routing's partitions an equal share of them. A packet of an
// ordered flow may use one channel of the share, others may use any.
struct VirtualChannels {
  int classes = 1;
  int per_class = 1;
  int partitions = 1;
  // [class]: channels that packets arrive on at their node; further classes: all. One channel keeps packets apart for
  // a receiver that takes them one by one.
  std::vector<int> arrival_channels;

  int count() const { return classes * per_class; }
  int first(int message_class) const { return message_class * per_class; }
  int arrivals(int message_class) const {
    return message_class < int(arrival_channels.size()) ? arrival_channels[message_class] : per_class;
  }
  // Which partition channel `vc` of a link between routers belongs to.
  int partition_of(int vc) const { return vc % per_class / (per_class / partitions); }
  // Bit v set: the packet may take channel v of a link between routers, in this partition.
  uint32_t between_routers(const Flit& head, int partition) const {
    const int share = per_class / partitions;
    return choose(head, first(head.message_class) + partition * share, share);
  }
  // The same of the link into the network, and of the one to its node. Flows that will share a channel between routers
  // share one here, too: else two multicasts could each hold an output that the other one wants.
  uint32_t into_network(const Flit& head) const {
    return choose(head, first(head.message_class), head.ordered ? per_class / partitions : per_class);
  }
  uint32_t to_node(const Flit& head) const {
    return choose(head, first(head.message_class), arrivals(head.message_class));
  }

 private:
  static uint32_t choose(const Flit& head, int first, int count) {
    if (head.ordered) return 1u << (first + head.flow % count);
    return uint32_t(((uint64_t{1} << count) - 1) << first);
  }
};

}  // namespace spikeloom
