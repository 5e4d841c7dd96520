// Whether a routing policy can deadlock: the dependency graph of its channels must have no cycle (W. J. Dally and
// C. L. Seitz, IEEE Trans. Computers C-36(5), 1987; for adaptive policies without escape channels the same condition
// is sufficient).
//
// A channel is a link between routers and a partition of its virtual channels. It depends on another when some packet,
// on its way to some node, can hold the first and ask for the second next. Classes of messages have channels of their
// own, so that one class stands for all.
//
// Multicasts need no check: all trees of a class start at one source, so that packets of one virtual channel follow
// each other in the same order over every link that they share. The earlier one never waits for the later one, and it
// can always go on at the branch where it is ahead.
#pragma once

#include <string>

#include "hw/noc/routing/routing.h"
#include "hw/noc/topology.h"

namespace spikeloom {

// A cycle of channels, "router (0,0) east, partition 0 -> ... -> router (0,0) east, partition 0"; empty: there is none.
std::string find_deadlock(const Topology& topology, const Routing& routing);

}  // namespace spikeloom
