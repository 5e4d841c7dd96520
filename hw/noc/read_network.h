// Reads a network, and where a torus is wrong in several ways names all of them at once.
#pragma once

#include "hw/noc/network_spec.h"

namespace spikeloom {

// `owner`'s section `network`, as NetworkSpec::read does. Of a torus, throws one UserError that holds all that has to
// change in it, and in `owner`'s memory_nodes where it has any.
NetworkSpec read_network(ConfigNode& owner);

}  // namespace spikeloom
